using System.Diagnostics;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Worker.Checkpoints;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Intake;

/// <summary>
/// Brings queued executions into this worker: from the streams by id, and by sweeping the table for those no stream
/// told of. Guarantees: never more in flight than configured; every queued execution is found by the sweep at the
/// latest, whatever happens to Redis.
/// </summary>
internal sealed partial class Claimer : IDisposable
{
    // Younger rows are most likely on their way through a stream; claiming them here too would only make its claims
    // vain.
    private static readonly TimeSpan SweepAge = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PauseWithoutRedis = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan PauseWhenFull = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWithoutSweep = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestIdle = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan EnqueuedPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWithoutComparing = TimeSpan.FromSeconds(30);

    private readonly FairQueue _queue = new();
    private readonly SemaphoreSlim _claiming = new(1, 1);
    private readonly DispatchStreams _streams;
    private readonly ExecutionClaims _claims;
    private readonly QueueSweeps _sweeps;
    private readonly SweepPlan _plan;
    private readonly Beginnings _beginnings;
    private readonly DecisionTurns _turns;
    private readonly Fleet _fleet;
    private readonly RunningLimits _limits;
    private readonly WorkerOptions _options;
    private readonly WorkerMetrics _metrics;
    private readonly LiveHints _live;
    private readonly TimeProvider _clock;
    private long _lastSweep;
    private long _lastDoubt;
    private long _lastCompared;

    public Claimer(
        DispatchStreams streams, ExecutionClaims claims, QueueSweeps sweeps, Beginnings beginnings, DecisionTurns turns,
        Fleet fleet, RunningLimits limits, LiveHints live, WorkerOptions options, WorkerMetrics metrics,
        TimeProvider clock)
    {
        _streams = streams;
        _claims = claims;
        _sweeps = sweeps;
        _plan = new SweepPlan(clock);
        _beginnings = beginnings;
        _turns = turns;
        _fleet = fleet;
        _limits = limits;
        _live = live;
        _options = options;
        _metrics = metrics;
        _clock = clock;
        fleet.Released += _queue.Signal;
        metrics.Observe(
            "workflows.dispatch.known", "{execution}", "Queued executions this worker knows of.", () => _queue.Count);
    }

    /// <summary>Whether more stream entries should be read.</summary>
    public bool WantsMore => _queue.Count < Limits.KnownQueued;

    public void Add(IReadOnlyList<DispatchEntry> entries) => _queue.Add(entries);

    /// <summary>Claims what the streams told of, as capacity allows; waits when there is nothing to do.</summary>
    public async Task<TimeSpan> ClaimAsync(WorkerSession session, CancellationToken cancellationToken)
    {
        var settled = new List<DispatchEntry>();
        var keys = _queue.Take(Math.Min(Room(session), Limits.ClaimsPerRound), settled);
        if (keys.Count == 0)
        {
            // Also from time to time by itself: the room may have come back without a signal, by a session that ended.
            await _queue.WaitAsync(LongestIdle, cancellationToken);
            return TimeSpan.Zero;
        }

        // What has a limit is claimed by ClaimLimitedAsync, which counts.
        // What waits for a processor here already is left to the sweeps of workers that have one.
        var limits = await _limits.GetAsync(cancellationToken);
        var congested = _turns.Congested();
        if (limits.Count + congested.Count > 0
            && keys.RemoveAll(key => limits.ContainsKey(key.TenantId) || congested.Contains(key.TenantId)) > 0
            && keys.Count == 0)
        {
            _streams.Acknowledge(settled);
            return TimeSpan.Zero;
        }

        // If the claim fails the ids are dropped here and their entries stay unacknowledged: what is still queued is
        // found by the sweep, what was claimed all the same by HandBackUnknownAsync.
        await TakeAsync(session, workerId => _claims.ClaimAsync(workerId, keys, cancellationToken), cancellationToken);
        _streams.Acknowledge(settled);
        return TimeSpan.Zero;
    }

    /// <summary>Looks for queued executions in the table itself.</summary>
    public async Task<TimeSpan> SweepAsync(WorkerSession session, CancellationToken cancellationToken)
    {
        var withoutRedis = !_streams.IsConnected;
        var room = Math.Min(Room(session), Limits.ClaimsPerRound);

        // While the streams keep us busy they come first, but not for ever: what no stream told of must have its turn
        // too.
        var mayLeaveToStreams = !withoutRedis && _clock.GetElapsedTime(_lastSweep) < LongestWithoutSweep;
        if (room == 0 || (_queue.Count > 0 && mayLeaveToStreams))
        {
            return withoutRedis ? PauseWithoutRedis : PauseWhenFull;
        }

        _lastSweep = _clock.GetTimestamp();
        var limits = await _limits.GetAsync(cancellationToken);
        var acceptedBefore = _clock.GetUtcNow() + (withoutRedis ? ClockSkew : -SweepAge);
        var since = _plan.Next();
        var congested = _turns.Congested();
        IReadOnlyList<Guid> except = [.. limits.Keys, .. congested];
        var found = await TakeAsync(session, async workerId =>
        {
            var began = _clock.GetTimestamp();
            var swept = since is { } from
                ? await _sweeps.SweepRecentAsync(workerId, from, acceptedBefore, room, cancellationToken, except)
                : await _sweeps.SweepAsync(workerId, acceptedBefore, room, cancellationToken, except);
            _plan.Swept(
                since, acceptedBefore, swept.Count < room && congested.Count == 0, _clock.GetElapsedTime(began));
            return swept;
        }, cancellationToken);
        return found == room ? TimeSpan.Zero
            : withoutRedis ? PauseWithoutRedis
            : TimeSpan.FromSeconds(_options.SweepSeconds);
    }

    /// <summary>Looks for what SQL started, which no stream tells of.</summary>
    public async Task<TimeSpan> TakeEnqueuedAsync(WorkerSession session, CancellationToken cancellationToken)
    {
        var room = Math.Min(Room(session), Limits.ClaimsPerRound);
        var limits = await _limits.GetAsync(cancellationToken);
        var keys = room == 0 ? []
            : await _sweeps.ListEnqueuedAsync(room, [.. limits.Keys, .. _turns.Congested()], cancellationToken);
        if (keys.Count > 0)
        {
            await TakeAsync(
                session, workerId => _claims.ClaimAsync(workerId, keys, cancellationToken), cancellationToken);
        }

        return room > 0 && keys.Count == room ? TimeSpan.Zero : EnqueuedPause;
    }

    /// <summary>Looks for queued executions of tenants with a limit on what runs, as far as they have room.</summary>
    public async Task<TimeSpan> ClaimLimitedAsync(WorkerSession session, CancellationToken cancellationToken)
    {
        var limits = await _limits.GetAsync(cancellationToken);
        var room = Math.Min(Room(session), Limits.ClaimsPerRound);
        if (limits.Count == 0 || room == 0)
        {
            return limits.Count == 0 ? LongestIdle : PauseWithoutRedis;
        }

        var congested = _turns.Congested();
        var found = await TakeAsync(
            session,
            workerId => _sweeps.SweepLimitedAsync(
                workerId, [.. limits.Where(limit => !congested.Contains(limit.Key))], room, cancellationToken),
            cancellationToken);
        return found > 0 ? TimeSpan.Zero : PauseWithoutRedis;
    }

    /// <summary>
    /// Queues again what belongs to this worker by the rows although it does not run it. Looks while a claim that
    /// failed may still come through, else only now and then.
    /// </summary>
    public async Task<IReadOnlyList<WokenExecution>> HandBackUnknownAsync(
        WorkerSession session, CancellationToken cancellationToken)
    {
        if (!IsInDoubt && _lastCompared != 0 && _clock.GetElapsedTime(_lastCompared) < LongestWithoutComparing)
        {
            return [];
        }

        _lastCompared = _clock.GetTimestamp();
        await _claiming.WaitAsync(cancellationToken); // between a claim and its begin everything is unknown
        try
        {
            // Known before the rows were read: what ended meanwhile is no longer here, but the rows may still say that
            // it runs. Those that still begin before those that have begun, so that none is missed in between.
            var starting = session.Starting.Keys.SelectMany(batch => batch).Select(execution =>
                (execution.Key, execution.Fence)).ToHashSet();
            var known = new Dictionary<ExecutionKey, OwnedExecution>(session.Owned);
            var owned = await _claims.ListOwnedAsync(session.WorkerId, cancellationToken);
            var unknown = owned.Where(row => !starting.Contains(row)
                && (!known.TryGetValue(row.Key, out var run) || run.Claimed.Fence != row.Fence)).ToList();
            return unknown.Count == 0 || session.IsFenced ? []
                : await _claims.HandBackAsync(session.WorkerId, unknown, cancellationToken);
        }
        finally
        {
            _claiming.Release();
        }
    }

    private bool IsInDoubt =>
        Volatile.Read(ref _lastDoubt) is var last and not 0 && _clock.GetElapsedTime(last) < Doubt;

    private int Room(WorkerSession session) =>
        session.IsStopping || session.IsFenced ? 0 : Math.Max(0, _options.MaxInFlight - session.InFlight);

    private async Task<int> TakeAsync(
        WorkerSession session, Func<Guid, Task<List<ClaimedExecution>>> claim, CancellationToken cancellationToken)
    {
        // One claim at a time, so that two never fill the same room. What it took begins beside it: claiming goes on
        // while one tenant's definitions are compiled or its history is read.
        Task beginning;
        int count;
        await _claiming.WaitAsync(cancellationToken);
        try
        {
            var began = Stopwatch.GetTimestamp();
            var claimed = await claim(session.WorkerId);
            _metrics.Claimed(claimed.Count, Stopwatch.GetElapsedTime(began));
            _live.Began(claimed);
            count = claimed.Count;
            beginning = count == 0 ? Task.CompletedTask
                : session.Start(claimed, _beginnings.BeginAsync(session, claimed, cancellationToken));
        }
        catch (Exception exception) when (Data.PostgresErrors.IsWorkerFenced(exception))
        {
            session.TryFence();
            return 0;
        }
        catch
        {
            // Its connection may have broken before the answer came: then the server may still carry it out.
            Volatile.Write(ref _lastDoubt, _clock.GetTimestamp());
            throw;
        }
        finally
        {
            _claiming.Release();
        }

        if (!beginning.IsCompleted)
        {
            await Task.WhenAny(beginning, Task.Delay(Limits.BeginWait, _clock, cancellationToken));
        }

        return count;
    }

    public void Dispose()
    {
        _fleet.Released -= _queue.Signal;
        _claiming.Dispose();
        _queue.Dispose();
    }
}

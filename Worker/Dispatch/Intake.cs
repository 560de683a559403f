using System.Diagnostics;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Worker.Execution;

namespace Workflows.Worker.Dispatch;

/// <summary>
/// Brings queued executions into this worker: from the streams by id, and by sweeping the table for those no stream told of. Guarantees: never more
/// in flight than configured; every queued execution is found by the sweep at the latest, whatever happens to Redis.
/// </summary>
internal sealed partial class Intake : IDisposable
{
    // Younger rows are most likely on their way through a stream; claiming them here too would only make its claims vain.
    private static readonly TimeSpan SweepAge = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PauseWithoutRedis = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan PauseWhenFull = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWithoutSweep = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestIdle = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    private readonly FairQueue _queue = new();
    private readonly SemaphoreSlim _claiming = new(1, 1);
    private readonly DispatchStreams _streams;
    private readonly ExecutionClaims _claims;
    private readonly ExecutionHistory _history;
    private readonly WorkflowCache _workflows;
    private readonly CheckpointWriter _checkpoints;
    private readonly ExecutionRunner _runner;
    private readonly WorkerOptions _options;
    private readonly WorkerMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<Intake> _logger;
    private long _lastSweep;

    public Intake(
        DispatchStreams streams, ExecutionClaims claims, ExecutionHistory history, WorkflowCache workflows, CheckpointWriter checkpoints,
        ExecutionRunner runner, WorkerOptions options, WorkerMetrics metrics, TimeProvider clock, ILogger<Intake> logger)
    {
        _streams = streams;
        _claims = claims;
        _history = history;
        _workflows = workflows;
        _checkpoints = checkpoints;
        _runner = runner;
        _options = options;
        _metrics = metrics;
        _clock = clock;
        _logger = logger;
        runner.Released += _queue.Signal;
        metrics.Observe("workflows.dispatch.known", "{execution}", "Queued executions this worker knows of.", () => _queue.Count);
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

        // If the claim fails the ids are dropped here and their entries stay unacknowledged: what is still queued is found by the sweep, what was claimed all
        // the same by HandBackUnknownAsync.
        await TakeAsync(session, workerId => _claims.ClaimAsync(workerId, keys, cancellationToken), cancellationToken);
        _streams.Acknowledge(settled);
        return TimeSpan.Zero;
    }

    /// <summary>Looks for queued executions in the table itself.</summary>
    public async Task<TimeSpan> SweepAsync(WorkerSession session, CancellationToken cancellationToken)
    {
        var withoutRedis = !_streams.IsConnected;
        var room = Math.Min(Room(session), Limits.ClaimsPerRound);

        // While the streams keep us busy they come first, but not for ever: what no stream told of must have its turn too.
        var mayLeaveToStreams = !withoutRedis && _clock.GetElapsedTime(_lastSweep) < LongestWithoutSweep;
        if (room == 0 || (_queue.Count > 0 && mayLeaveToStreams))
        {
            return withoutRedis ? PauseWithoutRedis : PauseWhenFull;
        }

        _lastSweep = _clock.GetTimestamp();
        var acceptedBefore = _clock.GetUtcNow() + (withoutRedis ? ClockSkew : -SweepAge);
        var found = await TakeAsync(session, workerId => _claims.SweepAsync(workerId, acceptedBefore, room, cancellationToken), cancellationToken);
        return found == room ? TimeSpan.Zero
            : withoutRedis ? PauseWithoutRedis
            : TimeSpan.FromSeconds(_options.SweepSeconds);
    }

    /// <summary>Queues again what belongs to this worker by the rows although it does not run it.</summary>
    public async Task<IReadOnlyList<WokenExecution>> HandBackUnknownAsync(WorkerSession session, CancellationToken cancellationToken)
    {
        await _claiming.WaitAsync(cancellationToken); // between a claim and its begin everything is unknown
        try
        {
            var owned = await _claims.ListOwnedAsync(session.WorkerId, cancellationToken);
            var unknown = owned.Where(row => !session.Runs.TryGetValue(row.Key, out var run) || run.Claimed.Fence != row.Fence).ToList();
            return unknown.Count == 0 || session.IsFenced ? [] : await _claims.HandBackAsync(session.WorkerId, unknown, cancellationToken);
        }
        finally
        {
            _claiming.Release();
        }
    }

    private int Room(WorkerSession session) =>
        session.IsStopping || session.IsFenced ? 0 : Math.Max(0, _options.MaxInFlight - session.Runs.Count);

    private async Task<int> TakeAsync(
        WorkerSession session, Func<Guid, Task<List<ClaimedExecution>>> claim, CancellationToken cancellationToken)
    {
        // One claim at a time, so that two never fill the same room.
        await _claiming.WaitAsync(cancellationToken);
        try
        {
            var began = Stopwatch.GetTimestamp();
            var claimed = await claim(session.WorkerId);
            _metrics.Claimed(claimed.Count, Stopwatch.GetElapsedTime(began));
            await BeginAsync(session, claimed, cancellationToken);
            return claimed.Count;
        }
        catch (Exception exception) when (Data.PostgresErrors.IsWorkerFenced(exception))
        {
            session.TryFence();
            return 0;
        }
        finally
        {
            _claiming.Release();
        }
    }

    private async Task BeginAsync(WorkerSession session, List<ClaimedExecution> claimed, CancellationToken cancellationToken)
    {
        // The first owner of an execution finds nothing recorded, so it need not ask.
        var moved = claimed.Where(execution => execution.Fence > 1).Select(execution => execution.Key).ToList();
        var (steps, waits) = moved.Count > 0 ? await LoadAsync(moved, cancellationToken) : (null, null);
        foreach (var execution in claimed)
        {
            var workflow = await WorkflowOfAsync(execution, cancellationToken);
            if (workflow is null)
            {
                LogNoVersion(execution.Key.Id, execution.WorkflowId, execution.Version);
                await RefuseAsync(session, execution, cancellationToken);
                continue;
            }

            _runner.Begin(session, execution, workflow, steps?[execution.Key] ?? [], waits?[execution.Key] ?? []);
        }
    }

    private async Task RefuseAsync(WorkerSession session, ClaimedExecution execution, CancellationToken cancellationToken)
    {
        var now = _clock.GetUtcNow();
        var error = RowMapping.ErrorJson(new Engine.Executions.ExecutionError(
            "VERSION_UNUSABLE", $"Version {execution.Version} of the workflow is missing or does not compile on this release.", null));
        var checkpoint = new Checkpoint();
        checkpoint.Finished.Add(new FinishedExecution { Key = execution.Key, Fence = execution.Fence, Status = "failed", Error = error, FinishedAt = now, IsLimited = execution.IsLimited });
        checkpoint.Cleared.Add(execution.Key);
        checkpoint.DeadLetters.Add(new DeadLetter(Guid.CreateVersion7(now), execution.Key, execution.WorkflowId, null, error, execution.Input));
        await PatientlyAsync(() => _checkpoints.WriteAsync(session.WorkerId, checkpoint, cancellationToken), cancellationToken);
    }

    // Once claimed, an execution must be begun: a passing failure of the database is waited out, or the lease ends and others rescue it.
    private async Task<(ILookup<ExecutionKey, StepRow>?, ILookup<ExecutionKey, WaitRow>?)> LoadAsync(
        List<ExecutionKey> keys, CancellationToken cancellationToken) =>
        await PatientlyAsync(() => _history.LoadAsync(keys, cancellationToken), cancellationToken);

    private async Task<Engine.Definitions.CompiledWorkflow?> WorkflowOfAsync(ClaimedExecution execution, CancellationToken cancellationToken) =>
        await PatientlyAsync(
            () => _workflows.GetAsync(execution.Key.TenantId, execution.WorkflowId, execution.Version, cancellationToken).AsTask(), cancellationToken);

    private async Task<T> PatientlyAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await read();
            }
            catch (Exception exception) when (Data.PostgresErrors.IsTransient(exception))
            {
                await Task.Delay(PauseWhenFull, _clock, cancellationToken);
            }
        }
    }

    public void Dispose()
    {
        _runner.Released -= _queue.Signal;
        _claiming.Dispose();
        _queue.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Execution {ExecutionId} cannot run: version {Version} of workflow {WorkflowId} is missing or does not compile")]
    private partial void LogNoVersion(Guid executionId, Guid workflowId, int version);
}

using System.Diagnostics;
using System.Text.Json;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Engine.Executions;
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
    private readonly ExecutionHistory _history;
    private readonly WorkflowCache _workflows;
    private readonly ScopeLoader _scopes;
    private readonly CheckpointWriter _checkpoints;
    private readonly ExecutionRunner _runner;
    private readonly RunningLimits _limits;
    private readonly WorkerOptions _options;
    private readonly WorkerMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<Intake> _logger;
    private long _lastSweep;
    private long _lastDoubt;
    private long _lastCompared;

    public Intake(
        DispatchStreams streams, ExecutionClaims claims, QueueSweeps sweeps, ExecutionHistory history, WorkflowCache workflows, ScopeLoader scopes, CheckpointWriter checkpoints,
        ExecutionRunner runner, RunningLimits limits, WorkerOptions options, WorkerMetrics metrics, TimeProvider clock, ILogger<Intake> logger)
    {
        _streams = streams;
        _claims = claims;
        _sweeps = sweeps;
        _plan = new SweepPlan(clock);
        _history = history;
        _workflows = workflows;
        _scopes = scopes;
        _checkpoints = checkpoints;
        _runner = runner;
        _limits = limits;
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

        // What has a limit is claimed by ClaimLimitedAsync, which counts.
        var limits = await _limits.GetAsync(cancellationToken);
        if (limits.Count > 0 && keys.RemoveAll(key => limits.ContainsKey(key.TenantId)) > 0 && keys.Count == 0)
        {
            _streams.Acknowledge(settled);
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
        var limits = await _limits.GetAsync(cancellationToken);
        var acceptedBefore = _clock.GetUtcNow() + (withoutRedis ? ClockSkew : -SweepAge);
        var since = _plan.Next();
        var found = await TakeAsync(session, async workerId =>
        {
            var began = _clock.GetTimestamp();
            var swept = since is { } from
                ? await _sweeps.SweepRecentAsync(workerId, from, acceptedBefore, room, cancellationToken, [.. limits.Keys])
                : await _sweeps.SweepAsync(workerId, acceptedBefore, room, cancellationToken, [.. limits.Keys]);
            _plan.Swept(since, acceptedBefore, swept.Count < room, _clock.GetElapsedTime(began));
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
        var keys = room == 0 ? [] : await _sweeps.ListEnqueuedAsync(room, [.. limits.Keys], cancellationToken);
        if (keys.Count > 0)
        {
            await TakeAsync(session, workerId => _claims.ClaimAsync(workerId, keys, cancellationToken), cancellationToken);
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

        var found = await TakeAsync(session, workerId => _sweeps.SweepLimitedAsync(workerId, [.. limits], room, cancellationToken), cancellationToken);
        return found > 0 ? TimeSpan.Zero : PauseWithoutRedis;
    }

    /// <summary>
    /// Queues again what belongs to this worker by the rows although it does not run it. Looks while a claim that failed may still come through, else only now and then.
    /// </summary>
    public async Task<IReadOnlyList<WokenExecution>> HandBackUnknownAsync(WorkerSession session, CancellationToken cancellationToken)
    {
        if (!IsInDoubt && _lastCompared != 0 && _clock.GetElapsedTime(_lastCompared) < LongestWithoutComparing)
        {
            return [];
        }

        _lastCompared = _clock.GetTimestamp();
        await _claiming.WaitAsync(cancellationToken); // between a claim and its begin everything is unknown
        try
        {
            // Known before the rows were read: what ended meanwhile is no longer here, but the rows may still say that it runs.
            var known = new Dictionary<ExecutionKey, ExecutionRun>(session.Runs);
            var owned = await _claims.ListOwnedAsync(session.WorkerId, cancellationToken);
            var unknown = owned.Where(row => !known.TryGetValue(row.Key, out var run) || run.Claimed.Fence != row.Fence).ToList();
            return unknown.Count == 0 || session.IsFenced ? [] : await _claims.HandBackAsync(session.WorkerId, unknown, cancellationToken);
        }
        finally
        {
            _claiming.Release();
        }
    }

    private bool IsInDoubt => Volatile.Read(ref _lastDoubt) is var last and not 0 && _clock.GetElapsedTime(last) < Doubt;

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
                await RefuseAsync(session, execution, new ExecutionError(
                    "VERSION_UNUSABLE", $"Version {execution.Version} of the workflow is missing or does not compile on this release.", null), cancellationToken);
                continue;
            }

            if (execution is { Run: 1, TriggerType: "sql" or "rule" or "job" or "sub_workflow" } && steps?[execution.Key].Any() != true && InputProblem(workflow, execution) is { } problem)
            {
                await RefuseAsync(session, execution, problem, cancellationToken);
                continue;
            }

            if (KeyProblem(workflow, execution) is { } unlimited)
            {
                await RefuseAsync(session, execution, unlimited, cancellationToken);
                continue;
            }

            if (await ScopeOfAsync(execution, workflow, cancellationToken) is not { } scope)
            {
                await RefuseAsync(session, execution, new ExecutionError(
                    "SECRETS_UNREADABLE", "A secret that the workflow uses cannot be opened: its master key is not configured here.", null), cancellationToken);
                continue;
            }

            _runner.Begin(session, execution, workflow, scope, steps?[execution.Key] ?? [], waits?[execution.Key] ?? []);
        }
    }

    // Whoever started it had nobody to compare the input with the parameters of the workflow: neither SQL nor the routing of events, nor a parent or a job, has the compiled definition.
    private static ExecutionError? InputProblem(Engine.Definitions.CompiledWorkflow workflow, ClaimedExecution execution)
    {
        if (workflow.Definition.Parameters is null)
        {
            return null;
        }

        using var input = JsonDocument.Parse(execution.Input, new JsonDocumentOptions { MaxDepth = Engine.Limits.JsonDepth });
        return workflow.ValidateInput(input.RootElement) is [var first, ..] problems
            ? new ExecutionError("INPUT_INVALID", $"{first.Pointer}: {first.Message}{(problems.Count > 1 ? $" ({problems.Count} problems)" : "")}", null)
            : null;
    }

    // EnqueuedAdmission lets it go without its limits then, since only here an execution can fail.
    private static ExecutionError? KeyProblem(Engine.Definitions.CompiledWorkflow workflow, ClaimedExecution execution)
    {
        if (execution is not { TriggerType: "sql", IsLimited: false, StopRequest: null } || workflow.Settings is { Concurrency: null, RateLimit: null })
        {
            return null;
        }

        try
        {
            StartSettings.ClaimOf(workflow, execution.Input);
            return null;
        }
        catch (ConcurrencyKeyException exception)
        {
            return new ExecutionError("CONCURRENCY_KEY", exception.Message, null);
        }
    }

    private async Task RefuseAsync(WorkerSession session, ClaimedExecution execution, ExecutionError refusal, CancellationToken cancellationToken)
    {
        var now = _clock.GetUtcNow();
        var error = RowMapping.ErrorJson(refusal);
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

    private async Task<ScopeValues?> ScopeOfAsync(
        ClaimedExecution execution, Engine.Definitions.CompiledWorkflow workflow, CancellationToken cancellationToken)
    {
        try
        {
            return await PatientlyAsync(() => _scopes.LoadAsync(execution, workflow, cancellationToken).AsTask(), cancellationToken);
        }
        catch (System.Security.Cryptography.CryptographicException exception)
        {
            LogUnreadable(execution.Key.Id, exception.Message);
            return null;
        }
    }

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

    [LoggerMessage(Level = LogLevel.Error, Message = "Execution {ExecutionId} cannot run: {Reason}")]
    private partial void LogUnreadable(Guid executionId, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Execution {ExecutionId} cannot run: version {Version} of workflow {WorkflowId} is missing or does not compile")]
    private partial void LogNoVersion(Guid executionId, Guid workflowId, int version);
}

using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Worker.Nodes;

namespace Workflows.Worker.Execution;

/// <summary>
/// Carries executions through their nodes: hands events to the decider and turns its decisions into rows and calls. Guarantees: a node with an outside
/// effect starts only when everything decided before it is durable; what one execution decides becomes durable in that order.
/// Survives anything by forgetting: the next owner resumes from the rows.
/// </summary>
internal sealed partial class ExecutionRunner : IAsyncDisposable
{
    private readonly Checkpointer _checkpointer;
    private readonly NodeCalls _calls;
    private readonly LookBack _lookBack;
    private readonly PublicAddress _publicAddress;
    private readonly WorkerMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<ExecutionRunner> _logger;

    public ExecutionRunner(
        CheckpointerFactory checkpointers, NodeCalls calls, LookBack lookBack, PublicAddress publicAddress, WorkerMetrics metrics, TimeProvider clock,
        ILogger<ExecutionRunner> logger)
    {
        _calls = calls;
        _lookBack = lookBack;
        _publicAddress = publicAddress;
        _metrics = metrics;
        _clock = clock;
        _logger = logger;
        _checkpointer = checkpointers.Create(OnDurable, OnRejected);
    }

    /// <summary>Raised when an execution left this worker's memory, so that another may be claimed.</summary>
    public event Action? Released;

    /// <summary>Raised when events that an execution emitted are in the queue of the router.</summary>
    public event Action? Emitted;

    /// <summary>Takes up an execution that was just claimed; <paramref name="steps"/> and <paramref name="waits"/> are what is durable of it.</summary>
    public void Begin(
        WorkerSession session, ClaimedExecution claimed, CompiledWorkflow workflow, ScopeValues scope, IEnumerable<StepRow> steps, IEnumerable<WaitRow> waits)
    {
        var state = new ExecutionState(workflow, Facts.Of(claimed, scope, _publicAddress.Callbacks));
        var run = new ExecutionRun(session, claimed, state);
        run.Span = ExecutionTrace.Begin(run);
        // An earlier run of it may still be here: its end is durable, or the claim would have failed, but this worker has not got round to it.
        session.Runs[run.Key] = run;

        Change(run, static (run, work, now) =>
        {
            var (steps, waits) = work;
            run.RowsProcessed = steps.Sum(step => step.RowsProcessed ?? 0);
            run.HasChildren = waits.Exists(wait => wait.Kind == WaitKinds.Child);
            run.HasWaits = waits.Count > 0 || run.State.DeadlineAt is not null;
            if (run.State.DeadlineAt is { } deadline)
            {
                (run.Collect().Timers ??= []).Add(new TimerRow(run.Key, "", "", 0, "execution_timeout", deadline));
            }

            if (run.Claimed.StopRequest == "pause")
            {
                run.IsResting = true; // asked for while another worker had it; nothing begins here
                return;
            }

            run.MustLookBack = waits.Any(wait => wait.Outcome is null && wait.Kind == WaitKinds.Event);
            Decider.Resume(
                run.State, [.. steps.Select(step => step.ToRecorded())], [.. waits.Select(wait => wait.ToRecorded())], now, run.Decisions);
            if (run.Claimed.StopRequest == "timeout")
            {
                run.Translate(now);
                Decider.Apply(run.State, new TimedOut(), now, run.Decisions);
            }
        }, (Steps: steps.ToList(), Waits: waits.ToList()));
    }

    /// <summary>Something happened to the execution.</summary>
    public void Apply(ExecutionRun run, ExecutionEvent @event) =>
        Change(run, static (run, @event, now) => Decider.Apply(run.State, @event, now, run.Decisions), @event);

    /// <summary>Waits of the execution have an outcome.</summary>
    /// <param name="wakes">The row's wakes, read before the waits were: what is resolved after that counts as news. Null when it is not known.</param>
    public void Deliver(ExecutionRun run, IReadOnlyList<WaitRow> resolved, int? wakes) => Change(run, static (run, work, now) =>
    {
        foreach (var wait in work.resolved)
        {
            var ordinal = run.State.Workflow.OrdinalOf(wait.NodeId);
            Decider.Apply(
                run.State,
                wait.Kind == WaitKinds.Retry
                    ? new RetryDue(ordinal, wait.Iteration, wait.Attempt)
                    : new WaitResolved(ordinal, wait.Iteration, wait.Attempt, RowMapping.OutcomeOf(wait.Outcome!), wait.Payload),
                now,
                run.Decisions);
        }

        run.Wakes = Math.Max(run.Wakes, work.wakes ?? 0);
    }, (resolved, wakes));

    /// <summary>The look back is done: parks the execution if it still only waits, and no wake-up came after <see cref="ExecutionRun.Wakes"/>.</summary>
    public void ParkIfIdle(ExecutionRun run) => Change(run, static (run, _, _) => run.IsLookingBack = false, 0);

    private void Change<TWork>(ExecutionRun run, Action<ExecutionRun, TWork, DateTimeOffset> work, TWork argument)
    {
        bool lookBack;
        lock (run.Gate)
        {
            if (run.IsReleased || run.IsResting || run.Session.IsFenced)
            {
                return;
            }

            Guarded(run, work, argument);
            Submit(run);
            lookBack = TakesToLookBack(run);
        }

        if (lookBack)
        {
            _lookBack.Add(run, this);
        }
    }

    // Only waits are left and all of them are durable: before it parks, the events that came earlier.
    private static bool TakesToLookBack(ExecutionRun run)
    {
        if (!run.MustLookBack || run.IsLookingBack || run.IsFlushing || run.Collecting is not null || !run.State.IsParked)
        {
            return false;
        }

        run.MustLookBack = false;
        run.IsLookingBack = true;
        return true;
    }

    // The decider is pure and total; if it throws all the same it is our bug, and it must not take the worker's other executions along.
    private void Guarded<TWork>(ExecutionRun run, Action<ExecutionRun, TWork, DateTimeOffset> work, TWork argument)
    {
        try
        {
            var now = _clock.GetUtcNow();
            work(run, argument, now);
            run.Translate(now);
        }
#pragma warning disable CA1031 // the step runner's boundary: an unexpected failure becomes data
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogEngineFailure(run.Key.Id, exception);
            run.FailInternally("INTERNAL_ERROR", "The engine failed on this execution; see the worker's log.", _clock.GetUtcNow());
        }
    }

    // Called under the gate. One progress of an execution is under way at a time, so its parts become durable in order.
    private void Submit(ExecutionRun run)
    {
        while (!run.IsFlushing && run.Collecting is { } progress)
        {
            run.Collecting = null;
            if (!progress.IsEmpty)
            {
                run.IsFlushing = true;
                _checkpointer.Add(progress);
                return;
            }

            StartAfter(run, progress);
        }
    }

    private void StartAfter(ExecutionRun run, Progress progress)
    {
        foreach (var node in progress.StartAfter)
        {
            if (run.Session.IsStopping)
            {
                return; // handed back with what is durable; the next owner decides the same again
            }

            if (run.IsAborted(node))
            {
                Guarded(run, static (run, @event, now) => Decider.Apply(run.State, @event, now, run.Decisions), NodeCalls.AbortedEvent(node, _clock.GetUtcNow()));
            }
            else if (node.NotBefore is null && NodeEvaluator.CanRun(run.State, node))
            {
                Guarded(run, static (run, node, now) =>
                    Decider.Apply(run.State, NodeEvaluator.Run(run.State, node, now), now, run.Decisions), node);
            }
            else
            {
                _calls.Start(run, node, Apply);
            }
        }

        if (progress.Continues && !run.Session.IsStopping)
        {
            Guarded(run, static (run, _, now) => Decider.Apply(run.State, new Continued(), now, run.Decisions), 0);
        }
    }

    private void OnDurable(Progress progress)
    {
        if (progress.Emitted is { Count: > 0 })
        {
            Emitted?.Invoke();
        }

        var run = progress.Run;
        bool lookBack;
        lock (run.Gate)
        {
            run.IsFlushing = false;
            if (progress.EndsRun)
            {
                Release(run, progress);
                return;
            }

            StartAfter(run, progress);
            Submit(run);
            lookBack = TakesToLookBack(run);
        }

        if (lookBack)
        {
            _lookBack.Add(run, this);
        }
    }

    private void OnRejected(Progress progress, string reason)
    {
        var run = progress.Run;
        lock (run.Gate)
        {
            run.IsFlushing = false;
            if (progress.Finished is { } finished && finished.Output is null)
            {
                LogUnstorable(run.Key.Id, reason);
                Release(run, progress); // the lease's end hands it to another worker, which will say the same: visible, not silent
                return;
            }

            run.FailInternally("CHECKPOINT_REJECTED", $"The database refused the results of this execution: {reason}", _clock.GetUtcNow());
            Submit(run);
        }
    }

    private void Release(ExecutionRun run, Progress progress)
    {
        run.IsReleased = true;
        run.Session.Runs.TryRemove(KeyValuePair.Create(run.Key, run)); // not a later run of the same execution
        if (progress.Finished is { } finished)
        {
            _metrics.Finished(finished.Status, finished.FinishedAt - run.Claimed.QueuedAt);
        }

        ExecutionTrace.End(run, progress.Finished?.Status);
        Released?.Invoke();
    }

    /// <summary>Makes durable what is decided, then ends the lanes.</summary>
    public ValueTask DisposeAsync() => _checkpointer.DisposeAsync();

    [LoggerMessage(Level = LogLevel.Error, Message = "The engine failed on execution {ExecutionId}")]
    private partial void LogEngineFailure(Guid executionId, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Execution {ExecutionId} cannot be ended: {Reason}")]
    private partial void LogUnstorable(Guid executionId, string reason);
}

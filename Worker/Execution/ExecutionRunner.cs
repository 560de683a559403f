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
    private readonly DecisionTurns _turns;
    private readonly LookBack _lookBack;
    private readonly PublicAddress _publicAddress;
    private readonly WorkerMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<ExecutionRunner> _logger;

    public ExecutionRunner(
        CheckpointerFactory checkpointers, NodeCalls calls, DecisionTurns turns, LookBack lookBack,
        PublicAddress publicAddress,
        WorkerMetrics metrics, TimeProvider clock, ILogger<ExecutionRunner> logger)
    {
        _turns = turns;
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

    /// <summary>
    /// Takes up an execution that was just claimed; it begins with <see cref="Begin"/>. Evaluates nothing. Throws when
    /// its row cannot be understood: then it is not taken up.
    /// </summary>
    public ExecutionRun TakeUp(
        WorkerSession session, ClaimedExecution claimed, CompiledWorkflow workflow, ScopeValues scope,
        RecordedExecution recorded)
    {
        var state = new ExecutionState(workflow, Facts.Of(claimed, scope, _publicAddress.Callbacks));
        var run = new ExecutionRun(session, claimed, state, _clock) { Recorded = recorded };
        run.Span = ExecutionTrace.Begin(run);
        // An earlier run of it may still be here: its end is durable, or the claim would have failed, but this worker has not got round to it.
        session.Runs[run.Key] = run;
        return run;
    }

    /// <summary>Decides what an execution that was taken up does first.</summary>
    public void Begin(ExecutionRun run) => Change(run, static (_, _) => { }, 0);

    /// <summary>Something happened to the execution.</summary>
    public void Apply(ExecutionRun run, ExecutionEvent @event) =>
        Change(run, static (run, @event) => Decider.Apply(run.State, @event, run.Turn, run.Decisions), @event);

    /// <summary>Somebody wants the execution to end or to rest: that comes before what else it has to do.</summary>
    public void Ask(ExecutionRun run, ExecutionEvent request) =>
        Change(run, static (run, request) =>
            Decider.Apply(run.State, request, run.Turn, run.Decisions), request, isUrgent: true);

    /// <summary>Waits of the execution have an outcome.</summary>
    /// <param name="run">The execution.</param>
    /// <param name="resolved">The waits with an outcome.</param>
    /// <param name="wakes">The row's wakes, read before the waits were: what is resolved after that counts as news. Null when it is not known.</param>
    public void Deliver(ExecutionRun run, IReadOnlyList<WaitRow> resolved, int? wakes) =>
        Change(run, static (run, work) =>
    {
        foreach (var wait in work.resolved)
        {
            var ordinal = run.State.Workflow.OrdinalOf(wait.NodeId);
            Decider.Apply(
                run.State,
                wait.Kind == WaitKinds.Retry
                    ? new RetryDue(ordinal, wait.Iteration, wait.Attempt)
                    : new WaitResolved(ordinal, wait.Iteration, wait.Attempt, RowMapping.OutcomeOf(wait.Outcome!), wait.Payload),
                run.Turn,
                run.Decisions);
        }

        run.Wakes = Math.Max(run.Wakes, work.wakes ?? 0);
    }, (resolved, wakes));

    /// <summary>The look back is done: parks the execution if it still only waits, and no wake-up came after <see cref="ExecutionRun.Wakes"/>.</summary>
    public void ParkIfIdle(ExecutionRun run) => Change(run, static (run, _) => run.IsLookingBack = false, 0);

    /// <summary>Ends an execution that the platform cannot carry on.</summary>
    public void Fail(ExecutionRun run, string code, string message) => Change(
        run, static (run, error) =>
        run.FailInternally(error.code, error.message, run.Turn.Now), (code, message), isUrgent: true);

    // A retry of a pure node that was due within a moment.
    private void Evaluate(ExecutionRun run, NodeRun node) => Change(run, EvaluateNode, node);

    private static void EvaluateNode(ExecutionRun run, NodeRun node) => Decider.Apply(
        run.State, NodeEvaluator.Run(run.State, node, run.Turn), run.Turn, run.Decisions);

    // On the thread that brings it, unless its tenant is heavy or somebody else is at it: nobody's thread waits for an
    // evaluation.
    private void Change<TWork>(
        ExecutionRun run, Action<ExecutionRun, TWork> work, TWork argument, bool isUrgent = false)
    {
        if ((!isUrgent && _turns.IsHeavy(run.Key.TenantId)) || !run.Gate.TryEnter())
        {
            Later(run, work, argument, isUrgent);
            return;
        }

        ChangeHeld(run, work, argument, isCharged: true);
    }

    private void Later<TWork>(ExecutionRun run, Action<ExecutionRun, TWork> work, TWork argument, bool isUrgent)
    {
        run.Enqueued();
        _turns.Enqueue(
            run.Key.TenantId,
            () =>
            {
                run.Gate.Enter();
                ChangeHeld(run, work, argument, isCharged: false);
                run.Dequeued();
            },
            isUrgent);
    }

    // With the gate held; gives it back.
    private void ChangeHeld<TWork>(ExecutionRun run, Action<ExecutionRun, TWork> work, TWork argument, bool isCharged)
    {
        var used = isCharged ? ThreadTime.Now : default;
        bool lookBack;
        try
        {
            run.Turn.Begin();
            if (run.IsReleased || run.IsResting || run.Session.IsFenced)
            {
                return;
            }

            if (run.Recorded is not null)
            {
                // Queued as its beginning is, it may be overtaken by what is urgent.
                Guarded(run, static (run, _) => Beginning.Begin(run), 0);
            }

            if (run.State.Status != ExecutionStatus.Queued)
            {
                Guarded(run, work, argument);
            }

            Advance(run);
            lookBack = TakesToLookBack(run);
            if (isCharged && run.Turn.IsOver)
            {
                _turns.Charge(run.Key.TenantId, ThreadTime.Now - used);
            }
        }
        finally
        {
            run.Gate.Exit();
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
    private void Guarded<TWork>(ExecutionRun run, Action<ExecutionRun, TWork> work, TWork argument)
    {
        try
        {
            work(run, argument);
            run.Translate(run.Turn.Now);
        }
#pragma warning disable CA1031 // the step runner's boundary: an unexpected failure becomes data
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogEngineFailure(run.Key.Id, exception);
            run.FailInternally("INTERNAL_ERROR", "The engine failed on this execution; see the worker's log.", _clock.GetUtcNow());
        }
    }

    // Under the gate. Starts and decides what can be until the turn is over; the rest is left to the tenant's next one.
    private void Advance(ExecutionRun run)
    {
        do
        {
            while (run.CanGoOn && !run.Turn.IsOver)
            {
                GoOn(run);
            }
        }
        while (Submit(run) && !run.Turn.IsOver);

        if (run.CanGoOn && !run.AwaitsTurn)
        {
            run.AwaitsTurn = true;
            Later(run, static (run, _) => run.AwaitsTurn = false, 0, isUrgent: false);
        }
    }

    private void GoOn(ExecutionRun run)
    {
        if (!run.ToStart.TryDequeue(out var node))
        {
            run.MustContinue = false;
            Guarded(run, static (run, _) => Decider.Apply(run.State, new Continued(), run.Turn, run.Decisions), 0);
        }
        else if (run.IsAborted(node))
        {
            Guarded(
                run,
                static (run, @event) => Decider.Apply(run.State, @event, run.Turn, run.Decisions),
                NodeCalls.AbortedEvent(node, run.Turn.Now));
        }
        else if (node.NotBefore is null && NodeEvaluator.CanRun(run.State, node))
        {
            Guarded(run, EvaluateNode, node);
        }
        else
        {
            _calls.Start(run, node, Apply, Evaluate);
        }
    }

    // Under the gate. One progress of an execution is under way at a time, so its parts become durable in order.
    // True when there was nothing to make durable, so that what depends on it can go on at once.
    private bool Submit(ExecutionRun run)
    {
        if (run.IsFlushing || run.Collecting is not { } progress)
        {
            return false;
        }

        run.Collecting = null;
        if (progress.IsEmpty)
        {
            TakeOn(run, progress);
            return true;
        }

        run.IsFlushing = true;
        _checkpointer.Add(progress);
        return false;
    }

    // A stop hands it back with what is durable; the next owner decides the same again.
    private static void TakeOn(ExecutionRun run, Progress progress)
    {
        foreach (var node in progress.StartAfter)
        {
            run.ToStart.Enqueue(node);
        }

        run.MustContinue |= progress.Continues;
    }

    private void OnDurable(Progress progress)
    {
        if (progress.Emitted is { Count: > 0 })
        {
            Emitted?.Invoke();
        }

        var run = progress.Run;
        if (!progress.EndsRun)
        {
            Change(
                run,
                static (run, progress) =>
                {
                    run.IsFlushing = false;
                    TakeOn(run, progress);
                },
                progress);
        }
        else if (run.Gate.TryEnter())
        {
            Release(run, progress);
        }
        else
        {
            _turns.Enqueue(
                run.Key.TenantId,
                () =>
                {
                    run.Gate.Enter();
                    Release(run, progress);
                },
                first: true);
        }
    }

    private void OnRejected(Progress progress, string reason) => _turns.Enqueue(
        progress.Run.Key.TenantId, () => Reject(progress.Run, reason), first: true);

    private void Reject(ExecutionRun run, string reason)
    {
        run.Gate.Enter();
        run.IsFlushing = false;
        if (run.Rejections++ < 2)
        {
            run.IsResting = false;
            run.FailRejected(reason, _clock.GetUtcNow());
            Submit(run);
            run.Gate.Exit();
            return;
        }

        LogUnstorable(run.Key.Id, run.Key.TenantId, reason);
        // handed back by the comparison of what is owned, and tried again: visible, not silent
        Release(run, new Progress(run));
    }

    // With the gate held; gives it back.
    private void Release(ExecutionRun run, Progress progress)
    {
        run.IsFlushing = false;
        run.IsReleased = true;
        run.Gate.Exit();
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


    [LoggerMessage(
        Level = LogLevel.Error, Message = "Execution {ExecutionId} of tenant {TenantId} cannot be ended: {Reason}")]
    private partial void LogUnstorable(Guid executionId, Guid tenantId, string reason);
}

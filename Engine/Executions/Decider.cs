
namespace Workflows.Engine.Executions;

/// <summary>
/// (execution state, event) -> decisions. Pure and deterministic: the same calls with the same times yield the same decisions.
/// </summary>
/// <remarks>
/// Guarantees: a node runs at most once per iteration (attempts of a failed one aside); a node starts when all its incoming edges
/// are resolved and one at least is taken (a join may say otherwise), and is skipped when all are dead; what is recorded is never
/// evaluated again. Does not guarantee: that an outside effect happens once (the worker may die between call and record), nor
/// anything for a state that two workers change (the fence on their writes does that).
/// </remarks>
public static class Decider
{
    /// <summary>The first call on a new execution.</summary>
    public static void Start(ExecutionState state, DateTimeOffset now, ICollection<Decision> decisions) =>
        Resume(state, [], [], now, decisions);

    /// <summary>
    /// The first call after a crash, a wake-up or a move to another worker: rebuilds the state from what is durable and decides
    /// again what was never recorded. A wait that has resolved must be among <paramref name="waits"/>, with its outcome, until
    /// the step that it belongs to is among <paramref name="steps"/>.
    /// </summary>
    public static void Resume(
        ExecutionState state,
        IReadOnlyList<RecordedStep> steps,
        IReadOnlyList<RecordedWait> waits,
        DateTimeOffset now,
        ICollection<Decision> decisions)
    {
        if (state.Status != ExecutionStatus.Queued)
        {
            throw new InvalidOperationException("The execution was started already; make a new state to resume it.");
        }

        state.Status = ExecutionStatus.Running;
        if (steps.Count > 0 || waits.Count > 0)
        {
            state.Recorded = new RecordedSteps(state, steps, waits);
        }

        if (FindEnding(state, now) is { } ending)
        {
            End(state, ending, waits, decisions);
            return;
        }

        foreach (var ordinal in state.Workflow.Starts)
        {
            state.Root.MakeReady(ordinal);
        }

        Settle(state, now, decisions);
        state.Recorded = null;
    }

    /// <summary>Something happened. An event that matches nothing open (late, or delivered twice) changes nothing.</summary>
    public static void Apply(
        ExecutionState state, ExecutionEvent @event, DateTimeOffset now, ICollection<Decision> decisions)
    {
        if (state.Status == ExecutionStatus.Queued)
        {
            throw new InvalidOperationException("Start or resume the execution before applying events to it.");
        }

        if (state.IsEnded)
        {
            return;
        }

        switch (@event)
        {
            case StepSucceeded succeeded:
                StepRunner.Succeed(state, succeeded, now, decisions);
                break;
            case StepFailed failed:
                StepRunner.Fail(state, failed, now, decisions);
                break;
            case WaitResolved resolved:
                StepRunner.ResolveWait(state, resolved, now, decisions);
                break;
            case RetryDue due:
                StepRunner.ResolveWait(
                    state, new WaitResolved(due.Node, due.Iteration, due.Attempt, WaitOutcome.Due), now, decisions);
                break;
            case CancelRequested cancel:
                BeginEnding(state, new CancelExecution(cancel.Reason), decisions);
                break;
            case TimedOut:
                BeginEnding(state, TimeOut(state), decisions);
                break;
            default:
                throw new ArgumentException($"Unknown event {@event.GetType().Name}.", nameof(@event));
        }

        if (state.DeadlineAt <= now)
        {
            BeginEnding(state, TimeOut(state), decisions);
        }

        Settle(state, now, decisions);
    }

    /// <summary>
    /// Nothing starts any more: open waits close, runs are aborted; the end itself comes when none of them is left.
    /// </summary>
    internal static void BeginEnding(ExecutionState state, Decision ending, ICollection<Decision> decisions)
    {
        if (state.Ending is not null)
        {
            return; // the first cause counts
        }

        state.Ending = ending;
        var frame = state.Root;
        frame.ClearReady();
        for (var ordinal = 0; ordinal < frame.Slots.Length; ordinal++)
        {
            ref var slot = ref frame.Slots[ordinal];
            var id = state.Workflow.Nodes[ordinal].Id;
            if (slot.Phase is NodePhase.Waiting or NodePhase.Retrying)
            {
                var kind = slot.Phase == NodePhase.Retrying ? WaitKind.Retry : slot.WaitKind;
                decisions.Add(new CloseWait(ordinal, id, frame.Iteration, slot.Attempt, kind));
                slot.Phase = NodePhase.Cancelled;
                state.OpenWaitCount--;
            }
            else if (slot.Phase == NodePhase.Running)
            {
                decisions.Add(new AbortNode(ordinal, id, frame.Iteration, slot.Attempt));
            }
        }
    }

    /// <summary>Starts all that can start, and ends the execution when nothing is left.</summary>
    private static void Settle(ExecutionState state, DateTimeOffset now, ICollection<Decision> decisions)
    {
        while (state.Ending is null && state.Root.TryTakeReady(out var ordinal))
        {
            StepRunner.Activate(state, state.Root, ordinal, now, decisions);
        }

        if (state.RunningCount > 0 || (state.Ending is null && state.OpenWaitCount > 0))
        {
            return;
        }

        var ending = state.Ending ?? ExecutionOutput.Complete(state, now);
        decisions.Add(ending);
        state.Ending = ending;
        state.Status = StatusAfter(ending);
    }

    /// <summary>What was already bound to end before this worker took over; null = nothing.</summary>
    private static Decision? FindEnding(ExecutionState state, DateTimeOffset now)
    {
        if (state.Recorded?.FindFailure() is { } failure)
        {
            return failure;
        }

        if (state.Facts.Cancellation is { } cancellation)
        {
            return new CancelExecution(cancellation.Reason);
        }

        return state.DeadlineAt <= now ? TimeOut(state) : null;
    }

    private static void End(
        ExecutionState state, Decision ending, IReadOnlyList<RecordedWait> waits, ICollection<Decision> decisions)
    {
        foreach (var wait in waits)
        {
            if (wait.Outcome is null)
            {
                decisions.Add(new CloseWait(
                    state.Workflow.OrdinalOf(wait.NodeId), wait.NodeId, wait.Iteration, wait.Attempt, wait.Kind));
            }
        }

        decisions.Add(ending);
        state.Ending = ending;
        state.Status = StatusAfter(ending);
    }

    private static FailExecution TimeOut(ExecutionState state) => new(
        new ExecutionError(
            StepErrorCodes.ExecutionTimedOut,
            FormattableString.Invariant($"The execution took longer than {state.Workflow.Settings.TimeoutSeconds} seconds."),
            NodeId: null),
        ExecutionStatus.TimedOut);

    private static ExecutionStatus StatusAfter(Decision ending) => ending switch
    {
        CompleteExecution => ExecutionStatus.Completed,
        FailExecution failure => failure.Status,
        CancelExecution => ExecutionStatus.Cancelled,
        _ => throw new ArgumentException($"{ending.GetType().Name} ends nothing.", nameof(ending)),
    };
}


namespace Workflows.Engine.Executions;

/// <summary>
/// (execution state, event) -> decisions. Pure and deterministic: the same calls with the same turns yield the same
/// decisions.
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
        ICollection<Decision> decisions) =>
        Resume(state, steps, waits, DecisionTurn.At(now), decisions);

    /// <summary>The same within a turn, after which the rest is left to a further call.</summary>
    public static void Resume(
        ExecutionState state,
        IReadOnlyList<RecordedStep> steps,
        IReadOnlyList<RecordedWait> waits,
        DecisionTurn turn,
        ICollection<Decision> decisions)
    {
        state.Turn = turn;
        if (state.Status != ExecutionStatus.Queued)
        {
            throw new InvalidOperationException("The execution was started already; make a new state to resume it.");
        }

        state.Status = ExecutionStatus.Running;
        if (steps.Count > 0 || waits.Count > 0)
        {
            state.Recorded = new RecordedSteps(state, steps, waits);
        }

        if (FindEnding(state, turn.Now) is { } ending)
        {
            state.Ending = ending;
            state.Recorded?.CloseOrphans(decisions);
            if (Compensation.IsDueAt(state, ending))
            {
                state.Root.IsReplay = true;
                state.Root.Start();
            }
        }
        else
        {
            state.Root.Start();
        }

        Settle(state, decisions);
    }

    /// <summary>Something happened. An event that matches nothing open (late, or delivered twice) changes nothing.</summary>
    public static void Apply(
        ExecutionState state, ExecutionEvent @event, DateTimeOffset now, ICollection<Decision> decisions) =>
        Apply(state, @event, DecisionTurn.At(now), decisions);

    /// <summary>The same within a turn, after which the rest is left to a further call.</summary>
    public static void Apply(
        ExecutionState state, ExecutionEvent @event, DecisionTurn turn, ICollection<Decision> decisions)
    {
        state.Turn = turn;
        var now = turn.Now;
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
            case PauseRequested:
                state.IsPausing = state.Ending is null;
                break;
            case Continued:
                break;
            default:
                throw new ArgumentException($"Unknown event {@event.GetType().Name}.", nameof(@event));
        }

        Settle(state, decisions);
    }

    /// <summary>
    /// Nothing starts any more: open waits close, runs are aborted; the end itself comes when none of them is left.
    /// </summary>
    internal static void BeginEnding(ExecutionState state, Decision ending, ICollection<Decision> decisions)
    {
        if (state.Ending is null) // the first cause counts
        {
            state.Ending = ending;
            state.IsPausing = false;
            FrameEnding.Close(state.Root, decisions);
        }
    }

    /// <summary>
    /// Starts all that can start, and ends the execution when nothing is left; or stops when the turn is over.
    /// </summary>
    private static void Settle(ExecutionState state, ICollection<Decision> decisions)
    {
        state.HasMore = false;
        var enough = decisions.Count + Limits.DecisionsPerCall;
        for (var decided = 0; ; decided++)
        {
            var now = state.Turn.Now;
            if (state.DeadlineAt <= now && state.Ending is null)
            {
                BeginEnding(state, TimeOut(state), decisions);
            }

            if (decided > 0 && (decisions.Count >= enough || state.Turn.IsOver) && state.CanGoOn)
            {
                state.LeaveRest(decisions);
                return;
            }

            if (state.Over.TryDequeue(out var round))
            {
                LoopRunner.End(round, now, decisions);
            }
            else if (TryTakeReady(state, out var frame, out var ordinal))
            {
                StepRunner.Activate(state, frame, ordinal, now, decisions);
            }
            else
            {
                break;
            }
        }

        state.Recorded?.CloseOrphans(decisions);
        if (state.Recorded is { IsEmpty: true })
        {
            state.Recorded = null;
        }

        if (state.Root.OpenCount == 0)
        {
            End(state, state.Turn.Now, decisions);
        }
    }

    private static bool TryTakeReady(ExecutionState state, out Frame frame, out int ordinal)
    {
        while (!state.IsPausing && state.Ready.TryDequeue(out var next))
        {
            (frame, ordinal) = next;
            if (frame.Slot(ordinal).Phase == NodePhase.Ready) // else its frame has been closed meanwhile
            {
                return true;
            }
        }

        (frame, ordinal) = (null!, -1);
        return false;
    }

    private static void End(ExecutionState state, DateTimeOffset now, ICollection<Decision> decisions)
    {
        state.Ending ??= ExecutionOutput.Complete(state, now);
        if (Compensation.IsDueAt(state, state.Ending) && !state.Compensation.Advance(decisions))
        {
            return;
        }

        var ending = state.Compensation.Conclude(state.Ending);
        decisions.Add(ending);
        state.Ending = ending;
        state.Status = StatusAfter(ending);
    }

    /// <summary>What was already bound to end before this worker took over; null = nothing.</summary>
    private static Decision? FindEnding(ExecutionState state, DateTimeOffset now)
    {
        if (state.Recorded?.FindEnding() is { } ending)
        {
            return ending;
        }

        if (state.Facts.Cancellation is { } cancellation)
        {
            return new CancelExecution(cancellation.Reason);
        }

        return state.DeadlineAt <= now ? TimeOut(state) : null;
    }

    private static FailExecution TimeOut(ExecutionState state) => new(
        new ExecutionError(
            StepErrorCodes.ExecutionTimedOut,
            FormattableString.Invariant($"The execution took longer than {state.Workflow.Settings.TimeoutSeconds} seconds."),
            NodeId: null)
        {
            Kind = StepErrorKind.Timeout,
        },
        ExecutionStatus.TimedOut);

    private static ExecutionStatus StatusAfter(Decision ending) => ending switch
    {
        CompleteExecution => ExecutionStatus.Completed,
        FailExecution failure => failure.Status,
        CancelExecution => ExecutionStatus.Cancelled,
        _ => throw new ArgumentException($"{ending.GetType().Name} ends nothing.", nameof(ending)),
    };
}

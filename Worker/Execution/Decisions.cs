using Workflows.Data.Executions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Execution;

/// <summary>Turns the decisions of one call into the rows of one <see cref="Progress"/>. Called under the run's gate.</summary>
internal static class Decisions
{
    public static Progress Collect(this ExecutionRun run) => run.Collecting ??= new Progress(run);

    public static void CloseWait(this ExecutionRun run, string nodeId, string iteration, int attempt) =>
        (run.Collect().Closed ??= []).Add(new WaitKey(run.Key, nodeId, iteration, attempt));

    /// <summary>The wait for a child is given up: the child is asked to stop. Without a node: every child of the execution.</summary>
    public static void AbandonChild(this ExecutionRun run, string nodeId = "", string iteration = "", int attempt = 0) =>
        (run.Collect().AbandonedChildren ??= []).Add(new WaitKey(run.Key, nodeId, iteration, attempt));

    /// <summary>Leaves a line in the execution's log, durable with what it decides now. Only for what is worth a row.</summary>
    public static void Log(this ExecutionRun run, string level, string? nodeId, string message, DateTimeOffset now) =>
        (run.Collect().Logs ??= []).Add(new LogRow(Guid.CreateVersion7(now), run.Key, level, nodeId, message, null, now));

    /// <summary>Empties the run's decisions into its progress; parks it when nothing is left to do but wait.</summary>
    public static void Translate(this ExecutionRun run, DateTimeOffset now)
    {
        foreach (var decision in run.Decisions)
        {
            Translate(run, decision, now);
        }

        run.Decisions.Clear();
        if ((run.IsResting || run.State.IsPaused) && run.Collecting?.Finished is null)
        {
            run.Collect().Pause = true;
            return;
        }

        if (run.Collecting is { Pause: true } paused)
        {
            paused.Pause = false; // cancelled before the pause went out
        }

        if (run.State.IsParked && !run.MustLookBack && !run.IsLookingBack && run.Collecting?.Finished is null)
        {
            var progress = run.Collect();
            progress.Park = true;
            progress.Wakes = run.Wakes;
        }
        else if (run.Collecting is { Park: true } collecting)
        {
            collecting.Park = false; // something came before the parking went out
        }
    }

    private static void Translate(ExecutionRun run, Decision decision, DateTimeOffset now)
    {
        switch (decision)
        {
            case RecordStep record:
                run.RowsProcessed += record.Step.RowsProcessed ?? 0;
                run.Collect().Steps.Add(record.Step.ToRow(run));
                break;
            case RunNode node:
                run.Collect().StartAfter.Add(node.Run);
                break;
            case AbortNode abort:
                run.Abort(abort);
                break;
            case OpenWait open:
                Open(run, open.Wait, now);
                break;
            case CloseWait close:
                run.CloseWait(close.NodeId, close.Iteration, close.Attempt);
                if (close is { Kind: WaitKind.Child, IsAnswered: false })
                {
                    run.AbandonChild(close.NodeId, close.Iteration, close.Attempt);
                }

                break;
            case PublishEvent publish:
                (run.Collect().Emitted ??= []).Add(publish.ToRow(run.Key.TenantId, now));
                break;
            case CompleteExecution complete:
                run.Finish(ExecutionStatuses.Completed, complete.Output.ToRowBytes(), null, now);
                break;
            case FailExecution fail:
                Fail(run, fail.Error, fail.Status.ToText(), now);
                break;
            case CancelExecution cancel:
                run.Finish(
                    ExecutionStatuses.Cancelled, null,
                    RowMapping.ErrorJson(new ExecutionError("CANCELLED", cancel.Reason ?? "Cancelled.", null, cancel.Compensation)), now);
                break;
            case ContinueLater:
                run.Collect().Continues = true;
                break;
            default:
                throw new InvalidOperationException($"Unknown decision {decision.GetType().Name}.");
        }
    }

    private static void Open(ExecutionRun run, WaitSpec wait, DateTimeOffset now)
    {
        var progress = run.Collect();
        run.HasWaits = true;
        run.MustLookBack |= wait is { Kind: WaitKind.Event, CorrelationKey: not null };
        (progress.Opened ??= []).Add(wait.ToRow(run, now));
        if (wait.Kind == WaitKind.Child)
        {
            run.HasChildren = true;
            (progress.Children ??= []).Add(wait.ToChild(run, now));
        }

        if (wait is { Kind: WaitKind.Retry, DueAt: { } retryAt })
        {
            var error = progress.Steps.FindLast(step => step.NodeId == wait.NodeId && step.Iteration == wait.Iteration)?.Error;
            run.Log("warning", wait.NodeId, $"Attempt {wait.Attempt} failed with {RowMapping.CodeOf(error)}; it is tried again at {retryAt:u}.", now);
        }

        if (wait.DueAt is { } due)
        {
            (progress.Timers ??= []).Add(new TimerRow(run.Key, wait.NodeId, wait.Iteration, wait.Attempt, "wait", due));
        }
    }

    private static void Fail(ExecutionRun run, ExecutionError error, string status, DateTimeOffset now)
    {
        var json = RowMapping.ErrorJson(error);
        run.Finish(status, null, json, now);
        run.Collect().DeadLetter = new DeadLetter(
            Guid.CreateVersion7(now), run.Key, run.Claimed.WorkflowId, error.NodeId, json, run.State.Mask.Apply(run.Claimed.Input).ToRowBytes());
    }

    /// <summary>Ends an execution that the platform cannot carry on, without what it last decided.</summary>
    public static void FailInternally(this ExecutionRun run, string code, string message, DateTimeOffset now)
    {
        run.Decisions.Clear();
        run.Collecting = null;
        if (run.HasChildren)
        {
            run.AbandonChild();
        }

        run.Calls.AbortAll();
        run.ToStart.Clear();
        run.MustContinue = false;

        Fail(run, new ExecutionError(code, message, null), ExecutionStatuses.Failed, now);
    }

    /// <summary>
    /// Ends an execution whose results the database refuses, or the second time the end itself: then without its input.
    /// </summary>
    public static void FailRejected(this ExecutionRun run, string reason, DateTimeOffset now)
    {
        run.FailInternally(
            "CHECKPOINT_REJECTED", $"The database refused the results of this execution: {reason}", now);
        if (run.Rejections > 1 && run.Collect() is { DeadLetter: { } letter } progress)
        {
            progress.DeadLetter = letter with { Input = null };
        }
    }

    private static void Finish(this ExecutionRun run, string status, byte[]? output, byte[]? error, DateTimeOffset now) =>
        run.Collect().Finished = new FinishedExecution
        {
            Key = run.Key,
            Fence = run.Claimed.Fence,
            Status = status,
            Output = output,
            Error = error,
            FinishedAt = now,
            IsChild = run.Claimed.TriggerType == "sub_workflow",
            RowsProcessed = run.RowsProcessed,
            IsLimited = run.Claimed.IsLimited,
        };

    private static void Abort(this ExecutionRun run, AbortNode abort)
    {
        if (!run.Calls.TryAbort(abort.Ordinal, abort.Iteration, abort.Attempt))
        {
            run.Aborted.Add((abort.Ordinal, abort.Iteration, abort.Attempt)); // it waits for a checkpoint; when its turn comes it is reported as aborted instead of started
        }
    }

    public static bool IsAborted(this ExecutionRun run, NodeRun node) => run.Aborted.Remove((node.Ordinal, node.Iteration, node.Attempt));
}

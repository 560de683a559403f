using Workflows.Data.Executions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Execution;

/// <summary>Turns the decisions of one call into the rows of one <see cref="Progress"/>. Called under the run's gate.</summary>
internal static class Decisions
{
    public static Progress Collect(this ExecutionRun run) => run.Collecting ??= new Progress(run);

    public static void CloseWait(this ExecutionRun run, string nodeId, string iteration, int attempt) =>
        (run.Collect().Closed ??= []).Add(new WaitKey(run.Key, nodeId, iteration, attempt));

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
            Guid.CreateVersion7(now), run.Key, run.Claimed.WorkflowId, error.NodeId, json, run.Claimed.Input);
    }

    /// <summary>Ends an execution that the platform cannot carry on, without what it last decided.</summary>
    public static void FailInternally(this ExecutionRun run, string code, string message, DateTimeOffset now)
    {
        run.Decisions.Clear();
        run.Collecting = null;
        foreach (var call in run.Calls.Values)
        {
            _ = call.CancelAsync();
        }

        Fail(run, new ExecutionError(code, message, null), ExecutionStatuses.Failed, now);
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
            IsLimited = run.Claimed.IsLimited,
        };

    private static void Abort(this ExecutionRun run, AbortNode abort)
    {
        var id = (abort.Ordinal, abort.Iteration, abort.Attempt);
        if (run.Calls.TryGetValue(id, out var call))
        {
            _ = call.CancelAsync(); // its end is reported by the call itself; elsewhere, since this call is in the midst of its decisions
        }
        else
        {
            run.Aborted.Add(id); // it waits for a checkpoint; when its turn comes it is reported as aborted instead of started
        }
    }

    public static bool IsAborted(this ExecutionRun run, NodeRun node) => run.Aborted.Remove((node.Ordinal, node.Iteration, node.Attempt));
}

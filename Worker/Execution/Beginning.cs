using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Execution;

/// <summary>The first decisions of an execution that this worker has taken up. Called under the run's gate.</summary>
internal static class Beginning
{
    /// <summary>Resumes it from what is durable, or ends it when it should never have been started.</summary>
    public static void Begin(ExecutionRun run)
    {
        var recorded = run.Recorded ?? RecordedExecution.Nothing;
        run.Recorded = null;
        run.RowsProcessed = recorded.Steps.Sum(step => step.RowsProcessed ?? 0);
        run.HasChildren = recorded.Waits.Any(wait => wait.Kind == WaitKinds.Child);
        run.HasWaits = recorded.Waits.Count > 0 || run.State.DeadlineAt is not null;
        if (FindProblem(run.Claimed, run.State.Workflow, recorded) is { } problem)
        {
            run.FailInternally(problem.Code, problem.Message, run.Turn.Now);
            return;
        }

        if (run.State.DeadlineAt is { } deadline)
        {
            (run.Collect().Timers ??= []).Add(new TimerRow(run.Key, "", "", 0, "execution_timeout", deadline));
        }

        if (run.Claimed.StopRequest == "pause")
        {
            run.IsResting = true; // asked for while another worker had it; nothing begins here
            return;
        }

        run.MustLookBack = recorded.Waits.Any(wait => wait.Outcome is null && wait.Kind == WaitKinds.Event);
        Decider.Resume(
            run.State,
            [.. recorded.Steps.Select(step => step.ToRecorded())],
            [.. recorded.Waits.Select(wait => wait.ToRecorded())],
            run.Turn,
            run.Decisions);
        if (run.Claimed.StopRequest == "timeout")
        {
            run.Translate(run.Turn.Now);
            Decider.Apply(run.State, new TimedOut(), run.Turn, run.Decisions);
        }
    }

    private static ExecutionError? FindProblem(
        ClaimedExecution claimed, CompiledWorkflow workflow, RecordedExecution recorded) =>
        (claimed.Run == 1 && recorded.Steps.Count == 0 ? InputProblem(workflow, claimed) : null)
        ?? KeyProblem(workflow, claimed);

    // Of the ways to start an execution only the API's own call has the compiled definition at hand and compares.
    private static ExecutionError? InputProblem(CompiledWorkflow workflow, ClaimedExecution claimed)
    {
        if (workflow.Definition.Parameters is null || claimed.TriggerType == "manual")
        {
            return null;
        }

        using var input = Engine.JsonText.Parse(claimed.Input);
        return workflow.ValidateInput(input.RootElement) is [var first, ..] problems
            ? new ExecutionError(
                "INPUT_INVALID",
                $"{first.Pointer}: {first.Message}{(problems.Count > 1 ? $" ({problems.Count} problems)" : "")}",
                NodeId: null)
            : null;
    }

    // EnqueuedAdmission lets it go without its limits then, since only here an execution can fail.
    private static ExecutionError? KeyProblem(CompiledWorkflow workflow, ClaimedExecution claimed)
    {
        if (claimed is not { TriggerType: "sql", IsLimited: false, StopRequest: null }
            || workflow.Settings is { Concurrency: null, RateLimit: null })
        {
            return null;
        }

        try
        {
            StartSettings.ClaimOf(workflow, claimed.Input);
            return null;
        }
        catch (ConcurrencyKeyException exception)
        {
            return new ExecutionError("CONCURRENCY_KEY", exception.Message, NodeId: null);
        }
    }
}

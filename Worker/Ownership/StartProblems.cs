using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>Why an execution that was accepted cannot begin.</summary>
internal static class StartProblems
{
    /// <summary>Null when it can.</summary>
    public static ExecutionError? Find(
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

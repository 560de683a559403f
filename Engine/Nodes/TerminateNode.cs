using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>How a <c>terminate</c> node ends the execution.</summary>
public enum TerminateStatus
{
    Completed,
    Failed,
}

/// <summary>Parameters of <c>terminate</c>.</summary>
public sealed record TerminateParameters
{
    [Parameter("What the execution ends as.")]
    public TerminateStatus Status { get; init; } = TerminateStatus.Completed;

    [Parameter("The output of the execution; only with the status completed. Left out: null.", Example = """{"stopped": "{{ input.reason }}"}""")]
    public JsonTemplate? Output { get; init; }

    [Parameter("The error's code, for programs; only with the status failed.", MaxLength = 100, Example = "\"BUDGET_SPENT\"")]
    public string? Code { get; init; }

    [Parameter("The error's message, for people; only with the status failed.", Kind = ParameterKind.Text)]
    public JsonTemplate? Message { get; init; }
}

internal sealed class TerminateNode() : NodeType<TerminateParameters>(
    "terminate", "control", NodeEffect.Pure, "Ends the whole execution at once, also from within a loop: what runs is aborted, what waits is closed.")
{
    public override string OutputSummary => "The output of the execution, or none and the error {code, message}.";

    private protected override NodeAction? Compile(TerminateParameters parameters, NodeCompilation node)
    {
        var isFailed = parameters.Status == TerminateStatus.Failed;
        var misplaced = isFailed
            ? parameters.Output is null ? null : "output"
            : parameters.Code is not null ? "code" : parameters.Message is not null ? "message" : null;
        return misplaced is null
            ? new Action(parameters)
            : node.Reject(
                misplaced,
                DefinitionProblemCodes.ParameterConflict,
                $"'{misplaced}' has no meaning with the status {(isFailed ? "failed" : "completed")}.",
                "Remove it, or change the status.");
    }

    private sealed class Action(TerminateParameters parameters) : TerminateAction
    {
        public override StepOutcome Evaluate(in NodeContext context) => parameters.Status == TerminateStatus.Failed
            ? StepOutcome.Failed(
                parameters.Code ?? StepErrorCodes.Failed,
                context.Text(parameters.Message, "message") ?? "The workflow ended in a terminate node.")
            : new StepOutcome("", parameters.Output is { } output ? context.Render(output) : StepOutputs.Null, null);
    }
}

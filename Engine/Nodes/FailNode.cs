using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>fail</c>.</summary>
public sealed record FailParameters
{
    [Parameter("The error's code, for programs: upper snake case.", MaxLength = 100, Example = "\"ORDER_REFUSED\"")]
    public string? Code { get; init; }

    [Parameter("The error's message, for people.", Kind = ParameterKind.Text, Example = "\"Order {{ input.id }} was refused.\"")]
    public JsonTemplate? Message { get; init; }
}

internal sealed class FailNode() : NodeType<FailParameters>(
    "fail", "control", NodeEffect.Pure, "Ends the execution as failed, with an error of your own.")
{
    public override string OutputSummary => "None; the error {code, message}.";

    private protected override NodeAction Compile(FailParameters parameters, NodeCompilation node) => new Action(parameters);

    private sealed class Action(FailParameters parameters) : PureAction
    {
        public override StepOutcome Evaluate(in NodeContext context) => StepOutcome.Failed(
            parameters.Code ?? StepErrorCodes.Failed,
            context.Text(parameters.Message, "message") ?? "The workflow ended in a fail node.");
    }
}

using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>if</c>.</summary>
public sealed record IfParameters
{
    [Parameter(
        "True or false; anything else counts as JSONata's $boolean() has it.",
        Required = true,
        Example = "\"input.amount > 100\"")]
    public JsonataExpression? Condition { get; init; }
}

internal sealed class IfNode() : NodeType<IfParameters>(
    "if",
    "control",
    NodeEffect.Pure,
    "Goes one of two ways.",
    new NodePort(NodePort.True, "The condition holds."),
    new NodePort(NodePort.False, "The condition does not hold."),
    NodePort.ErrorPort)
{
    public override string OutputSummary => "True or false.";

    private protected override NodeAction Compile(IfParameters parameters, NodeCompilation node) =>
        new Action(parameters.Condition!);

    private sealed class Action(JsonataExpression condition) : PureAction
    {
        private static readonly ReadOnlyMemory<byte> TrueJson = "true"u8.ToArray();
        private static readonly ReadOnlyMemory<byte> FalseJson = "false"u8.ToArray();

        public override StepOutcome Evaluate(in NodeContext context) => context.Evaluate(condition).ToBoolean()
            ? StepOutcome.By(NodePort.True, TrueJson)
            : StepOutcome.By(NodePort.False, FalseJson);
    }
}

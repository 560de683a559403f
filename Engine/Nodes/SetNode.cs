using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>set</c>.</summary>
public sealed record SetParameters
{
    [Parameter("The output of the step: any JSON, with expressions wherever text may stand.", Required = true, Example = """{"total": "{{ input.price * input.quantity }}"}""")]
    public JsonTemplate? Value { get; init; }
}

internal sealed class SetNode() : NodeType<SetParameters>(
    "set", "data", NodeEffect.Pure, "Computes a value from the input and earlier steps.", NodePort.MainPort, NodePort.ErrorPort)
{
    public override string OutputSummary => "The value; null when its expression yields nothing.";

    private protected override NodeAction Compile(SetParameters parameters, NodeCompilation node) => new Action(parameters.Value!);

    private sealed class Action(JsonTemplate value) : PureAction
    {
        // Constant text is rendered once, for all executions.
        private readonly ReadOnlyMemory<byte>? _constant = value.IsConstant ? RenderConstant(value) : null;

        public override StepOutcome Evaluate(in NodeContext context) => StepOutcome.Main(_constant ?? context.Render(value));

        private static byte[] RenderConstant(JsonTemplate value)
        {
            var buffer = JsonBuffer.Rent();
            value.WriteTo(buffer.Writer, JsonataValue.Undefined);
            return buffer.ToJson();
        }
    }
}

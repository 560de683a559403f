using System.Runtime.InteropServices;
using System.Text.Json;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>set</c>.</summary>
public sealed record SetParameters
{
    [Parameter(
        "The output of the step: any JSON, with expressions wherever text may stand.",
        Required = true,
        Example = """{"total": "{{ input.price * input.quantity }}"}""")]
    public JsonTemplate? Value { get; init; }
}

internal sealed class SetNode() : NodeType<SetParameters>(
    "set", "data", NodeEffect.Pure, "Computes a value from the input and earlier steps.", NodePort.MainPort, NodePort.ErrorPort)
{
    public override string OutputSummary => "The value; null when its expression yields nothing.";

    private protected override NodeAction Compile(SetParameters parameters, NodeCompilation node) => new Action(
        parameters.Value!, IsLiteral(node.Parameters.GetProperty("value")) ? Render(parameters.Value!) : null);

    /// <summary>
    /// Whether no text of the JSON can be an expression. One that is constant is not rendered here: 10,000 nodes of
    /// <c>{{ [1..200000] }}</c> would hold up the API while it validates.
    /// </summary>
    private static bool IsLiteral(JsonElement json)
    {
        var text = JsonMarshal.GetRawUtf8Value(json);
        return text.IndexOf("{{"u8) < 0 && text.IndexOf("\\u00"u8) < 0;
    }

    private static byte[] Render(JsonTemplate literal)
    {
        var buffer = JsonBuffer.Rent();
        literal.WriteTo(buffer.Writer, JsonataValue.Undefined);
        return buffer.ToJson();
    }

    /// <param name="literal">The output itself when no expression is in it: rendered once, for all executions.</param>
    private sealed class Action(JsonTemplate value, byte[]? literal) : PureAction
    {
        public override StepOutcome Evaluate(in NodeContext context) => StepOutcome.Main(literal ?? context.Render(value));
    }
}

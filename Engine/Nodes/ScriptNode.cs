using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

public enum ScriptOutput
{
    /// <summary>JSON; nothing at all is null.</summary>
    Json,

    /// <summary>Any UTF-8 text, as it was written.</summary>
    Text,
}

/// <summary>Parameters of <c>script</c>.</summary>
public sealed record ScriptParameters
{
    [Parameter("The name under which the operator allows it.", Required = true, MaxLength = Limits.ScriptNameLength, Example = "\"resize\"")]
    public string? Script { get; init; }

    [Parameter("Any JSON, written to the script's standard input. Left out: nothing.", Secret = true, Example = """{"order": "{{ input.orderId }}"}""")]
    public JsonTemplate? Input { get; init; }

    [Parameter("What the script writes to its standard output.")]
    public ScriptOutput Output { get; init; } = ScriptOutput.Json;
}

internal sealed class ScriptNode() : NodeType<ScriptParameters>(
    "script",
    "outside",
    NodeEffect.Effect,
    "Runs a program that the operator of the workers allows by name (docs/scripts.md); without that every node of the type fails with `SCRIPT_NOT_ALLOWED`. After a crash it may run again: "
        + "let it recognise what it has done by `WORKFLOWS_IDEMPOTENCY_KEY` in its environment. An exit code other than 0 is the error `SCRIPT_FAILED`, which `retry` may try again.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "What the script wrote: the JSON itself, or the text.";

    private protected override NodeAction Compile(ScriptParameters parameters, NodeCompilation node) => new Action(parameters);

    private sealed class Action(ScriptParameters parameters) : EffectAction
    {
        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            (string Name, JsonTemplate? Template)[] templates = [("input", parameters.Input)];
            return RenderedParameters.Write(
                context, null, templates, ("script", parameters.Script), ("output", Definitions.ObjectReader.CamelCase(parameters.Output.ToString())));
        }
    }
}

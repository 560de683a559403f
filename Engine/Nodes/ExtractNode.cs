using System.Text.Json;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>extract</c>.</summary>
public sealed record ExtractParameters
{
    [Parameter("The name of a chat model. Left out: the tenant's default.", MaxLength = Limits.ConnectorNameLength)]
    public string? Model { get; init; }

    [Parameter("What is read.", Required = true, Kind = ParameterKind.Text, Example = "\"{{ input.mail }}\"")]
    public JsonTemplate? Text { get; init; }

    [Parameter(
        "A JSON Schema of what is wanted; the same keywords as for the `parameters` of a workflow. Not an expression.",
        Required = true,
        Example = """{"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}""")]
    public JsonElement? Schema { get; init; }

    [Parameter("What else the model should know.", Kind = ParameterKind.Text)]
    public JsonTemplate? Instructions { get; init; }
}

internal sealed class ExtractNode() : NodeType<ExtractParameters>(
    "extract",
    "ai",
    NodeEffect.Effect,
    "Asks a language model for what a text says, as data that fits a JSON Schema.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "`{\"data\", \"model\", \"provider\", \"usage\"}`.";

    private protected override NodeAction? Compile(ExtractParameters parameters, NodeCompilation node) =>
        node.ReadSchema(parameters.Schema!.Value, "schema") is null ? null : new Action(parameters);

    private sealed class Action(ExtractParameters parameters) : ModelAction
    {
        public override ReadOnlyMemory<byte> Render(in NodeContext context) => ModelNodes.Write(
            context,
            parameters.Model,
            [("text", parameters.Text), ("instructions", parameters.Instructions)],
            ["text", "instructions"],
            ("schema", parameters.Schema));
    }
}

/// <summary>Parameters of <c>embed</c>.</summary>
public sealed record EmbedParameters
{
    [Parameter(
        "The name of an embedding model. Left out: the tenant's default of this kind.",
        MaxLength = Limits.ConnectorNameLength)]
    public string? Model { get; init; }

    [Parameter("One text, or a list of up to 500.", Required = true, Example = "\"{{ input.question }}\"")]
    public JsonTemplate? Text { get; init; }
}

internal sealed class EmbedNode() : NodeType<EmbedParameters>(
    "embed",
    "ai",
    NodeEffect.Effect,
    "Makes vectors of texts by an embedding model.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary =>
        "`{\"vectors\": [[0.1, ...]], \"dimensions\", \"model\", \"provider\", \"usage\"}`.";

    private protected override NodeAction Compile(EmbedParameters parameters, NodeCompilation node) =>
        new Action(parameters);

    private sealed class Action(EmbedParameters parameters) : ModelAction
    {
        public override ReadOnlyMemory<byte> Render(in NodeContext context) =>
            ModelNodes.Write(context, parameters.Model, [("text", parameters.Text)], []);
    }
}

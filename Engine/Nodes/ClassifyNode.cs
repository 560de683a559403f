using System.Text.Json;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>One of the labels of <c>classify</c>.</summary>
public sealed record ClassifyLabel
{
    [Parameter(
        "The label, and the port to leave by; a name like a node id, each one once.",
        Required = true, MaxLength = Limits.NodeIdLength, Example = "\"refund\"")]
    public string? Name { get; init; }

    [Parameter("When it is the right one.", MaxLength = 1_000, Example = "\"The customer wants money back.\"")]
    public string? Description { get; init; }
}

/// <summary>Parameters of <c>classify</c>.</summary>
public sealed record ClassifyParameters
{
    [Parameter("The name of a chat model. Left out: the tenant's default.", MaxLength = Limits.ConnectorNameLength)]
    public string? Model { get; init; }

    [Parameter(
        "What is to be classified.", Required = true, Kind = ParameterKind.Text, Example = "\"{{ input.message }}\"")]
    public JsonTemplate? Text { get; init; }

    [Parameter(
        "The labels that the text may have.", Required = true, MaxLength = 50,
        Example = """[{"name": "refund", "description": "Wants money back."}, {"name": "other"}]""")]
    public IReadOnlyList<ClassifyLabel>? Labels { get; init; }

    [Parameter("What else the model should know.", Kind = ParameterKind.Text)]
    public JsonTemplate? Instructions { get; init; }
}

internal sealed class ClassifyNode() : NodeType<ClassifyParameters>(
    "classify",
    "ai",
    NodeEffect.Effect,
    "Asks a language model which of some labels a text has, and goes the way of that label.",
    NodePort.ErrorPort)
{
    public override string PortsOfParameters => "One port for each label, named by its `name`.";

    public override string OutputSummary => "`{\"label\", \"reason\", \"model\", \"provider\", \"usage\"}`.";

    private protected override NodeAction? Compile(ClassifyParameters parameters, NodeCompilation node)
    {
        var names = parameters.Labels!.Select(label => label.Name!).ToList();
        return names.Find(name => !Definitions.NodeIds.IsValid(name) || name == NodePort.Error) is { } wrong
            ? node.Reject(
                "labels", Definitions.DefinitionProblemCodes.ParameterValue, $"'{wrong}' cannot be a label.",
                "Use letters, digits, '_' and '-', not 'error'; what it means stands in its description.")
            : names.Count < 2 || names.Distinct(StringComparer.Ordinal).Count() < names.Count
            ? node.Reject(
                "labels", Definitions.DefinitionProblemCodes.ParameterValue,
                "There are two labels at least, each once.",
                "Name what the text may be; add a label like \"other\" for the rest.")
            : new Action(parameters);
    }

    private sealed class Action(ClassifyParameters parameters) : ModelAction
    {
        private readonly JsonElement _labels = Write(parameters.Labels!);

        public override IReadOnlyList<string> FurtherPorts { get; } =
            [.. parameters.Labels!.Select(label => label.Name!)];

        public override ReadOnlyMemory<byte> Render(in NodeContext context) => ModelNodes.Write(
            context,
            parameters.Model,
            [("text", parameters.Text), ("instructions", parameters.Instructions)],
            ["text", "instructions"],
            ("labels", _labels));

        private static JsonElement Write(IReadOnlyList<ClassifyLabel> labels)
        {
            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartArray();
            foreach (var label in labels)
            {
                writer.WriteStartObject();
                writer.WriteString("name"u8, label.Name);
                writer.WriteString("description"u8, label.Description);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            return JsonText.ParseElement(buffer.ToJson());
        }
    }
}

using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>The names of custom nodes, as definitions write them.</summary>
public static class CustomNodes
{
    /// <summary>What their types begin with.</summary>
    public const string Prefix = "custom:";

    /// <summary>The name within a type; null when it is not that of a custom node.</summary>
    public static string? NameOf(string type) =>
        type.StartsWith(Prefix, StringComparison.Ordinal) && IsName(type.AsSpan(Prefix.Length)) ? type[Prefix.Length..] : null;

    /// <summary>Begins with a small letter, and has letters, digits, '_' and '-'.</summary>
    public static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > Limits.CustomNodeNameLength || !char.IsAsciiLetterLower(name[0]))
        {
            return false;
        }

        foreach (var character in name)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('_' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A custom node as <see cref="NodeType.WriteTo"/> shows the types of the release.</summary>
    public static void WriteTo(Utf8JsonWriter writer, string name, string description, JsonElement schema) =>
        new CustomNode(name, description, schema).WriteTo(writer);
}

/// <summary>No parameter is fixed: which there are says the custom node's JSON Schema.</summary>
internal sealed record CustomParameters;

/// <summary>
/// A node type of a tenant's own. A definition is compiled without knowing it: that it exists is for whoever sees the tenant's rows to check
/// (<see cref="CompiledWorkflow.Resources"/>), and what it does is looked up when the node runs.
/// </summary>
internal sealed class CustomNode(string name, string summary = "", JsonElement schema = default) : NodeType(
    CustomNodes.Prefix + name, "custom", NodeEffect.Effect, summary, typeof(CustomParameters), NodePort.MainPort, NodePort.ErrorPort)
{
    public override string OutputSummary => "`{\"status\": 200, \"headers\": {...}, \"body\": ...}`, as `http` has it.";

    public override IReadOnlyList<NodeParameter> Parameters { get; } = Read(schema);

    public override void WriteParameterSchema(Utf8JsonWriter writer) => schema.WriteTo(writer);

    // The parameters go to a call whose author may put them anywhere, so they never see secrets: credentials come from the connector.
    internal override NodeAction? Compile(NodeCompilation node)
    {
        if (node.Parameters.ValueKind != JsonValueKind.Object)
        {
            return new Action(null);
        }

        return node.CompileTemplate(node.Parameters, node.ParametersPointer) is { } template ? new Action(template) : null;
    }

    private static NodeParameter[] Read(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var properties))
        {
            return [];
        }

        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()!).ToHashSet() : [];
        return [.. properties.EnumerateObject().Select(property => new NodeParameter(
            property.Name, KindOf(property.Value), required.Contains(property.Name), Templated: true, Text(property.Value, "description"),
            DefaultJson: null, Example: null, Choices: [], Min: null, Max: null, MaxLength: null, Fields: [], Secret: false))];
    }

    private static ParameterKind KindOf(JsonElement schema) => Text(schema, "type") switch
    {
        "string" => ParameterKind.Text,
        "integer" => ParameterKind.Integer,
        "number" => ParameterKind.Number,
        "boolean" => ParameterKind.Boolean,
        "object" => ParameterKind.Object,
        _ => ParameterKind.Json,
    };

    private static string Text(JsonElement schema, string keyword) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty(keyword, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";

    private sealed class Action(JsonTemplate? parameters) : EffectAction
    {
        public override ReadOnlyMemory<byte> Render(in NodeContext context) => parameters is null ? "{}"u8.ToArray() : context.Render(parameters);
    }
}

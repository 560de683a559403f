using System.Buffers;
using System.Text.Json;

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

    /// <summary>The custom nodes that a definition may use, in loops and all; what is no JSON uses none.</summary>
    public static IReadOnlyCollection<string> NamesIn(ReadOnlySpan<byte> definition)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(definition, new JsonReaderOptions { MaxDepth = Limits.DefinitionDepth });
        try
        {
            var isType = false;
            while (reader.Read())
            {
                if (isType && reader.TokenType == JsonTokenType.String && NameOf(reader.GetString()!) is { } name)
                {
                    names.Add(name);
                }

                isType = reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("type"u8);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return names; // the compiler reads the same text and says what is wrong with it
        }

        return names;
    }

    /// <summary>A custom node as <see cref="NodeType.WriteTo"/> shows the types of the release.</summary>
    public static void WriteTo(Utf8JsonWriter writer, CustomNodeDefinition definition) => CustomNode.Of(definition).WriteTo(writer);
}

/// <summary>A custom node as its tenant defines it.</summary>
/// <param name="Version">Number of its changes, from 1.</param>
/// <param name="Schema">The JSON Schema of the parameters.</param>
/// <param name="Implementation">What a node of the type does, see <see cref="CustomNodeCall"/>.</param>
public sealed record CustomNodeDefinition(string Name, int Version, JsonElement Schema, JsonElement Implementation)
{
    public string Description { get; init; } = "";
}

/// <summary>
/// Custom nodes at one moment: a version of a workflow keeps those it uses beside its definition, so that it does the same for as long as it runs. Immutable.
/// </summary>
public sealed class CustomNodeSet
{
    private readonly SortedDictionary<string, (CustomNodeDefinition Definition, Lazy<CustomNode> Type)> _nodes = new(StringComparer.Ordinal);

    private CustomNodeSet(IEnumerable<CustomNodeDefinition> definitions)
    {
        foreach (var definition in definitions)
        {
            _nodes[definition.Name] = (definition, new Lazy<CustomNode>(() => CustomNode.Of(definition)));
        }
    }

    public static CustomNodeSet Empty { get; } = new([]);

    /// <summary>Name and version of each, in the order of the names.</summary>
    public IReadOnlyDictionary<string, int> Versions => _nodes.ToDictionary(node => node.Key, node => node.Value.Definition.Version);

    public bool IsEmpty => _nodes.Count == 0;

    public static CustomNodeSet Of(IEnumerable<CustomNodeDefinition> definitions) => new(definitions);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static CustomNodeSet Read(ReadOnlySpan<byte> utf8Json) => new(
        JsonElement.Parse(utf8Json, new JsonDocumentOptions { MaxDepth = Limits.JsonDepth }).EnumerateObject().Select(node => new CustomNodeDefinition(
            node.Name,
            node.Value.GetProperty("version").GetInt32(),
            node.Value.GetProperty("schema"),
            node.Value.GetProperty("implementation"))));

    /// <summary>Only those of these names.</summary>
    public CustomNodeSet Only(IReadOnlySet<string> names) =>
        new(_nodes.Values.Where(node => names.Contains(node.Definition.Name)).Select(node => node.Definition));

    /// <summary><c>{"NAME": {"version": 1, "schema": ..., "implementation": ...}, ...}</c>, UTF-8.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (name, (definition, _)) in _nodes)
            {
                writer.WriteStartObject(name);
                writer.WriteNumber("version"u8, definition.Version);
                writer.WritePropertyName("schema"u8);
                definition.Schema.WriteTo(writer);
                writer.WritePropertyName("implementation"u8);
                definition.Implementation.WriteTo(writer);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    internal CustomNode? Find(string name) => _nodes.TryGetValue(name, out var node) ? node.Type.Value : null;
}

using System.Text.Json;

namespace Workflows.Engine.Definitions;

/// <summary>A node with what lies in it, but not the nodes of its loop.</summary>
/// <param name="Loop">The id of the loop in whose body it lies; null = in none.</param>
/// <param name="Members">By pointer: its members, of a loop's body only what is neither node nor edge.</param>
internal sealed record DiffNode(
    string Id, string? Loop, JsonElement Json, JsonElement? Position, IReadOnlyList<KeyValuePair<string,
        JsonElement>> Members);

/// <summary>A definition taken apart for comparison: the nodes and edges of all loops beside those of the definition,
/// since ids are unique in all of it.</summary>
internal sealed class DiffGraph
{
    private readonly Dictionary<string, DiffNode> _nodes = new(StringComparer.Ordinal);
    private readonly List<DiffNode> _inOrder = [];
    private readonly List<string> _edges = [];

    private DiffGraph(IReadOnlyList<KeyValuePair<string, JsonElement>> triggers, IReadOnlyList<KeyValuePair<string,
        JsonElement>> members) =>
        (Triggers, Members) = (triggers, members);

    public IReadOnlyList<KeyValuePair<string, JsonElement>> Triggers { get; }

    public IReadOnlyList<DiffNode> Nodes => _inOrder;

    public IReadOnlyList<string> Edges => _edges;

    /// <summary>What is neither trigger, node nor edge.</summary>
    public IReadOnlyList<KeyValuePair<string, JsonElement>> Members { get; }

    public static DiffGraph Read(JsonElement definition)
    {
        var triggers = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        var members = new List<KeyValuePair<string, JsonElement>>();
        foreach (var member in definition.EnumerateObject())
        {
            if (member.Name is not ("triggers" or "nodes" or "edges"))
            {
                members.Add(new(member.Name, member.Value));
            }
        }

        foreach (var trigger in Items(definition, "triggers"))
        {
            triggers.TryAdd(Text(trigger, "id"), trigger);
        }

        var graph = new DiffGraph([.. triggers], members);
        graph.Add(definition, null);
        return graph;
    }

    private void Add(JsonElement holder, string? loop)
    {
        foreach (var node in Items(holder, "nodes"))
        {
            if (node.ValueKind != JsonValueKind.Object)
            {
                continue;
            }

            var members = new List<KeyValuePair<string, JsonElement>>();
            var id = Text(node, "id");
            JsonElement? position = null;
            foreach (var member in node.EnumerateObject())
            {
                switch (member.Name)
                {
                    case "position":
                        position = member.Value;
                        break;
                    case "body" when member.Value.ValueKind == JsonValueKind.Object:
                        members.AddRange(member.Value.EnumerateObject()
                            .Where(inner => inner.Name is not ("nodes" or "edges"))
                            .Select(inner => KeyValuePair.Create(DiffList.Append("/body", inner.Name), inner.Value)));
                        break;
                    case not "id":
                        members.Add(new(DiffList.Append("", member.Name), member.Value));
                        break;
                }
            }

            var read = new DiffNode(id, loop, node, position, members);
            if (_nodes.TryAdd(id, read))
            {
                _inOrder.Add(read);
            }

            if (node.TryGetProperty("body", out var body))
            {
                Add(body, id);
            }
        }

        _edges.AddRange(Items(holder, "edges").Select(
            edge => $"{Text(edge, "from")}:{Port(edge)}->{Text(edge, "to")}"));
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement holder, string name) =>
        holder.ValueKind == JsonValueKind.Object && holder.TryGetProperty(name, out var list)
        && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;

    private static string Port(JsonElement edge) => Text(edge, "port") is { Length: > 0 } port ? port : "main";

    private static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var text)
            && text.ValueKind == JsonValueKind.String
            ? text.GetString()! : "";
}

using System.Text.Json;

namespace Workflows.Engine.Definitions;

/// <summary>What of a definition a change is in.</summary>
public enum DiffPart
{
    Node,
    Edge,
    Trigger,

    /// <summary>What belongs to the definition as a whole: settings, parameters, output, name.</summary>
    Definition,
}

public enum DiffKind
{
    Added,
    Removed,
    Changed,

    /// <summary>A node that lies in another loop than before, or in none.</summary>
    Moved,
}

/// <summary>One thing that is not as it was.</summary>
/// <param name="Id">Of the node or trigger; of an edge <c>from:port->to</c>; null for the definition as a
/// whole.</param>
/// <param name="Pointer">JSON pointer within the node, trigger or definition. In a list the place of what was removed
/// counts in the older one.</param>
/// <param name="Before">The older value; null where there was none.</param>
/// <param name="After">The newer value; null where there is none.</param>
public sealed record DefinitionChange(
    DiffPart Part, DiffKind Kind, string? Id, string Pointer, JsonElement? Before, JsonElement? After);

/// <summary>
/// What differs between two definitions. Ids decide what is the same node or trigger, wherever it stands in its list;
/// an edge is the same when both ends and the port are. Where the console draws a node is layout and no change. Pure;
/// the order of the changes follows from the definitions alone.
/// </summary>
/// <param name="Changes">The first ones, at most as many as asked for.</param>
/// <param name="Count">All changes.</param>
/// <param name="Layout">Ids of nodes that both have and that are drawn elsewhere.</param>
public sealed record DefinitionDiff(IReadOnlyList<DefinitionChange> Changes, int Count, IReadOnlyList<string> Layout)
{
    /// <summary>Whether there are more changes than are listed.</summary>
    public bool IsCut => Count > Changes.Count;

    /// <summary>Compares two definitions as they are stored.</summary>
    /// <param name="limit">Changes to list.</param>
    public static DefinitionDiff Of(JsonElement before, JsonElement after, int limit)
    {
        var list = new DiffList(limit);
        var (older, newer) = (DiffGraph.Read(before), DiffGraph.Read(after));
        CompareTriggers(older.Triggers, newer.Triggers, list);
        var layout = CompareNodes(older.Nodes, newer.Nodes, list);
        CompareEdges(older.Edges, newer.Edges, list);
        foreach (var (name, value) in older.Members)
        {
            list.Compare(DiffPart.Definition, null, DiffList.Append("", name), value, Find(newer.Members, name));
        }

        foreach (var (name, value) in newer.Members)
        {
            if (Find(older.Members, name) is null)
            {
                list.Add(new(DiffPart.Definition, DiffKind.Added, null, DiffList.Append("", name), null, value));
            }
        }

        return new DefinitionDiff(list.Changes, list.Count, layout);
    }

    private static void CompareTriggers(
        IReadOnlyList<KeyValuePair<string, JsonElement>> before, IReadOnlyList<KeyValuePair<string, JsonElement>> after,
            DiffList list)
    {
        var (older, newer) = (before.ToDictionary(), after.ToDictionary());
        foreach (var (id, trigger) in before)
        {
            if (newer.TryGetValue(id, out var other))
            {
                list.Compare(DiffPart.Trigger, id, "", trigger, other);
            }
            else
            {
                list.Add(new(DiffPart.Trigger, DiffKind.Removed, id, "", trigger, null));
            }
        }

        foreach (var (id, trigger) in after)
        {
            if (!older.ContainsKey(id))
            {
                list.Add(new(DiffPart.Trigger, DiffKind.Added, id, "", null, trigger));
            }
        }
    }

    private static List<string> CompareNodes(IReadOnlyList<DiffNode> before, IReadOnlyList<DiffNode> after,
        DiffList list)
    {
        var (older, newer) = (before.ToDictionary(node => node.Id), after.ToDictionary(node => node.Id));
        var layout = new List<string>();
        foreach (var node in before)
        {
            if (!newer.TryGetValue(node.Id, out var other))
            {
                list.Add(new(DiffPart.Node, DiffKind.Removed, node.Id, "", node.Json, null));
                continue;
            }

            if (node.Loop != other.Loop)
            {
                list.Add(new(DiffPart.Node, DiffKind.Moved, node.Id, "", Text(node.Loop), Text(other.Loop)));
            }

            CompareMembers(node, other, list);
            if (!DiffList.AreEqual(node.Position, other.Position))
            {
                layout.Add(node.Id);
            }
        }

        foreach (var node in after)
        {
            if (!older.ContainsKey(node.Id))
            {
                list.Add(new(DiffPart.Node, DiffKind.Added, node.Id, "", null, node.Json));
            }
        }

        return layout;
    }

    private static void CompareMembers(DiffNode before, DiffNode after, DiffList list)
    {
        foreach (var (pointer, value) in before.Members)
        {
            list.Compare(DiffPart.Node, before.Id, pointer, value, Find(after.Members, pointer));
        }

        foreach (var (pointer, value) in after.Members)
        {
            if (Find(before.Members, pointer) is null)
            {
                list.Add(new(DiffPart.Node, DiffKind.Added, before.Id, pointer, null, value));
            }
        }
    }

    private static void CompareEdges(IReadOnlyList<string> before, IReadOnlyList<string> after, DiffList list)
    {
        foreach (var edge in before.Except(after, StringComparer.Ordinal))
        {
            list.Add(new(DiffPart.Edge, DiffKind.Removed, edge, "", null, null));
        }

        foreach (var edge in after.Except(before, StringComparer.Ordinal))
        {
            list.Add(new(DiffPart.Edge, DiffKind.Added, edge, "", null, null));
        }
    }

    private static JsonElement? Find(IReadOnlyList<KeyValuePair<string, JsonElement>> members, string name)
    {
        foreach (var (other, value) in members)
        {
            if (other == name)
            {
                return value;
            }
        }

        return null;
    }

    private static JsonElement? Text(string? text) => text is null ? null : JsonSerializer.SerializeToElement(text);
}

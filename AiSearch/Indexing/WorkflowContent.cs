using System.Text;
using System.Text.Json;

namespace Workflows.AiSearch.Indexing;

/// <summary>A workflow as its tables have it.</summary>
internal sealed record WorkflowSource(
    Guid Id,
    string Name,
    string Description,
    string Environment,
    IReadOnlyList<string> Tags,
    Guid? WorkspaceId,
    long Version,
    DateTimeOffset UpdatedAt,
    bool IsDeleted,
    bool IsPublished,
    string? Definition);

/// <summary>
/// What is found of a workflow: one chunk for what it is (name, description, tags, triggers), then one for each run
/// of nodes that fits, of which the last is repeated in the next, so that two neighbours are found together.
/// </summary>
internal static class WorkflowContent
{
    /// <summary>The nodes as things to be found by themselves, the first <see
    /// cref="Limits.NodesPerWorkflow"/>.</summary>
    public static IReadOnlyList<Content> NodesOf(WorkflowSource source)
    {
        if (source.IsDeleted || source.Definition is null)
        {
            return [];
        }

        using var definition = JsonDocument.Parse(source.Definition);
        return !definition.RootElement.TryGetProperty("nodes", out var nodes) || nodes.ValueKind != JsonValueKind.Array
            ? []
            : [.. nodes.EnumerateArray()
                .Where(node => node.ValueKind == JsonValueKind.Object && TextOf(node, "id") is not null)
                .DistinctBy(node => TextOf(node, "id"))
                .Take(Limits.NodesPerWorkflow)
                .Select(node => NodeOf(source, node))];
    }

    private static Content NodeOf(WorkflowSource source, JsonElement node)
    {
        var id = TextOf(node, "id")!;
        var metadata = JsonSerializer.Serialize(new
        {
            workflowId = source.Id,
            workflow = source.Name,
            nodeId = id,
            nodeType = TextOf(node, "type"),
            environment = source.Environment,
        });
        return new Content(
            ContentTypes.Node, NodeId.Of(source.Id, id), source.Version,
                JsonDescriber.Clip(NameOf(node), Limits.TitleMaxLength), source.Tags,
            source.WorkspaceId, source.UpdatedAt, metadata,
            [new ContentChunk($"in {source.Name}", JsonDescriber.Clip(DescribeNode(node), Limits.ChunkMaxLength))]);
    }

    public static Content Of(WorkflowSource source)
    {
        if (source.IsDeleted)
        {
            return Content.Removed(ContentTypes.Workflow, source.Id, source.Version, source.UpdatedAt);
        }

        var chunks = new List<ContentChunk>();
        using var definition = source.Definition is null ? null : JsonDocument.Parse(source.Definition);
        chunks.AddRange(TextSplitter.Split(Overview(source, definition?.RootElement), Limits.ChunkMaxLength,
            Limits.ChunkOverlap)
            .Select(text => new ContentChunk("overview", text)));
        if (definition is not null)
        {
            chunks.AddRange(NodeChunks(definition.RootElement));
        }

        var metadata = JsonSerializer.Serialize(
            new { environment = source.Environment, published = source.IsPublished });
        return new Content(
            ContentTypes.Workflow, source.Id, source.Version, JsonDescriber.Clip(source.Name, Limits.TitleMaxLength),
                source.Tags,
            source.WorkspaceId, source.UpdatedAt, metadata, [.. chunks.Take(Limits.ChunksPerDocument)]);
    }

    private static string Overview(WorkflowSource source, JsonElement? definition)
    {
        var text = new StringBuilder(source.Name).Append('\n');
        if (source.Description.Length > 0)
        {
            text.Append(source.Description).Append('\n');
        }

        if (source.Tags.Count > 0)
        {
            text.Append("tags: ").AppendJoin(", ", source.Tags).Append('\n');
        }

        if (definition is { } root && root.TryGetProperty("triggers", out var triggers)
            && triggers.ValueKind == JsonValueKind.Array)
        {
            foreach (var trigger in triggers.EnumerateArray())
            {
                text.Append("trigger ").Append(JsonDescriber.Describe(trigger, Limits.PartMaxLength)).Append('\n');
            }
        }

        return JsonDescriber.Clip(text.ToString(), Limits.ChunkMaxLength * 4);
    }

    private static IEnumerable<ContentChunk> NodeChunks(JsonElement definition)
    {
        if (!definition.TryGetProperty("nodes", out var nodes) || nodes.ValueKind != JsonValueKind.Array)
        {
            yield break;
        }

        var group = new List<(string Name, string Text)>();
        var isCarriedOver = false;
        foreach (var node in nodes.EnumerateArray().Where(node => node.ValueKind == JsonValueKind.Object))
        {
            var next = (Name: NameOf(node), Text: DescribeNode(node));
            if (group.Count > (isCarriedOver ? 1 : 0)
                && group.Sum(member => member.Text.Length + 1) + next.Text.Length > Limits.ChunkMaxLength)
            {
                yield return ToChunk(group);
                var last = group[^1];
                isCarriedOver = last.Text.Length + next.Text.Length < Limits.ChunkMaxLength;
                group = isCarriedOver ? [last] : [];
            }

            if (next.Text.Length > Limits.ChunkMaxLength)
            {
                foreach (var part in TextSplitter.Split(next.Text, Limits.ChunkMaxLength, Limits.ChunkOverlap))
                {
                    yield return ToChunk([(next.Name, part)]);
                }
            }
            else
            {
                group.Add(next);
            }
        }

        if (group.Count > (isCarriedOver ? 1 : 0))
        {
            yield return ToChunk(group);
        }
    }

    private static ContentChunk ToChunk(List<(string Name, string Text)> group)
    {
        var label = group.Count == 1 ? $"node {group[0].Name}" : $"nodes {group[0].Name} to {group[^1].Name}";
        return new ContentChunk(JsonDescriber.Clip(label, Limits.TitleMaxLength), string.Join(
            '\n', group.Select(node => node.Text)));
    }

    private static string NameOf(JsonElement node) => TextOf(node, "name") ?? TextOf(node, "id") ?? "?";

    private static string DescribeNode(JsonElement node)
    {
        var text = new StringBuilder(NameOf(node)).Append(" (").Append(TextOf(node, "type") ?? "?").Append(')');
        if (TextOf(node, "description") is { Length: > 0 } description)
        {
            text.Append(": ").Append(description);
        }

        if (node.TryGetProperty("parameters", out var parameters))
        {
            text.Append(". ").Append(JsonDescriber.Describe(parameters, Limits.PartMaxLength));
        }

        return JsonDescriber.Clip(text.ToString(), Limits.PartMaxLength * 2);
    }

    private static string? TextOf(JsonElement node, string member) =>
        node.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()
            : null;
}

using System.Text;
using System.Text.Json;

namespace Workflows.AiSearch.Indexing;

/// <summary>An execution as its tables have it.</summary>
internal sealed record ExecutionSource(
    Guid Id,
    Guid WorkflowId,
    string? WorkflowName,
    IReadOnlyList<string> Tags,
    Guid? WorkspaceId,
    string Status,
    string? Error,
    long Version,
    DateTimeOffset At,
    IReadOnlyList<StepSource> Steps);

/// <summary>A recorded step of it.</summary>
internal sealed record StepSource(string NodeId, string NodeType, string Status, string? Error, string? Output);

/// <summary>
/// What is found of an execution that failed: its error with the node and the workflow, and what the last steps before it gave. An
/// execution that has not failed, or no longer is a failure after a retry, is not found.
/// </summary>
internal static class ExecutionContent
{
    public static Content Of(ExecutionSource source)
    {
        if (source.Status is not ("failed" or "timed_out"))
        {
            return Content.Removed(ContentTypes.Execution, source.Id, source.Version, source.At);
        }

        using var error = source.Error is null ? null : JsonDocument.Parse(source.Error);
        var code = TextOf(error, "code");
        var node = TextOf(error, "node");
        var message = TextOf(error, "message") ?? source.Status;
        var workflow = source.WorkflowName ?? "unknown workflow";

        var overview = new StringBuilder($"{workflow} {source.Status.Replace('_', ' ')}");
        overview.Append(node is null ? "" : $" at node {node}").Append(code is null ? "" : $" with {code}").Append('\n').Append(message);
        var chunks = new List<ContentChunk> { new("error", JsonDescriber.Clip(overview.ToString(), Limits.ChunkMaxLength)) };
        var steps = string.Join('\n', source.Steps.Select(Describe));
        chunks.AddRange(TextSplitter.Split(steps, Limits.ChunkMaxLength, Limits.ChunkOverlap).Select(text => new ContentChunk("steps", text)));

        var metadata = JsonSerializer.Serialize(new { workflowId = source.WorkflowId, workflow, status = source.Status, node, code });
        return new Content(
            ContentTypes.Execution, source.Id, source.Version, JsonDescriber.Clip($"{workflow}: {message}", Limits.TitleMaxLength),
            source.Tags, source.WorkspaceId, source.At, metadata, [.. chunks.Take(Limits.ChunksPerDocument)]);
    }

    private static string Describe(StepSource step)
    {
        var text = new StringBuilder($"{step.NodeId} ({step.NodeType}) {step.Status}");
        foreach (var json in (string?[])[step.Error, step.Output])
        {
            if (json is not null)
            {
                using var document = JsonDocument.Parse(json);
                text.Append(". ").Append(JsonDescriber.Describe(document.RootElement, Limits.PartMaxLength / 4));
            }
        }

        return text.ToString();
    }

    private static string? TextOf(JsonDocument? document, string member) =>
        document is not null && document.RootElement.ValueKind == JsonValueKind.Object
        && document.RootElement.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}

using System.Text;
using System.Text.Json;

namespace Workflows.AiSearch.Indexing;

/// <summary>A prompt card as its table has it.</summary>
internal sealed record PromptCardSource(
    Guid Id, string Title, string Description, IReadOnlyList<string> Tags, Guid WorkspaceId, long Version,
    DateTimeOffset UpdatedAt, bool IsDeleted, string Messages, string Variables);

/// <summary>What is found of a prompt card: what it is (title, description, tags, variables), then what it
/// asks.</summary>
internal static class PromptCardContent
{
    public static Content Of(PromptCardSource source)
    {
        if (source.IsDeleted)
        {
            return Content.Removed(ContentTypes.PromptCard, source.Id, source.Version, source.UpdatedAt);
        }

        using var variables = JsonDocument.Parse(source.Variables);
        var overview = new StringBuilder(source.Title).Append('\n').Append(source.Description).Append('\n');
        if (source.Tags.Count > 0)
        {
            overview.Append("tags: ").AppendJoin(", ", source.Tags).Append('\n');
        }

        var names = variables.RootElement.EnumerateArray().Select(each =>
            each.GetProperty("name").GetString()).ToList();
        overview.AppendJoin(' ', names);
        using var messages = JsonDocument.Parse(source.Messages);
        var texts = messages.RootElement.EnumerateArray().Select(each => each.GetProperty("text").GetString());
        return new Content(
            ContentTypes.PromptCard, source.Id, source.Version, JsonDescriber.Clip(source.Title, Limits.TitleMaxLength),
            source.Tags, source.WorkspaceId, source.UpdatedAt, JsonSerializer.Serialize(new { variables = names }),
            [
                .. Chunks("overview", overview.ToString()).Concat(Chunks("messages", string.Join("\n\n", texts)))
                    .Take(Limits.ChunksPerDocument),
            ]);
    }

    private static IEnumerable<ContentChunk> Chunks(string label, string text) => TextSplitter
        .Split(JsonDescriber.Clip(text, Limits.ChunkMaxLength * 20), Limits.ChunkMaxLength, Limits.ChunkOverlap)
        .Select(part => new ContentChunk(label, part));
}

using System.Text.Json;

namespace Workflows.AiSearch.Indexing;

/// <summary>An article as its table has it.</summary>
internal sealed record ArticleSource(
    Guid Id,
    string Title,
    string Markdown,
    string Category,
    IReadOnlyList<string> Tags,
    Guid? WorkspaceId,
    string? SourceUrl,
    string? File,
    string Status,
    long Version,
    DateTimeOffset UpdatedAt,
    bool IsHidden);

/// <summary>
/// What is found of an article: chunks that follow its structure. One that a heading or a page mark begins says so in
/// its label, by which it is found again in the article or in its file. A long section is cut between paragraphs with
/// some overlap, a long table between rows, each part with the table's head.
/// </summary>
internal static class ArticleContent
{
    public static Content Of(ArticleSource source)
    {
        if (source.IsHidden || source.Status == "processing")
        {
            return Content.Removed(ContentTypes.KnowledgeArticle, source.Id, source.Version, source.UpdatedAt);
        }

        var metadata = JsonSerializer.Serialize(new
        {
            category = source.Category,
            sourceUrl = source.SourceUrl,
            file = source.File,
        });
        return new Content(
            ContentTypes.KnowledgeArticle, source.Id, source.Version,
            JsonDescriber.Clip(source.Title, Limits.TitleMaxLength), source.Tags, source.WorkspaceId, source.UpdatedAt,
            metadata, Chunks(source));
    }

    private static List<ContentChunk> Chunks(ArticleSource source)
    {
        var sections = MarkdownSections.Of(source.Markdown);
        var chunks = sections.SelectMany(Chunks).Take(Limits.ChunksPerArticle + 1).ToList();
        if (chunks.Count > Limits.ChunksPerArticle)
        {
            // So many small sections: those that stand beside each other share a chunk, and nothing is left out.
            chunks = [.. Joined(sections).SelectMany(Chunks).Take(Limits.ChunksPerArticle)];
        }

        // An article without a text is found by its title.
        return chunks.Count > 0 ? chunks : [new ContentChunk("title", source.Title)];
    }

    private static IEnumerable<MarkdownSection> Joined(IReadOnlyList<MarkdownSection> sections)
    {
        var blocks = new List<MarkdownBlock>();
        var (label, length) = ("", 0);
        foreach (var section in sections)
        {
            if (blocks.Count > 0 && length + section.Length > Limits.ChunkMaxLength)
            {
                yield return new MarkdownSection(label, blocks);
                (blocks, length) = ([], 0);
            }

            label = blocks.Count == 0 ? section.Label : label;
            blocks.AddRange(section.Blocks);
            length += section.Length;
        }

        if (blocks.Count > 0)
        {
            yield return new MarkdownSection(label, blocks);
        }
    }

    private static IEnumerable<ContentChunk> Chunks(MarkdownSection section)
    {
        if (section.Length <= Limits.ChunkMaxLength)
        {
            return [new ContentChunk(section.Label, string.Join("\n\n", section.Blocks.Select(block => block.Text)))];
        }

        var parts = new List<string>();
        var run = new List<string>();
        foreach (var block in section.Blocks)
        {
            if (block.IsTable)
            {
                parts.AddRange(Text(run));
                run.Clear();
                parts.AddRange(Table(block.Text));
            }
            else
            {
                run.Add(block.Text);
            }
        }

        parts.AddRange(Text(run));
        return parts.Select(part => new ContentChunk(section.Label, part));
    }

    private static IEnumerable<string> Text(List<string> paragraphs) =>
        TextSplitter.Split(string.Join("\n\n", paragraphs), Limits.ChunkMaxLength, Limits.ChunkOverlap);

    private static IEnumerable<string> Table(string table)
    {
        var rows = table.Split('\n');
        var head = rows.Length > 2 && rows[1].AsSpan().IndexOfAnyExcept("|:- \t") < 0
            ? JsonDescriber.Clip(rows[0], Limits.ChunkMaxLength / 4) + "\n"
            : "";
        var part = new System.Text.StringBuilder(head);
        foreach (var row in rows.Skip(head.Length > 0 ? 2 : 0))
        {
            if (part.Length > head.Length && part.Length + row.Length > Limits.ChunkMaxLength)
            {
                yield return part.ToString().TrimEnd();
                part.Clear().Append(head);
            }

            if (row.Length + head.Length > Limits.ChunkMaxLength)
            {
                foreach (var piece in TextSplitter.Split(row, Limits.ChunkMaxLength - head.Length, Limits.ChunkOverlap))
                {
                    yield return head + piece;
                }
            }
            else
            {
                part.Append(row).Append('\n');
            }
        }

        if (part.Length > head.Length)
        {
            yield return part.ToString().TrimEnd();
        }
    }
}

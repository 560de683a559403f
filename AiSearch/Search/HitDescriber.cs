using System.Text.Json;
using Workflows.AiSearch.Storage;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>Reads what is shown of hits.</summary>
internal sealed class HitDescriber(SearchDatabase database)
{
    private const string DescribeSql = """
        select w.ordinal, d.content_type, d.content_id, d.title, d.tags, d.workspace_id, d.content_at,
          d.metadata::text, c.label, c.text
        from unnest($2::uuid[], $3::int[]) with ordinality as w (document_id, chunk, ordinal)
        join search.documents d on d.tenant_id = $1 and d.id = w.document_id
        join search.chunks c on c.tenant_id = $1 and c.document_id = w.document_id and c.number = w.chunk
        order by w.ordinal
        """;

    /// <param name="hits">What was found.</param>
    /// <param name="terms">What is marked.</param>
    /// <param name="share">How much meaning counted.</param>
    public async Task<IReadOnlyList<SearchHit>> DescribeAsync(
        Guid tenantId, IReadOnlyList<FusedHit> hits, IReadOnlySet<uint> terms, double share,
            CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(DescribeSql, tenantId, hits.Select(hit => hit.DocumentId).ToArray(), hits.Select(hit => hit.Chunk)
            .ToArray());
        await using var reader = await batch.ReadAsync(cancellationToken);
        var described = new List<SearchHit>(hits.Count);
        while (await reader.ReadAsync(cancellationToken))
        {
            var hit = hits[(int)reader.GetInt64(0) - 1];
            var title = reader.GetString(3);
            var (snippet, highlights, matched) = Highlighter.Highlight(reader.GetString(9), terms);
            var (titleMarks, titleMatched) = Highlighter.Mark(title, terms);
            using var metadata = JsonDocument.Parse(reader.GetString(7));
            described.Add(new SearchHit(
                Type: reader.GetString(1),
                Id: reader.GetGuid(2),
                title,
                titleMarks,
                Tags: reader.GetFieldValue<string[]>(4),
                WorkspaceId: reader.IsDBNull(5) ? null : reader.GetGuid(5),
                At: reader.GetFieldValue<DateTimeOffset>(6),
                Metadata: metadata.RootElement.Clone(),
                Score: Math.Round(hit.Score, 4),
                Section: reader.GetString(8),
                snippet,
                highlights,
                [.. ReasonsOf(hit, [.. matched.Union(titleMatched)], share)],
                hit.Alike));
        }

        return described;
    }

    private const string FindSql = """
        select d.id, c.terms
        from search.documents d
        join search.chunks c on c.tenant_id = d.tenant_id and c.document_id = d.id
        where d.tenant_id = $1 and d.content_type = $2 and d.content_id = $3
        order by c.number
        limit 10
        """;

    /// <summary>A document by what it is of, with the terms of its first chunks.</summary>
    public async Task<(Guid Id, TermVector Terms)?> FindAsync(
        Guid tenantId, string type, Guid contentId, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(FindSql, tenantId, type, contentId);
        await using var reader = await batch.ReadAsync(cancellationToken);
        Guid? id = null;
        var chunks = new List<TermVector>();
        while (await reader.ReadAsync(cancellationToken))
        {
            id = reader.GetGuid(0);
            chunks.Add(TermVector.FromBytes(reader.GetFieldValue<byte[]>(1)));
        }

        return id is { } found ? (found, TermVector.Sum(chunks)) : null;
    }

    private static IEnumerable<Reason> ReasonsOf(FusedHit hit, IReadOnlyList<string> matched, double share)
    {
        if (hit.Words is { } words)
        {
            yield return new Reason("words", Math.Round(words.Score, 4), Math.Round(1 - share, 4), matched);
        }

        if (hit.Meaning is { } meaning && share > 0)
        {
            yield return new Reason("meaning", Math.Round(meaning.Score, 4), share, []);
        }

        if (hit.Name is { } name)
        {
            yield return new Reason("name", Math.Round(name.Score, 4), Fusion.NameWeight, []);
        }
    }
}

using System.Text.Json;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Storage;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>What passages are asked for.</summary>
/// <param name="Text">What they should be like; or:</param>
/// <param name="ArticleId">the article that those of others should be like.</param>
internal sealed record PassageQuery(string? Text, Guid? ArticleId, int Limit, double Threshold, SearchFilter Filter);

/// <param name="Label">Where in the article.</param>
/// <param name="File">Name of the file it was read out of; null where somebody wrote it.</param>
internal sealed record Passage(
    Guid ArticleId, string Title, string Category, string? SourceUrl, string? File, string Label, string Text,
    double Score);

/// <summary>The best passages first, with what <see cref="SearchAnswer"/> says of mode and notice.</summary>
internal sealed record PassageAnswer(string Mode, string? Notice, string? Model, IReadOnlyList<Passage> Passages);

/// <summary>
/// Finds passages of articles: chunks by themselves, scored as documents are by <see cref="SearchService"/>. What is
/// shown is read under the tenant once more, so that nothing is shown which the database would not give.
/// </summary>
internal sealed class PassageSearch(
    SearchDatabase database, CorpusCache corpora, QueryMeaning meanings, HitDescriber describer, SearchService search,
    SearchMetrics metrics, TimeProvider clock)
{
    private const string PassagesSql = """
        select w.ordinal, d.content_id, d.title, d.metadata::text, c.label, c.text
        from unnest($2::uuid[], $3::int[]) with ordinality as w (document_id, chunk, ordinal)
        join search.documents d on d.tenant_id = $1 and d.id = w.document_id and d.removed_at is null
        join search.chunks c on c.tenant_id = $1 and c.document_id = w.document_id and c.number = w.chunk
        order by w.ordinal
        """;

    /// <returns>Null when the caller sees no article of that id.</returns>
    public async Task<PassageAnswer?> FindAsync(
        SearchCaller caller, PassageQuery query, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var filter = await search.SeenByAsync(
            caller, query.Filter with { ContentTypes = [ContentTypes.KnowledgeArticle] }, cancellationToken);
        if (await corpora.GetAsync(caller.TenantId, cancellationToken) is not var (corpus, state))
        {
            return query.ArticleId is null ? new PassageAnswer("hybrid", null, null, []) : null;
        }

        KnownQuery known;
        KnownMeaning meaning;
        Guid? except = null;
        if (query.ArticleId is { } articleId)
        {
            var found = await describer.FindAsync(
                caller.TenantId, ContentTypes.KnowledgeArticle, articleId, cancellationToken);
            var anywhere = filter with { Tags = [], Category = null, WorkspaceId = null };
            if (found is not var (id, terms) || !corpus.Shows(id, anywhere))
            {
                return null;
            }

            (known, meaning, except) = (corpus.LikenessOf(terms), meanings.OfDocument(corpus, state, id), id);
        }
        else
        {
            known = corpus.Understand(Clauses(query.Text!));
            meaning = await meanings.OfQueryAsync(
                caller.TenantId, corpus, state, query.Text!, known, filter, cancellationToken);
        }

        var hits = corpus.RankPassages(new RankingRequest(
            known, TermVector.TrigramsOf(""), meaning.Meaning, meaning.Share, filter, Skip: 0, query.Limit,
            query.Threshold)
        {
            Except = except,
        });
        var mode = meaning.IsAsked ? "hybrid" : "lexical";
        metrics.Searched(mode, clock.GetElapsedTime(started));
        return new PassageAnswer(
            mode, meaning.Notice, meaning.Model, await DescribeAsync(caller.TenantId, hits, cancellationToken));
    }

    // Each word is one that may be there: a text is no query line, whatever signs it has.
    private static List<QueryClause> Clauses(string text) =>
        [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(Limits.ClausesPerQuery)
            .Select(word => new QueryClause(
                [new QueryAtom(word, IsPhrase: false, IsBeginning: false)], Demand.Optional))];

    private async Task<IReadOnlyList<Passage>> DescribeAsync(
        Guid tenantId, IReadOnlyList<SignalHit> hits, CancellationToken cancellationToken)
    {
        if (hits.Count == 0)
        {
            return [];
        }

        await using var batch = database.BatchFor(tenantId);
        batch.Add(
            PassagesSql, tenantId, hits.Select(hit => hit.DocumentId).ToArray(),
            hits.Select(hit => hit.Chunk).ToArray());
        await using var reader = await batch.ReadAsync(cancellationToken);
        var passages = new List<Passage>(hits.Count);
        while (await reader.ReadAsync(cancellationToken))
        {
            using var metadata = JsonDocument.Parse(reader.GetString(3));
            string? Of(string name) =>
                metadata.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
            passages.Add(new Passage(
                reader.GetGuid(1), reader.GetString(2), Of("category") ?? "", Of("sourceUrl"), Of("file"),
                reader.GetString(4), reader.GetString(5),
                Math.Round(hits[(int)reader.GetInt64(0) - 1].Score, 4)));
        }

        return passages;
    }
}

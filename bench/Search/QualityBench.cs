using Npgsql;
using Workflows.AiSearch;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.AiSearch.Text;
using Workflows.Testing;

namespace Workflows.Bench.Search;

/// <summary>How well each signal ranks a public collection, everything through the database as in service.</summary>
internal static class QualityBench
{
    // What a plain PostgreSQL search would do: the reference.
    private const string ReferenceSql = """
        select d.metadata ->> 'id'
        from search.chunks c
        join search.documents d on d.tenant_id = c.tenant_id and d.id = c.document_id,
             to_tsvector('english', d.title || ' ' || c.text) as words,
             lateral (select replace(plainto_tsquery('english', $1)::text, '&', '|')::tsquery as query) q
        where words @@ query
        order by ts_rank_cd(words, query, 1) desc
        limit 100
        """;

    public static async Task RunAsync(PostgresServer server, string folder)
    {
        var set = RetrievalSet.Load(folder);
        await using var bed = await Bed.CreateAsync(server);
        await bed.IndexAsync(set.Texts.Select(text => new Content(
            ContentTypes.KnowledgeArticle, Guid.CreateVersion7(), 1, JsonDescriber.Clip(text.Title, Limits.TitleMaxLength), [], null,
            DateTimeOffset.UnixEpoch, System.Text.Json.JsonSerializer.Serialize(new { id = text.Id }),
            [.. TextSplitter.Split(text.Text.Length == 0 ? "-" : text.Text, Limits.ChunkMaxLength, Limits.ChunkOverlap)
                .Select(part => new ContentChunk("text", part))])));

        var started = TimeProvider.System.GetTimestamp();
        await bed.Get<Sweep>().RunAsync(CancellationToken.None);
        Figures.Print($"{set.Name}-train-and-embed", TimeProvider.System.GetElapsedTime(started).TotalSeconds, "s");
        await PrintAsync(set, "postgres-full-text", query => ReferenceAsync(bed, query), "reference");
        await PrintAsync(set, "words", query => LegAsync(bed, query, hasWords: true));
        await PrintAsync(set, "meaning", query => LegAsync(bed, query, hasWords: false));
        await PrintAsync(set, "hybrid", query => HybridAsync(bed, query));
    }

    private static async Task PrintAsync(
        RetrievalSet set, string leg, Func<string, Task<IReadOnlyList<string>>> rank, string whose = "ours")
    {
        var (gain, recall) = await set.MeasureAsync(rank);
        Figures.Print($"{set.Name}-{leg}", gain, "nDCG@10", whose);
        Figures.Print($"{set.Name}-{leg}", recall, "recall@100", whose);
    }

    private static async Task<IReadOnlyList<string>> HybridAsync(Bed bed, string query)
    {
        var answer = await bed.Get<SearchService>().SearchAsync(
            new SearchCaller(bed.TenantId, PersonId: null),
            new SearchQuery(query, RetrievalSet.RecallDepth, 0, SearchFilter.None), CancellationToken.None);
        return answer.Mode == "hybrid"
            ? [.. answer.Hits.Select(hit => hit.Metadata.GetProperty("id").GetString()!)]
            : throw new InvalidOperationException(answer.Notice);
    }

    /// <summary>One leg alone: the words, or the meaning without a floor.</summary>
    private static async Task<IReadOnlyList<string>> LegAsync(Bed bed, string query, bool hasWords)
    {
        var (corpus, state) = (await bed.Get<CorpusCache>().GetAsync(bed.TenantId, CancellationToken.None))!.Value;
        var parsed = QueryLine.Parse(query, []);
        var known = corpus.Understand(parsed.Clauses);
        var meaning = hasWords
            ? KnownMeaning.NotAsked
            : await bed.Get<QueryMeaning>().OfQueryAsync(
                bed.TenantId, corpus, state, parsed.Text, known, SearchFilter.None, CancellationToken.None);
        var hits = corpus.Rank(new RankingRequest(
            hasWords ? known : KnownQuery.Nothing, TermVector.TrigramsOf(""),
            meaning.Meaning is { } asked ? asked with { Floor = 0 } : null, hasWords ? 0 : 1, SearchFilter.None, Skip: 0,
            RetrievalSet.RecallDepth, Threshold: 0)).Hits;
        return await NamesAsync(bed, hits);
    }

    private const string NamesSql = "select id, metadata ->> 'id' from search.documents where id = any($1)";

    private static async Task<IReadOnlyList<string>> NamesAsync(Bed bed, IReadOnlyList<FusedHit> hits)
    {
        var best = hits.Select(hit => hit.DocumentId).ToArray();
        await using var command = bed.Owner.CreateCommand(NamesSql);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = best });
        var names = new Dictionary<Guid, string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            names.Add(reader.GetGuid(0), reader.GetString(1));
        }

        return [.. best.Select(id => names[id])];
    }

    private static async Task<IReadOnlyList<string>> ReferenceAsync(Bed bed, string query)
    {
        await using var command = bed.Owner.CreateCommand(ReferenceSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = query });
        var ids = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            ids.Add(reader.GetString(0));
        }

        return [.. ids.Distinct()];
    }
}

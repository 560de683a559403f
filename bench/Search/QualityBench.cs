using Npgsql;
using Workflows.AiSearch;
using Workflows.AiSearch.Embeddings;
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
        limit 10
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

        Figures.Print($"{set.Name}-postgres-full-text-ndcg@10", await set.MeasureAsync(query => ReferenceAsync(bed, query)), "ratio", "reference");
        Figures.Print($"{set.Name}-untrained-hybrid-ndcg@10", await set.MeasureAsync(query => HybridAsync(bed, query)), "ratio");
        var started = TimeProvider.System.GetTimestamp();
        await bed.Get<Sweep>().RunAsync(CancellationToken.None);
        Figures.Print($"{set.Name}-train-and-embed", TimeProvider.System.GetElapsedTime(started).TotalSeconds, "s");
        Figures.Print($"{set.Name}-words-ndcg@10", await set.MeasureAsync(query => WordsAsync(bed, query)), "ratio");
        Figures.Print($"{set.Name}-meaning-ndcg@10", await set.MeasureAsync(query => MeaningAsync(bed, query)), "ratio");
        Figures.Print($"{set.Name}-hybrid-ndcg@10", await set.MeasureAsync(query => HybridAsync(bed, query)), "ratio");
    }

    private static async Task<IReadOnlyList<string>> HybridAsync(Bed bed, string query)
    {
        var answer = await bed.Get<SearchService>().SearchAsync(
            new SearchCaller(bed.TenantId, PersonId: null), new SearchQuery(query, 10, 0, SearchFilter.None),
            CancellationToken.None);
        return answer.Mode == "hybrid"
            ? [.. answer.Hits.Select(hit => hit.Metadata.GetProperty("id").GetString()!)]
            : throw new InvalidOperationException(answer.Notice);
    }

    private static async Task<IReadOnlyList<string>> WordsAsync(Bed bed, string query)
    {
        var (corpus, _) = (await bed.Get<CorpusCache>().GetAsync(bed.TenantId, CancellationToken.None))!.Value;
        var hits = corpus.Search(TermVector.Of(query), TermVector.TrigramsOf(""), SearchFilter.None, Limits.CandidatesPerSignal).Words;
        return await NamesAsync(bed, hits);
    }

    private static async Task<IReadOnlyList<string>> MeaningAsync(Bed bed, string query)
    {
        var (_, state) = (await bed.Get<CorpusCache>().GetAsync(bed.TenantId, CancellationToken.None))!.Value;
        var embedded = await bed.Get<LocalEmbeddings>().EmbedAsync(
            bed.TenantId, state.Model, [new EmbeddingInput(query, TermVector.Of(query))], CancellationToken.None);
        var hits = await bed.Get<VectorSearch>().SearchAsync(
            bed.TenantId, state.Model, embedded.Vectors[0], SearchFilter.None, null, Limits.CandidatesPerSignal, CancellationToken.None);
        return await NamesAsync(bed, hits);
    }

    private const string NamesSql = "select id, metadata ->> 'id' from search.documents where id = any($1)";

    private static async Task<IReadOnlyList<string>> NamesAsync(Bed bed, IReadOnlyList<SignalHit> hits)
    {
        var best = hits.Select(hit => hit.DocumentId).Distinct().Take(10).ToArray();
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

using System.Collections.Concurrent;
using System.Globalization;
using Workflows.AiSearch;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.AiSearch.Text;
using Workflows.Testing;

namespace Workflows.Bench.Search;

/// <summary>
/// A large corpus: texts of 60 to 120 words, drawn by a Zipf law from a general vocabulary and from one of 500
/// topics. Whole searches by one client and by 16 at once, without and with a filter; recall of the vectors in memory
/// and of the index of the database against comparing all in full precision.
/// </summary>
internal static class ScaleBench
{
    private const int Queries = 3_000;
    private const int QueriesOfOne = 500;
    private const int RecallQueries = 100;

    public static readonly (string Suffix, SearchFilter Filter)[] Filters =
    [
        ("", SearchFilter.None),
        ("-filtered-50%", new SearchFilter([], ["half"], null, null, null)),
        ("-filtered-10%", new SearchFilter([], ["tenth"], null, null, null)),
        ("-filtered-1%", new SearchFilter([], ["percent"], null, null, null)),
    ];

    public static async Task RunAsync(PostgresServer server, int chunks)
    {
        await using var bed = await Bed.CreateAsync(server, new TopicEmbeddings());
        var clock = TimeProvider.System;
        var random = new Random(1);
        await bed.ExecuteAsync(DropIndexSql);
        var started = clock.GetTimestamp();
        await bed.IndexAsync(Enumerable.Range(0, chunks).Select(i => Generate(random, i)));
        Figures.Print($"{chunks}-index-without-hnsw", chunks / clock.GetElapsedTime(started).TotalSeconds, "chunks/s");
        started = clock.GetTimestamp();
        await SearchAsync(bed, "w1", SearchFilter.None);
        Figures.Print($"{chunks}-first-search", clock.GetElapsedTime(started).TotalSeconds, "s");
        Figures.Print($"{chunks}-memory", Environment.WorkingSet / 1e6, "MB");

        foreach (var (suffix, filter) in Filters)
        {
            await MeasureLatencyAsync($"{chunks}-1-client{suffix}", 1, QueriesOfOne, query => SearchAsync(
                bed, query, filter));
            await MeasureLatencyAsync($"{chunks}-16-clients{suffix}", 16, Queries, query => SearchAsync(
                bed, query, filter));
        }

        await MeasureRecallAsync(bed, chunks, "memory", InMemoryAsync);
        started = clock.GetTimestamp();
        await bed.ExecuteAsync(CreateIndexSql);
        Figures.Print($"{chunks}-hnsw-build", clock.GetElapsedTime(started).TotalSeconds, "s");
        await MeasureRecallAsync(bed, chunks, "hnsw", (vector, filter) => InDatabaseAsync(
            bed, vector, filter, documents: null));
        await MeasureLatencyAsync(
            $"{chunks}-hnsw-16-clients", 16, Queries / 3, query =>
                InDatabaseAsync(bed, Embed(query), SearchFilter.None, documents: null));

        async Task<IEnumerable<Guid>> InMemoryAsync(float[] vector, SearchFilter filter)
        {
            var (corpus, _) = (await bed.Get<CorpusCache>().GetAsync(bed.TenantId, CancellationToken.None))!.Value;
            return corpus.Rank(new RankingRequest(
                    KnownQuery.Nothing, TermVector.TrigramsOf(""), new Meaning(vector, null, 0), 1, filter, 0, 10, 0))
                .Hits.Select(hit => hit.DocumentId);
        }
    }

    private const string DropIndexSql = "drop index search.embeddings_384";

    private const string CreateIndexSql = """
        set maintenance_work_mem = '512MB';
        set max_parallel_maintenance_workers = 0;
        create index embeddings_384 on search.embeddings using hnsw ((embedding::halfvec(384)) halfvec_cosine_ops)
          with (m = 16, ef_construction = 100) where dimension = 384
        """;

    public static Content Generate(Random random, int number)
    {
        var topic = number % 500;
        var words = Enumerable.Range(0, random.Next(60, 120)).Select(_ => Word(random, topic));
        var tags = new List<string>();
        if (number % 2 == 0)
        {
            tags.Add("half");
        }

        if (number / 500 % 10 == 0)
        {
            tags.Add("tenth");
        }

        if (number / 500 % 100 == 0)
        {
            tags.Add("percent");
        }

        return new Content(
            ContentTypes.KnowledgeArticle, Guid.CreateVersion7(), 1,
                string.Create(CultureInfo.InvariantCulture, $"Text {number}"), tags,
            null, DateTimeOffset.UnixEpoch, "{}", [new ContentChunk("text", string.Join(' ', words))]);
    }

    private static string Word(Random random, int topic)
    {
        // Inverse of a Zipf-like law: the most frequent of 20,000 words is every tenth.
        var rank = (int)Math.Exp(random.NextDouble() * Math.Log(20_000));
        return random.Next(3) == 0
            ? string.Create(CultureInfo.InvariantCulture, $"t{topic}x{rank % 40}")
            : string.Create(CultureInfo.InvariantCulture, $"w{rank}");
    }

    public static string Query(Random random)
    {
        var topic = random.Next(500);
        return string.Join(' ', Enumerable.Range(0, 6).Select(_ => Word(random, topic)));
    }

    private static float[] Embed(string query) => TopicEmbeddings.Embed(query);

    private static Task<SearchAnswer> SearchAsync(Bed bed, string query, SearchFilter filter) =>
        bed.Get<SearchService>().SearchAsync(
            new SearchCaller(bed.TenantId, PersonId: null), new SearchQuery(query, 10, 0, filter),
                CancellationToken.None);

    private static async Task<IEnumerable<Guid>> InDatabaseAsync(
        Bed bed, float[] vector, SearchFilter filter, Guid[]? documents) =>
        (await bed.Get<VectorSearch>().SearchAsync(
            bed.TenantId, TopicEmbeddings.Model, vector, filter, documents, documents is null
                ? Limits.CandidatesPerSignal : 10,
            CancellationToken.None)).Take(10).Select(hit => hit.DocumentId);

    private static async Task MeasureRecallAsync(
        Bed bed, int chunks, string what, Func<float[], SearchFilter, Task<IEnumerable<Guid>>> search)
    {
        var (corpus, _) = (await bed.Get<CorpusCache>().GetAsync(bed.TenantId, CancellationToken.None))!.Value;
        foreach (var (suffix, filter) in Filters)
        {
            var all = corpus.AllowedDocuments(filter);
            var random = new Random(2);
            var found = 0;
            for (var i = 0; i < RecallQueries; i++)
            {
                var vector = Embed(Query(random));
                var exact = await InDatabaseAsync(bed, vector, filter, all);
                found += exact.Intersect(await search(vector, filter)).Count();
            }

            Figures.Print($"{chunks}-{what}{suffix}", found / (10.0 * RecallQueries), "recall@10");
        }
    }

    private static async Task MeasureLatencyAsync<T>(
        string metric, int clients, int queries, Func<string, Task<T>> search)
    {
        var latencies = new ConcurrentBag<double>();
        var started = TimeProvider.System.GetTimestamp();
        var before = Environment.CpuUsage.TotalTime;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            var random = new Random(100 + client);
            for (var i = 0; i < queries / clients; i++)
            {
                var begun = TimeProvider.System.GetTimestamp();
                await search(Query(random));
                latencies.Add(TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds);
            }
        })));
        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        var sorted = latencies.Order().ToArray();
        Figures.Print($"{metric}-p50", Figures.Percentile(sorted, 0.5), "ms");
        Figures.Print($"{metric}-p95", Figures.Percentile(sorted, 0.95), "ms");
        Figures.Print($"{metric}-cpu", (Environment.CpuUsage.TotalTime - before).TotalMilliseconds / sorted.Length,
            "CPU ms per search");
        Figures.Print($"{metric}-throughput", sorted.Length / seconds, "searches/s");
    }
}

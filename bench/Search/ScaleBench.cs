using System.Collections.Concurrent;
using System.Globalization;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.Testing;

namespace Workflows.Bench.Search;

/// <summary>
/// A large corpus: texts of 60 to 120 words, drawn by a Zipf law from a general vocabulary and from one of 500 topics. Recall of the index
/// against comparing all vectors; latency of whole searches by 16 clients at once, without and with a filter.
/// </summary>
internal static class ScaleBench
{
    private const int Clients = 16;
    private const int Queries = 3_000;

    public static async Task RunAsync(PostgresServer server, int chunks)
    {
        await using var bed = await Bed.CreateAsync(server);
        var clock = TimeProvider.System;
        var random = new Random(1);
        var started = clock.GetTimestamp();
        await bed.IndexAsync(Enumerable.Range(0, chunks).Select(i => Generate(random, i)));
        Figures.Print("index", chunks / clock.GetElapsedTime(started).TotalSeconds, "chunks/s");
        started = clock.GetTimestamp();
        await bed.Get<Sweep>().RunAsync(CancellationToken.None);
        Figures.Print("train-and-embed", clock.GetElapsedTime(started).TotalSeconds, "s");
        started = clock.GetTimestamp();
        await SearchAsync(bed, "w1", SearchFilter.None);
        Figures.Print("first-search", clock.GetElapsedTime(started).TotalSeconds, "s");

        await MeasureLatencyAsync(bed, SearchFilter.None, "");
        await MeasureLatencyAsync(bed, new SearchFilter([], ["tenth"], null, null, null), "-filtered-10%");
        await MeasureLatencyAsync(bed, new SearchFilter([], ["percent"], null, null, null), "-filtered-1%");
        Figures.Print("memory", GC.GetTotalMemory(forceFullCollection: true) / 1e6, "MB");
    }

    private static Content Generate(Random random, int number)
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
            ContentTypes.KnowledgeArticle, Guid.CreateVersion7(), 1, string.Create(CultureInfo.InvariantCulture, $"Text {number}"), tags,
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

    private static string Query(Random random)
    {
        var topic = random.Next(500);
        return string.Join(' ', Enumerable.Range(0, 6).Select(_ => Word(random, topic)));
    }

    private static Task<SearchAnswer> SearchAsync(Bed bed, string query, SearchFilter filter) =>
        bed.Get<SearchService>().SearchAsync(
            new SearchCaller(bed.TenantId, PersonId: null), new SearchQuery(query, 10, 0, filter), CancellationToken.None);

    private static async Task MeasureLatencyAsync(Bed bed, SearchFilter filter, string suffix)
    {
        var latencies = new ConcurrentBag<double>();
        var started = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var random = new Random(100 + client);
            for (var i = 0; i < Queries / Clients; i++)
            {
                var begun = TimeProvider.System.GetTimestamp();
                await SearchAsync(bed, Query(random), filter);
                latencies.Add(TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds);
            }
        })));
        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        var sorted = latencies.Order().ToArray();
        Figures.Print($"p50{suffix}", Figures.Percentile(sorted, 0.5), "ms");
        Figures.Print($"p95{suffix}", Figures.Percentile(sorted, 0.95), "ms");
        Figures.Print($"throughput{suffix}", sorted.Length / seconds, "searches/s");
    }
}

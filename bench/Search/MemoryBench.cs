using Workflows.AiSearch.Search;
using Workflows.Testing;

namespace Workflows.Bench.Search;

/// <summary>Memory of the process under indexing and 16 clients, with the embedder that the configuration
/// names.</summary>
internal static class MemoryBench
{
    private const int Clients = 16;

    public static async Task RunAsync(PostgresServer server, int chunks)
    {
        await using var bed = await Bed.CreateAsync(server);
        var random = new Random(1);
        var contents = Enumerable.Range(0, chunks).Select(i => ScaleBench.Generate(random, i)).ToList();
        Figures.Print("memory-before", Environment.WorkingSet / 1e6, "MB");
        await bed.IndexAsync(contents.Take(50));
        var started = TimeProvider.System.GetTimestamp();
        var indexing = Task.Run(() => bed.IndexAsync(contents.Skip(50)));
        var (most, latencies) = (0L, new List<double>());
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var queries = new Random(100 + client);
            while (!indexing.IsCompleted)
            {
                var begun = TimeProvider.System.GetTimestamp();
                await bed.Get<SearchService>().SearchAsync(
                    new SearchCaller(bed.TenantId, PersonId: null),
                    new SearchQuery(ScaleBench.Query(queries), 10, 0, SearchFilter.None), CancellationToken.None);
                var milliseconds = TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds;
                lock (latencies)
                {
                    latencies.Add(milliseconds);
                    most = Math.Max(most, Environment.WorkingSet);
                }
            }
        })));
        await indexing;
        Figures.Print(
            "memory-index", (chunks - 50) / TimeProvider.System.GetElapsedTime(started).TotalSeconds, "chunks/s");
        Figures.Print("memory-most", most / 1e6, "MB");
        var sorted = latencies.Order().ToArray();
        Figures.Print("memory-16-clients-p50", Figures.Percentile(sorted, 0.5), "ms");
        Figures.Print("memory-16-clients-p95", Figures.Percentile(sorted, 0.95), "ms");
    }
}

using Workflows.Bench.Search;
using Workflows.Testing;

// Usage: Workflows.Bench.Search [quality FOLDER] [scale CHUNKS]
//   quality  nDCG@10 of each signal and of the fused ranking on the collections below FOLDER (BEIR layout)
//   scale    recall, latency and throughput over CHUNKS generated chunks (default 100,000), 16 clients
var server = await PostgresServer.StartAsync(durable: true, new Dictionary<string, string>
{
    ["shared_buffers"] = "1GB",
    ["max_wal_size"] = "4GB",
    ["maintenance_work_mem"] = "512MB",
});
await using (server)
{
    for (var i = 0; i + 1 < args.Length; i += 2)
    {
        switch (args[i])
        {
            case "quality":
                foreach (var folder in Directory.EnumerateDirectories(args[i + 1]).Order(StringComparer.Ordinal))
                {
                    await QualityBench.RunAsync(server, folder);
                }

                break;
            case "scale":
                await ScaleBench.RunAsync(server, int.Parse(args[i + 1], provider: null));
                break;
            default:
                Console.Error.WriteLine($"Unknown benchmark '{args[i]}'.");
                return 2;
        }
    }
}

return 0;

using Workflows.Bench.Search;
using Workflows.Testing;

// Usage: Workflows.Bench.Search [quality FOLDER] [scale|rank|memory CHUNKS]
//   quality  nDCG@10 of each signal and of the fused ranking on the collections below FOLDER (BEIR layout)
//   scale    recall, latency and throughput over CHUNKS generated chunks, 1 and 16 clients
//   rank     the ranking alone over CHUNKS generated chunks
//   memory   memory while CHUNKS generated chunks are indexed and 16 clients search
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
            case "memory":
                await MemoryBench.RunAsync(server, int.Parse(args[i + 1], provider: null));
                break;
            case "rank":
                RankBench.Run(int.Parse(args[i + 1], provider: null));
                break;
            default:
                Console.Error.WriteLine($"Unknown benchmark '{args[i]}'.");
                return 2;
        }
    }
}

return 0;

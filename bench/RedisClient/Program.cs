using Workflows.Bench.Micro;
using Workflows.RedisClient;

// Measures our Redis client against redis-benchmark on the same server in the same run, since machines differ.
// WORKFLOWS_SERVERS_BIN names the folder of redis-server and redis-benchmark. Arguments are BenchmarkDotNet's.
if (!File.Exists(Path.Combine(BenchmarkServer.Folder, "redis-benchmark")))
{
    await Console.Error.WriteLineAsync(
        $"No redis-benchmark in '{BenchmarkServer.Folder}'; set WORKFLOWS_SERVERS_BIN to the folder that has it.");
    return 1;
}

var figures = MicroBenchmark.Run(args, typeof(ClientBenchmarks));
var references = figures.Where(figure => figure.Method == nameof(ClientBenchmarks.Reference))
    .ToDictionary(figure => figure.Name, figure => figure.Nanoseconds);
foreach (var figure in figures.Where(figure => figure.Method == nameof(ClientBenchmarks.Client)))
{
    MicroBenchmark.Print("redis-client", figure);
    if (references.TryGetValue(figure.Name, out var reference))
    {
        MicroBenchmark.Print("redis-client", $"{figure.Name}-reference", reference, "ns");
        MicroBenchmark.Print("redis-client", $"{figure.Name}-ratio", reference / figure.Nanoseconds, "x");
    }
}

return 0;

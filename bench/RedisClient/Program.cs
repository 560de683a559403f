using System.Globalization;
using Workflows.RedisClient;

// Measures our Redis client against redis-benchmark on the same server in the same run, since machines differ.
// Usage: RedisClient [commands per measurement]. WORKFLOWS_SERVERS_BIN names the folder of redis-server and redis-benchmark.
var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200_000;
var folder = Environment.GetEnvironmentVariable("WORKFLOWS_SERVERS_BIN") ?? Path.Combine(".local", "servers", "bin");
if (!File.Exists(Path.Combine(folder, "redis-benchmark")))
{
    await Console.Error.WriteLineAsync($"No redis-benchmark in '{folder}'; set WORKFLOWS_SERVERS_BIN to the folder that has it.");
    return 1;
}

await using var server = await BenchmarkServer.StartAsync(folder);
await new ClientBenchmark(server, count).RunAsync();
return 0;

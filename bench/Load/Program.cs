using System.Runtime.Versioning;
using Workflows.Load;
using Workflows.Load.Benchmarks;
using Workflows.Load.Soak;

[assembly: SupportedOSPlatform("linux")] // It signals processes, mounts, and reads /proc.

if (args is [SoakRun.Name, .. var options])
{
    return await SoakRun.RunAsync(options);
}

IBenchmark[] all =
[
    new NoopBenchmark(), new TenStepBenchmark(), new LatencyBenchmark(), new FanOutBenchmark(), new CrashBenchmark(),
    new ParkedBenchmark(), new OldSnapshotBenchmark(), new NoRedisBenchmark(), new EventsBenchmark(),
    new SchedulesBenchmark(), new ReadsBenchmark(), new SocketsBenchmark(),
];
var withStatements = args.Contains("--statements");
args = [.. args.Where(argument => argument != "--statements")];
var chosen = args is [] or ["all"] ? all : [.. all.Where(benchmark => args.Contains(benchmark.Name))];
if (chosen.Length == 0 || (args is not ([] or ["all"]) && chosen.Length != args.Length))
{
    await Console.Error.WriteLineAsync(
        $"usage: {SoakRun.Usage}, or bench/run [all | NAME...] [--statements]; the names are {string.Join(", ", all.Select(benchmark => benchmark.Name))}");
    return 2;
}

foreach (var benchmark in chosen)
{
    await FigurePage.UpdateAsync(benchmark, await BenchmarkRun.OfAsync(benchmark, withStatements));
}

return 0;

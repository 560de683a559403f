using Workflows.Load;
using Workflows.Load.Benchmarks;
using Workflows.Testing;

IBenchmark[] all =
[
    new NoopBenchmark(), new TenStepBenchmark(), new LatencyBenchmark(), new FanOutBenchmark(), new CrashBenchmark(), new ParkedBenchmark(), new OldSnapshotBenchmark(),
    new NoRedisBenchmark(),
];
var chosen = args is [] or ["all"] ? all : [.. all.Where(benchmark => args.Contains(benchmark.Name))];
if (chosen.Length == 0 || (args is not ([] or ["all"]) && chosen.Length != args.Length))
{
    await Console.Error.WriteLineAsync($"usage: bench/run [all | NAME...]; the names are {string.Join(", ", all.Select(benchmark => benchmark.Name))}");
    return 2;
}

foreach (var benchmark in chosen)
{
    // Data of its own for each: the figures of one do not depend on what ran before it.
    await using var platform = await Platform.StartAsync("release");
    using var client = new PlatformClient(platform);
    var figures = new List<Figure>();
    await benchmark.RunAsync(platform, client, (metric, value, unit) =>
    {
        var figure = new Figure(benchmark.Name, metric, value, unit);
        figures.Add(figure);
        Console.WriteLine(figure);
    });
    await FigurePage.UpdateAsync(benchmark, figures);
}

return 0;

using Workflows.Testing;

namespace Workflows.Load;

/// <summary>Runs a benchmark on a platform of its own: its figures do not depend on what ran before it.</summary>
internal static class BenchmarkRun
{
    /// <summary>Prints each figure as it comes.</summary>
    /// <exception cref="InvalidOperationException">The results are not all there: the run does not count.</exception>
    /// <param name="benchmark">What is measured.</param>
    /// <param name="withStatements">Whether to print also what PostgreSQL's statements cost.</param>
    public static async Task<IReadOnlyList<Figure>> OfAsync(IBenchmark benchmark, bool withStatements = false)
    {
        await using var platform = await Platform.StartAsync("release", benchmark.Settings);
        using var client = new PlatformClient(platform);
        var figures = new List<Figure>();
        await benchmark.RunAsync(platform, client, (metric, value, unit) =>
        {
            var figure = new Figure(benchmark.Name, metric, value, unit);
            figures.Add(figure);
            Console.WriteLine(figure);
        });
        if (withStatements)
        {
            await StatementCosts.PrintAsync(client);
        }

        return figures;
    }
}

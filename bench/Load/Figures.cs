using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Workflows.Testing;

namespace Workflows.Load;

/// <summary>A load on the whole platform, as a user would put it there.</summary>
internal interface IBenchmark
{
    string Name { get; }

    /// <summary>What is done and what must be reached, for the page of figures.</summary>
    string Description { get; }

    /// <summary>Settings of the platform that it is run on, beside the usual ones.</summary>
    IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>();

    /// <exception cref="InvalidOperationException">The results are not all there: the run does not count.</exception>
    Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report);
}

/// <summary>One measured figure; prints as <c>ours NAME METRIC VALUE UNIT</c>.</summary>
/// <param name="Of">Whose it is, as it is printed: <c>ours</c>, <c>peer NAME</c>, <c>ours/peer NAME</c>.</param>
internal sealed record Figure(string Benchmark, string Metric, double Value, string Unit, string Of = "ours")
{
    // What is small would be off by several per cent with two decimals, and bench/history.csv looks for 5 %.
    public string Text => Value.ToString(
        Math.Abs(Value) switch { >= 100 => "0", >= 1 => "0.##", _ => "0.####" }, CultureInfo.InvariantCulture);

    public override string ToString() => $"{Of} {Benchmark} {Metric} {Text} {Unit}";
}

/// <summary>
/// Keeps <c>bench/FIGURES.md</c>: one section per benchmark, replaced by each run; what people wrote around them stays.
/// </summary>
internal static class FigurePage
{
    private static readonly string Page = Path.Combine(Repository.Root, "bench", "FIGURES.md");

    /// <summary>Replaces the section of a benchmark by a table of its figures.</summary>
    public static Task UpdateAsync(IBenchmark benchmark, IReadOnlyList<Figure> figures) =>
        UpdateAsync(benchmark.Name, benchmark.Description, TableOf(figures));

    /// <summary>Replaces a section, or adds it at the end.</summary>
    /// <param name="name">Of the markers around it, and its heading.</param>
    /// <param name="description">What was done, a paragraph.</param>
    /// <param name="tables">What came of it, as Markdown that ends with a line.</param>
    public static async Task UpdateAsync(string name, string description, string tables)
    {
        var text = File.Exists(Page) ? await File.ReadAllTextAsync(Page) : "# Figures\n";
        var section = $"<!-- {name} -->\n## {name}\n\n{description}\n\n{Machine()}, commit {Commit()}.\n\n{tables}"
            + $"<!-- /{name} -->\n";
        var existing = Regex.Match(text, $"<!-- {name} -->.*?<!-- /{name} -->\n?", RegexOptions.Singleline);
        await File.WriteAllTextAsync(Page, existing.Success
            ? text.Replace(existing.Value, section, StringComparison.Ordinal)
            : $"{text.TrimEnd()}\n\n{section}");
    }

    private static string TableOf(IReadOnlyList<Figure> figures) =>
        "| metric | value | unit |\n|---|---:|---|\n"
        + string.Concat(figures.Select(figure => $"| {figure.Metric} | {figure.Text} | {figure.Unit} |\n"));

    private static string Machine()
    {
        var model = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30;
        return $"{Environment.ProcessorCount} cores ({model}), {memory} GiB, load generator on the same cores";
    }

    private static string Commit()
    {
        var start = new ProcessStartInfo("git", "rev-parse --short HEAD")
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Repository.Root,
        };
        using var git = Process.Start(start)!;
        return git.StandardOutput.ReadToEnd().Trim();
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Workflows.Testing;

namespace Workflows.Load;

/// <summary>A load on the whole platform, as a user would put it there.</summary>
internal interface IBenchmark
{
    string Name { get; }

    /// <summary>What is done and what must be reached, for the page of figures.</summary>
    string Description { get; }

    /// <exception cref="InvalidOperationException">The results are not all there: the run does not count.</exception>
    Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report);
}

/// <summary>One measured figure; prints as <c>ours NAME METRIC VALUE UNIT</c>.</summary>
internal sealed record Figure(string Benchmark, string Metric, double Value, string Unit)
{
    public string Text => Value.ToString(Math.Abs(Value) >= 100 ? "0" : "0.##", CultureInfo.InvariantCulture);

    public override string ToString() => $"ours {Benchmark} {Metric} {Text} {Unit}";
}

/// <summary>Keeps <c>bench/FIGURES.md</c>: one section per benchmark, replaced by each run; what people wrote around them stays.</summary>
internal static partial class FigurePage
{
    private static readonly string Page = Path.Combine(Repository.Root, "bench", "FIGURES.md");

    public static async Task UpdateAsync(IBenchmark benchmark, IReadOnlyList<Figure> figures)
    {
        var text = File.Exists(Page) ? await File.ReadAllTextAsync(Page) : "# Figures\n";
        var section = Section(benchmark, figures);
        var existing = Regex.Match(text, $"<!-- {benchmark.Name} -->.*?<!-- /{benchmark.Name} -->\n?", RegexOptions.Singleline);
        await File.WriteAllTextAsync(Page, existing.Success ? text.Replace(existing.Value, section, StringComparison.Ordinal) : $"{text.TrimEnd()}\n\n{section}");
    }

    private static string Section(IBenchmark benchmark, IReadOnlyList<Figure> figures)
    {
        var section = new StringBuilder();
        section.Append(CultureInfo.InvariantCulture, $"<!-- {benchmark.Name} -->\n## {benchmark.Name}\n\n{benchmark.Description}\n\n");
        section.Append(CultureInfo.InvariantCulture, $"{Machine()}, commit {Commit()}.\n\n| metric | value | unit |\n|---|---:|---|\n");
        foreach (var figure in figures)
        {
            section.Append(CultureInfo.InvariantCulture, $"| {figure.Metric} | {figure.Text} | {figure.Unit} |\n");
        }

        return section.Append(CultureInfo.InvariantCulture, $"<!-- /{benchmark.Name} -->\n").ToString();
    }

    private static string Machine()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
        return $"{Environment.ProcessorCount} cores ({model}), {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, load generator on the same machine";
    }

    private static string Commit()
    {
        using var git = Process.Start(new ProcessStartInfo("git", "rev-parse --short HEAD") { RedirectStandardOutput = true, WorkingDirectory = Repository.Root })!;
        return git.StandardOutput.ReadToEnd().Trim();
    }
}

using System.Globalization;
using Workflows.Testing;

namespace Workflows.Load.Soak;

/// <summary>How memory or handles of a process developed.</summary>
/// <param name="What">The process and the measure.</param>
/// <param name="First">The median of the first third after the warm-up.</param>
/// <param name="Last">The median of the last third.</param>
/// <param name="Unit">MB or handles.</param>
/// <param name="IsFlat">Whether the last is at most a fifth and a bit above the first.</param>
internal sealed record Trend(string What, double First, double Last, string Unit, bool IsFlat);

/// <summary>
/// Memory and file handles of each process, taken again and again. Of PostgreSQL it is the mean of its processes, and
/// the memory that each has to itself: their number goes with the load.
/// </summary>
internal sealed class ProcessSamples(Platform platform)
{
    private const double WarmUpPart = 0.15;
    private const double GrowthAllowed = 1.2;
    private const double MegabytesAllowed = 30;
    private const double HandlesAllowed = 30;
    private const int Fewest = 6;

    private readonly Dictionary<string, List<(double Memory, double Handles)>> _samples = [];

    /// <summary>Looks at all processes that run.</summary>
    public void Take()
    {
        foreach (var process in platform.Processes())
        {
            var tree = process.Resource == "postgres" ? Tree(process.Id) : [process.Id];
            var memory = tree.Average(id => Memory(id, process.Resource == "postgres" ? "RssAnon:" : "VmRSS:"));
            var handles = tree.Average(Handles);
            if (memory > 0 && handles > 0)
            {
                var name = process.Resource is "worker" ? $"worker-{process.Replica}" : process.Resource;
                (_samples.TryGetValue(name, out var list) ? list : _samples[name] = []).Add((memory, handles));
            }
        }
    }

    /// <summary>One trend for the memory and one for the handles of each process that was seen often enough.</summary>
    public IReadOnlyList<Trend> Trends() =>
    [
        .. _samples.Where(entry => entry.Value.Count >= Fewest).OrderBy(entry => entry.Key).SelectMany(entry => new[]
        {
            TrendOf($"{entry.Key}-memory", [.. entry.Value.Select(sample => sample.Memory)], "MB", MegabytesAllowed),
            TrendOf($"{entry.Key}-handles", [.. entry.Value.Select(s => s.Handles)], "handles", HandlesAllowed),
        }),
    ];

    private static Trend TrendOf(string what, List<double> values, string unit, double allowed)
    {
        var steady = values.Skip((int)(values.Count * WarmUpPart)).ToList();
        var third = Math.Max(1, steady.Count / 3);
        var first = Workloads.Percentile(steady.Take(third).ToList(), 0.5);
        var last = Workloads.Percentile(steady.TakeLast(third).ToList(), 0.5);
        return new Trend(what, first, last, unit, last <= (first * GrowthAllowed) + allowed);
    }

    private static List<int> Tree(int root)
    {
        var found = new List<int> { root };
        for (var index = 0; index < found.Count; index++)
        {
            found.AddRange(ChildrenOf(found[index]));
        }

        return found;
    }

    /// <summary>The processes that this one has started.</summary>
    public static IReadOnlyList<int> ChildrenOf(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/task/{id}/children");
            return
            [
                .. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(each => int.Parse(each, CultureInfo.InvariantCulture)),
            ];
        }
        catch (IOException)
        {
            return []; // It ended meanwhile.
        }
    }

    private static double Memory(int id, string field)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status")
                .FirstOrDefault(each => each.StartsWith(field, StringComparison.Ordinal));
            var kilobytes = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2] ?? "0";
            return double.Parse(kilobytes, CultureInfo.InvariantCulture) / 1024;
        }
        catch (IOException)
        {
            return 0; // It ended meanwhile.
        }
    }

    private static double Handles(int id)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{id}/fd").Count();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0; // It ended meanwhile.
        }
    }
}

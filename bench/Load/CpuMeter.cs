using System.Globalization;
using Workflows.Testing;

namespace Workflows.Load;

/// <summary>
/// CPU seconds of the platform's processes (PostgreSQL's backends among them), by resource, and beside them those of this
/// process, which generates the load on the same cores.
/// </summary>
internal sealed class CpuMeter(Platform platform)
{
    private const double TicksPerSecond = 100;

    private readonly Dictionary<string, double> _before = Read(platform);
    private readonly TimeSpan _generatorBefore = Environment.CpuUsage.TotalTime;

    /// <summary>Who took how much since the meter was made.</summary>
    /// <param name="seconds">How long the load lasted.</param>
    public CpuShares ReadShares(double seconds) =>
        new(Read(), (Environment.CpuUsage.TotalTime - _generatorBefore).TotalSeconds, seconds);

    /// <summary>CPU seconds of the platform since the meter was made.</summary>
    public IReadOnlyDictionary<string, double> Read() =>
        Read(platform).ToDictionary(entry => entry.Key, entry => entry.Value - _before.GetValueOrDefault(entry.Key));

    private static Dictionary<string, double> Read(Platform platform)
    {
        var children = new Dictionary<int, List<int>>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var pid) && Stat(pid) is { } stat)
            {
                (children.TryGetValue(stat.Parent, out var list) ? list : children[stat.Parent] = []).Add(pid);
            }
        }

        var seconds = new Dictionary<string, double>();
        foreach (var process in platform.Processes())
        {
            seconds[process.Resource] = seconds.GetValueOrDefault(process.Resource) + Sum(process.Id);
        }

        return seconds;

        double Sum(int pid) => (Stat(pid)?.Seconds ?? 0) + (children.TryGetValue(pid, out var list) ? list.Sum(Sum) : 0);
    }

    // Own time and that of ended children: a backend that closed is counted with its parent.
    private static (int Parent, double Seconds)? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = fields[11..15].Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), ticks / TicksPerSecond);
        }
        catch (IOException)
        {
            return null; // it ended meanwhile
        }
    }
}

/// <summary>CPU seconds of a load.</summary>
/// <param name="Platform">Of each resource; what is compared.</param>
/// <param name="Generator">Of the load generator. It shares the cores, so what it takes the platform lacks.</param>
/// <param name="Seconds">How long the load lasted.</param>
internal sealed record CpuShares(IReadOnlyDictionary<string, double> Platform, double Generator, double Seconds)
{
    /// <summary>For the page of figures: what the rows mean.</summary>
    public const string Meaning =
        "`cpu` is that of all processes of the platform. The load generator is not part of it: it takes "
        + "`cpu-generator` of the same cores, and `without-generator` is the throughput with that time taken off "
        + "(executions per second of the run less the generator's CPU seconds per core), which is what generators on "
        + "a machine of their own would approach.";

    /// <summary>CPU seconds per 1,000: of the platform, of each resource, of the generator.</summary>
    /// <param name="count">What was done meanwhile.</param>
    /// <param name="unit">Of it per second, as <c>exec/s</c>.</param>
    public void Report(int count, string unit, Action<string, double, string> report)
    {
        const string Unit = "CPU s per 1,000";
        var perThousand = 1_000.0 / count;
        report("cpu", Platform.Values.Sum() * perThousand, Unit);
        foreach (var (resource, seconds) in Platform.OrderByDescending(entry => entry.Value))
        {
            report($"cpu-{resource}", seconds * perThousand, Unit);
        }

        report("cpu-generator", Generator * perThousand, Unit);
        report("without-generator", count / (Seconds - (Generator / Environment.ProcessorCount)), unit);
    }
}

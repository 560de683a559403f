using System.Globalization;
using Workflows.Testing;

namespace Workflows.Load;

/// <summary>CPU seconds of the platform's processes (PostgreSQL's backends among them), by resource; the load generator is not part of it.</summary>
internal sealed class CpuMeter(Platform platform)
{
    private const double TicksPerSecond = 100;

    private readonly Dictionary<string, double> _before = Read(platform);

    /// <summary>CPU seconds since the meter was made.</summary>
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

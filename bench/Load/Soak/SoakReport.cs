using System.Globalization;
using System.Text;

namespace Workflows.Load.Soak;

/// <summary>What became of a fault.</summary>
/// <param name="Fault">Which.</param>
/// <param name="Back">Seconds until the throughput was back; null when it was not in time.</param>
internal sealed record Outcome(Fault Fault, double? Back);

/// <summary>The protocol of a soak: figures as they are printed, tables for the page of figures.</summary>
internal sealed class SoakReport
{
    private readonly List<Outcome> _outcomes = [];
    private readonly List<Figure> _figures = [];

    public void Add(Outcome outcome, double at, double rate)
    {
        _outcomes.Add(outcome);
        var back = outcome.Back is { } seconds
            ? string.Create(CultureInfo.InvariantCulture, $"back after {seconds:0.0} s")
            : "not back in time";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"fault {_outcomes.Count} at {at / 60:0.0} min: {outcome.Fault.Name}, {back} ({rate:0.0} ends/s before)"));
    }

    public void Add(string metric, double value, string unit)
    {
        var figure = new Figure("soak", metric, value, unit);
        _figures.Add(figure);
        Console.WriteLine(figure);
    }

    /// <summary>The figures of each kind of fault that came at least once.</summary>
    public void AddRecoveries()
    {
        foreach (var kind in _outcomes.GroupBy(outcome => outcome.Fault.Name))
        {
            Add($"{kind.Key}-back-max", kind.Max(outcome => outcome.Back ?? double.PositiveInfinity), "s");
        }
    }

    /// <summary>Faults that the load was not back after.</summary>
    public IEnumerable<string> NotBack() =>
        _outcomes.Where(outcome => outcome.Back is null).Select(outcome => outcome.Fault.Name);

    public string Tables()
    {
        var text = new StringBuilder(
            "| fault | what | times | back after, median | longest |\n|---|---|---:|---:|---:|\n");
        foreach (var kind in _outcomes.GroupBy(outcome => outcome.Fault))
        {
            var seconds = kind.Select(outcome => outcome.Back ?? double.PositiveInfinity).ToList();
            var (median, longest) = (Workloads.Percentile(seconds, 0.5), seconds.Max());
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {kind.Key.Name} | {kind.Key.What} | {seconds.Count} | {median:0.0} s | {longest:0.0} s |\n");
        }

        text.Append("\n| metric | value | unit |\n|---|---:|---|\n");
        foreach (var figure in _figures.Where(figure => !figure.Metric.EndsWith("-back-max", StringComparison.Ordinal)))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {figure.Metric} | {figure.Text} | {figure.Unit} |\n");
        }

        return text.ToString();
    }
}

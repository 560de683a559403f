using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Workflows.ServiceDefaults;

/// <summary>
/// Answers a scrape with what the meters hold at that moment. Nothing is collected in between; two scrapes at once wait for
/// each other, since the SDK's aggregates are read in place. How many series a meter may have is limited by the SDK (2,000
/// sets of tags for each instrument, the rest in one overflow series).
/// </summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter : BaseExporter<Metric>, IPullMetricExporter
{
    private readonly Lock _lock = new();
    private PrometheusText? _text;

    public Func<int, bool>? Collect { get; set; }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        var text = _text ?? throw new InvalidOperationException("Metrics are read only for a scrape.");
        var metrics = new List<Metric>();
        foreach (var metric in batch)
        {
            metrics.Add(metric);
        }

        // All series of one name have to stand together.
        foreach (var metric in metrics.OrderBy(metric => metric.Name, StringComparer.Ordinal))
        {
            text.Write(metric);
        }

        return ExportResult.Success;
    }

    /// <returns>The exposition text, or null when collecting took longer than its limit.</returns>
    public string? Scrape()
    {
        lock (_lock)
        {
            _text = new PrometheusText();
            try
            {
                return Collect?.Invoke(Limits.ScrapeTimeoutSeconds * 1000) == true ? _text.ToString() : null;
            }
            finally
            {
                _text = null;
            }
        }
    }
}

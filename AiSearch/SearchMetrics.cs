using System.Diagnostics.Metrics;

namespace Workflows.AiSearch;

/// <summary>What the service measures of itself, on the meter <c>Workflows.AiSearch</c>.</summary>
internal sealed class SearchMetrics
{
    public const string MeterName = "Workflows.AiSearch";

    private readonly Histogram<double> _searchDuration;
    private readonly Histogram<double> _lag;
    private readonly Counter<long> _indexed;
    private readonly Counter<long> _parked;
    private readonly Counter<long> _retried;
    private readonly Counter<long> _embedded;
    private readonly Histogram<double> _embeddingDuration;
    private readonly Histogram<double> _fileDuration;

    public SearchMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _searchDuration = meter.CreateHistogram<double>("workflows.search.duration", "s", "Time to answer a search.");
        _lag = meter.CreateHistogram<double>("workflows.search.index.lag", "s", "Time from a change to its being found.");
        _indexed = meter.CreateCounter<long>("workflows.search.index.documents", "{document}", "Documents worked off, by outcome.");
        _parked = meter.CreateCounter<long>("workflows.search.index.parked", "{row}", "Outbox rows given up after all attempts.");
        _retried = meter.CreateCounter<long>("workflows.search.index.retries", "{row}", "Outbox rows put back after a failure.");
        _embedded = meter.CreateCounter<long>("workflows.search.embedding.texts", "{text}", "Texts embedded, by model.");
        _embeddingDuration = meter.CreateHistogram<double>("workflows.search.embedding.duration", "s", "Time of a provider's call.");
        _fileDuration = meter.CreateHistogram<double>(
            "workflows.search.file.duration", "s", "Time to read a file, by format and outcome.");
    }

    public void Searched(string mode, TimeSpan duration) =>
        _searchDuration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("mode", mode));

    public void Indexed(string outcome, TimeSpan lag)
    {
        _indexed.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        _lag.Record(lag.TotalSeconds);
    }

    public void Parked(string topic) => _parked.Add(1, new KeyValuePair<string, object?>("topic", topic));

    public void Retried(string topic) => _retried.Add(1, new KeyValuePair<string, object?>("topic", topic));

    public void Embedded(string model, int texts, TimeSpan duration)
    {
        _embedded.Add(texts, new KeyValuePair<string, object?>("model", model));
        _embeddingDuration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("model", model));
    }

    public void FileRead(string format, string outcome, TimeSpan duration) => _fileDuration.Record(
        duration.TotalSeconds, new KeyValuePair<string, object?>("format", format),
        new KeyValuePair<string, object?>("outcome", outcome));
}

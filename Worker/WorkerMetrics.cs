using System.Diagnostics.Metrics;

namespace Workflows.Worker;

/// <summary>The worker's figures, under the meter <c>Workflows.Worker</c>. Costs next to nothing while nobody listens.</summary>
internal sealed class WorkerMetrics : IDisposable
{
    private readonly Meter _meter = new("Workflows.Worker");
    private readonly Counter<long> _started;
    private readonly Counter<long> _finished;
    private readonly Counter<long> _steps;
    private readonly Counter<long> _rescued;
    private readonly Counter<long> _lost;
    private readonly Counter<long> _routingFailures;
    private readonly Counter<long> _setAside;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _checkpointDuration;
    private readonly Histogram<int> _checkpointExecutions;
    private readonly Histogram<double> _claimDuration;

    public WorkerMetrics()
    {
        _started = _meter.CreateCounter<long>("workflows.executions.started", "{execution}", "Executions claimed by this worker.");
        _finished = _meter.CreateCounter<long>("workflows.executions.finished", "{execution}", "Executions that ended here, by status.");
        _steps = _meter.CreateCounter<long>("workflows.steps.recorded", "{step}", "Steps made durable.");
        _rescued = _meter.CreateCounter<long>("workflows.executions.rescued", "{execution}", "Executions taken from dead workers.");
        _lost = _meter.CreateCounter<long>(
            "workflows.executions.lost", "{execution}",
            "Executions failed because they lost one worker after the other.");
        _routingFailures = _meter.CreateCounter<long>("workflows.events.routing_failures", "{failure}", "Times that one event could not be routed by itself.");
        _setAside = _meter.CreateCounter<long>(
            "workflows.batches.set_aside", "{item}",
                "Items of batches over several tenants that failed by themselves, by kind.");
        _duration = _meter.CreateHistogram<double>("workflows.execution.duration", "s", "From acceptance to end.");
        _checkpointDuration = _meter.CreateHistogram<double>("workflows.checkpoint.duration", "s", "One group checkpoint, with its retries.");
        _checkpointExecutions = _meter.CreateHistogram<int>("workflows.checkpoint.executions", "{execution}", "Executions in one group checkpoint.");
        _claimDuration = _meter.CreateHistogram<double>("workflows.claim.duration", "s", "One claim round trip.");
    }

    public void Claimed(int executions, TimeSpan duration)
    {
        _started.Add(executions);
        _claimDuration.Record(duration.TotalSeconds);
    }

    public void Checkpoint(int executions, int steps, TimeSpan duration)
    {
        _steps.Add(steps);
        _checkpointExecutions.Record(executions);
        _checkpointDuration.Record(duration.TotalSeconds);
    }

    public void Finished(string status, TimeSpan duration)
    {
        _finished.Add(1, new KeyValuePair<string, object?>("status", status));
        _duration.Record(duration.TotalSeconds);
    }

    public void Lost() => _lost.Add(1);

    public void RoutingFailed() => _routingFailures.Add(1);

    /// <summary>An item was taken out of a batch; for good, or until the next round.</summary>
    public void SetAside(string what, bool isForGood) => _setAside.Add(
        1, new KeyValuePair<string, object?>("kind", what), new KeyValuePair<string, object?>("final", isForGood));

    public void Rescued(int executions) => _rescued.Add(executions);

    /// <summary>Publishes a figure that is read when somebody asks.</summary>
    public void Observe(string name, string unit, string description, Func<long> value) =>
        _meter.CreateObservableGauge(name, value, unit, description);

    public void Dispose() => _meter.Dispose();
}

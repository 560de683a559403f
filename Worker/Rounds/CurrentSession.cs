using Workflows.Worker.Ownership;

namespace Workflows.Worker.Rounds;

/// <summary>The session under which this worker owns executions now.</summary>
internal sealed class CurrentSession : IDisposable
{
    private volatile WorkerSession _session = new();

    public CurrentSession(WorkerMetrics metrics) => metrics.Observe(
        "workflows.executions.in_flight", "{execution}", "Executions in this worker's memory.",
        () => _session.Owned.Count);

    public WorkerSession Value => _session;

    /// <summary>A fenced session is over; what it owned goes on elsewhere.</summary>
    /// <param name="next">Known to the database already: from here on everything is claimed under it.</param>
    public void Renew(WorkerSession next) => _session = next;

    public void Dispose() => _session.Dispose();
}

using Microsoft.Extensions.Diagnostics.HealthChecks;
using Workflows.Data.Rounds;
using Workflows.Worker.Rounds;

namespace Workflows.Worker;

/// <summary>
/// Whether this worker does its work: its heartbeat was written lately, which nothing but a write tells, and each of
/// its loops comes round.
/// </summary>
internal sealed class WorkHealth(Heartbeat heartbeat, LoopHealth loops, WorkerOptions options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var problems = loops.Problems().ToList();
        if (heartbeat.SinceBeat is { } since && since > TimeSpan.FromSeconds(2 * options.LeaseSeconds))
        {
            problems.Insert(0, $"The heartbeat was last written {since.TotalSeconds:0} s ago.");
        }

        return Task.FromResult(problems.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy(string.Join(' ', problems)));
    }
}

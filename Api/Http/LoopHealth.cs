using System.Collections.Concurrent;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Workflows.Api.Http;

/// <summary>Whether the loops of this process still come round: one that fails for ever shows in <c>/health</c>, not
/// only in the log.</summary>
internal sealed class LoopHealth(TimeProvider clock) : IHealthCheck
{
    /// <summary>Periods without a successful round before a loop counts as stuck.</summary>
    private const int Periods = 4;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, (long At, TimeSpan Period)> _rounds = new(StringComparer.Ordinal);

    /// <summary>Says that a round succeeded.</summary>
    /// <param name="loop">What it does, for people.</param>
    /// <param name="period">How often it should.</param>
    public void Done(string loop, TimeSpan period) => _rounds[loop] = (clock.GetTimestamp(), period);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default)
    {
        var stuck = _rounds.Where(round =>
            clock.GetElapsedTime(round.Value.At) > (round.Value.Period * Periods) + Grace)
            .Select(round => $"{round.Key}: {clock.GetElapsedTime(round.Value.At).TotalSeconds:0} s")
                .Order(StringComparer.Ordinal).ToArray();
        return Task.FromResult(stuck.Length == 0
            ? HealthCheckResult.Healthy()
            : new HealthCheckResult(context.Registration.FailureStatus,
                $"No successful round since: {string.Join("; ", stuck)}"));
    }
}

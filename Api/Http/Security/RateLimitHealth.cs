using Microsoft.Extensions.Diagnostics.HealthChecks;
using Workflows.Data.Identity;

namespace Workflows.Api.Http.Security;

/// <summary>Degraded while Redis answers but does not limit callers: full, read-only, or too slow. Each instance limits
/// by itself meanwhile.</summary>
internal sealed class RateLimitHealth(RateLimitStore store) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default) =>
        Task.FromResult(store.Trouble is { } trouble
            ? new HealthCheckResult(context.Registration.FailureStatus, $"Each instance limits by itself: {trouble}")
            : HealthCheckResult.Healthy());
}

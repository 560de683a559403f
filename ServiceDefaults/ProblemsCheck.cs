using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Workflows.ServiceDefaults;

/// <summary>Whether somebody who knows of problems knows of any.</summary>
internal sealed class ProblemsCheck(Func<IReadOnlyCollection<string>> problems) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(problems() is { Count: > 0 } found
            ? new HealthCheckResult(context.Registration.FailureStatus, string.Join(' ', found))
            : HealthCheckResult.Healthy());
}

using Microsoft.Extensions.Diagnostics.HealthChecks;
using Workflows.Data;

namespace Workflows.Worker;

/// <summary>Whether the database answers and takes what is written, and no table lacks a partition.</summary>
internal sealed class DatabaseHealth(Data.Workers.Maintenance maintenance) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            if (await maintenance.IsReadOnlyAsync(cancellationToken))
            {
                return HealthCheckResult.Unhealthy("The database is read-only.");
            }

            var strays = await maintenance.TablesWithStraysAsync(cancellationToken);
            return strays.Count == 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded($"Rows without a partition in {string.Join(", ", strays)}.");
        }
        catch (Exception exception) when (PostgresErrors.MayPass(exception))
        {
            return HealthCheckResult.Unhealthy("The database does not answer.");
        }
    }
}

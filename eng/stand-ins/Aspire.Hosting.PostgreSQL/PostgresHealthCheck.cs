using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Aspire.Hosting;

/// <summary>Healthy when a new session answers.</summary>
internal sealed class PostgresHealthCheck(IResourceWithConnectionString resource, string suffix) : IHealthCheck
{
    private const int TimeoutSeconds = 5;

    public static async Task<string> ConnectionStringAsync(
        IResourceWithConnectionString resource, string suffix, CancellationToken cancellationToken)
    {
        var connectionString = $"{await resource.GetConnectionStringAsync(cancellationToken)};{suffix}";
        return new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = TimeoutSeconds }.ConnectionString;
    }

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var connection = new NpgsqlConnection(await ConnectionStringAsync(resource, suffix, cancellationToken));
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand("select 1", connection);
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InvalidPassword)
        {
            return new HealthCheckResult(
                context.Registration.FailureStatus,
                "the data in .local was made with another password; restore .local/parameters.json, or drop the data with ./run --fresh",
                exception);
        }
        catch (NpgsqlException exception)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, exception.Message, exception);
        }
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Aspire.Npgsql.EntityFrameworkCore.PostgreSQL;

internal static class Instrumentation
{
    private const string NpgsqlSource = "Npgsql";

    public static void Add<TContext>(IServiceCollection services, NpgsqlEntityFrameworkCorePostgreSQLSettings settings)
        where TContext : DbContext
    {
        if (!settings.DisableHealthChecks)
        {
            AddHealthCheck<TContext>(services);
        }

        // These say what to listen to; whether anybody listens is up to the application.
        if (!settings.DisableTracing)
        {
            services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddSource(NpgsqlSource));
        }

        if (!settings.DisableMetrics)
        {
            services.ConfigureOpenTelemetryMeterProvider(metrics => metrics.AddMeter(NpgsqlSource));
        }
    }

    // Add and Enrich for the same context register one check between them; a second of the same name would be an error.
    private static void AddHealthCheck<TContext>(IServiceCollection services)
        where TContext : DbContext
    {
        if (services.Any(service => service.ServiceType == typeof(DbContextHealthCheck<TContext>)))
        {
            return;
        }

        services.AddScoped<DbContextHealthCheck<TContext>>();
        services.AddHealthChecks().AddCheck<DbContextHealthCheck<TContext>>(typeof(TContext).Name);
    }
}

/// <summary>Healthy when the database accepts a connection.</summary>
internal sealed class DbContextHealthCheck<TContext>(TContext context) : IHealthCheck
    where TContext : DbContext
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext checkContext, CancellationToken cancellationToken = default) =>
        await context.Database.CanConnectAsync(cancellationToken)
            ? HealthCheckResult.Healthy()
            : new HealthCheckResult(checkContext.Registration.FailureStatus);
}

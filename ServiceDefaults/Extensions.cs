using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Http.Resilience;
using Workflows.ServiceDefaults;


#pragma warning disable IDE0130 // the namespace of the template, so that a host's Program.cs needs no using
namespace Microsoft.Extensions.Hosting;
#pragma warning restore IDE0130

/// <summary>What every process of the platform has in common: telemetry, health, JSON, resilient and discovering HTTP clients.</summary>
public static class Extensions
{
    /// <summary>Adds everything below; the first call in a host's Program.cs.</summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.ConfigureOpenTelemetry();
        builder.AddDefaultHealthChecks();
        builder.Services.ConfigureHttpJsonOptions(options => JsonDefaults.ApplyToRequests(options.SerializerOptions));
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            // Repeating a POST may repeat its effect; who knows that the other side is idempotent says so for that client.
            http.AddStandardResilienceHandler(options => options.Retry.DisableForUnsafeHttpMethods())
                .SelectPipelineByAuthority(); // else one host that is down opens the circuit of all clients
            // One pipeline is kept per authority: a client of addresses that callers choose needs RemoveAllResilienceHandlers().
            http.AddServiceDiscovery();
        });
        return builder;
    }

    /// <summary>
    /// Exports traces, metrics and logs over OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set, and keeps metrics for Prometheus when
    /// <c>Telemetry:Prometheus</c> is true; else adds nothing at all.
    /// </summary>
    public static TBuilder ConfigureOpenTelemetry<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        PlatformTelemetry.Add(builder);
        return builder;
    }

    /// <summary>Adds the check of the process itself (tag <c>live</c>) and a time limit to every check that names none.</summary>
    public static TBuilder AddDefaultHealthChecks<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        HealthEndpoints.AddChecks(builder.Services);
        return builder;
    }

    /// <summary>Makes a dependency the process can do without report degraded, not unhealthy, while it is down.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="checkName">Name of a health check that is registered by the time the host is built.</param>
    public static IServiceCollection DegradeOnly(this IServiceCollection services, string checkName) =>
        services.PostConfigure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations.Where(check => check.Name == checkName))
            {
                check.FailureStatus = HealthStatus.Degraded;
            }
        });

    /// <summary>Adds a check that is well while there are no problems, and otherwise names them.</summary>
    /// <param name="checks">The host's checks.</param>
    /// <param name="name">The name of the check.</param>
    /// <param name="failureStatus">What a problem makes of the process.</param>
    /// <param name="problems">Finds the problems there are now, each a sentence without credentials.</param>
    public static IHealthChecksBuilder AddProblems(
        this IHealthChecksBuilder checks,
        string name,
        HealthStatus failureStatus,
        Func<IServiceProvider, IReadOnlyCollection<string>> problems) =>
        checks.Add(new HealthCheckRegistration(
            name, services => new ProblemsCheck(() => problems(services)), failureStatus, tags: null));

    /// <summary>
    /// Maps <c>/health</c> and <c>/alive</c>, in every environment: probes of a container platform need them too; and
    /// <c>/metrics</c> if <c>Telemetry:Prometheus</c> is true, which is for networks where everybody may read it.
    /// </summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        HealthEndpoints.Map(app);
        if (app.Services.GetService<PrometheusExporter>() is { } exporter)
        {
            app.MapGet(PlatformTelemetry.MetricsPath, () => exporter.Scrape() is { } text
                    ? Results.Text(text, "text/plain; version=0.0.4", Encoding.UTF8)
                    : Results.StatusCode(StatusCodes.Status503ServiceUnavailable))
                .AllowAnonymous()
                .DisableHttpMetrics()
                .ExcludeFromDescription();
        }

        return app;
    }
}

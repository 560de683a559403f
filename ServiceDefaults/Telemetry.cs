using System.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Workflows.ServiceDefaults;

/// <summary>
/// Traces, metrics and logs over OTLP. .NET 10 and Npgsql publish their own activity sources and meters, so that subscribing by
/// name replaces the instrumentation packages. Without an endpoint nothing is registered: no listener, no cost per request.
/// Survives an absent or slow collector: the exporter buffers a bounded batch and drops what does not fit.
/// </summary>
internal static class Telemetry
{
    public const string EndpointSetting = "OTEL_EXPORTER_OTLP_ENDPOINT";
    public const string HealthPath = "/health";
    public const string AlivePath = "/alive";

    private const string ServiceNameSetting = "OTEL_SERVICE_NAME";

    // ASP.NET Core tags its server span (method, address, url.path) only with this switch off. Without the tags a probe could
    // not be told from a request.
    private const string SuppressServerSpanTagsSwitch = "Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData";

    private static readonly string[] ActivitySources = ["Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "Workflows.*"];

    private static readonly string[] Meters =
        ["Microsoft.AspNetCore.*", "System.Net.Http", "System.Net.NameResolution", "System.Runtime", "Npgsql", "Polly", "Workflows.*"];

    private static readonly string[] ExporterClients = ["OtlpTraceExporter", "OtlpMetricExporter", "OtlpLogExporter"];

    public static void Add(IHostApplicationBuilder builder)
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration[EndpointSetting]))
        {
            return;
        }

        AppContext.SetSwitch(SuppressServerSpanTagsSwitch, false);
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService, ProviderStarter>());
        builder.Services.AddSingleton<IStartupFilter, ServerSpans>();
        RemoveResilience(builder.Services);
        var openTelemetry = new TelemetryBuilder(builder.Services);
        if (string.IsNullOrWhiteSpace(builder.Configuration[ServiceNameSetting]))
        {
            openTelemetry.ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName));
        }

        openTelemetry
            .WithTracing(tracing => tracing
                .AddSource(builder.Environment.ApplicationName)
                .AddSource(ActivitySources)
                .AddProcessor(new ProbeFilter()))
            .WithMetrics(metrics => metrics.AddMeter(Meters))
            .WithLogging(configureBuilder: null, logging =>
            {
                logging.IncludeFormattedMessage = true;
                logging.IncludeScopes = true;
            })
            .UseOtlpExporter();
    }

    // The exporters have retries and limits of their own. They also send what is left while the container is being disposed,
    // when the pipelines of the HTTP clients are gone already: the last spans and logs before a stop would be lost.
    private static void RemoveResilience(IServiceCollection services)
    {
        foreach (var exporter in ExporterClients)
        {
#pragma warning disable EXTEXP0001 // the only way to exempt a client from the defaults
            services.AddHttpClient(exporter).RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        }
    }

    private sealed record TelemetryBuilder(IServiceCollection Services) : IOpenTelemetryBuilder;

    /// <summary>Builds the providers before any other hosted service runs; the container disposes, and so flushes, them.</summary>
    private sealed class ProviderStarter(IServiceProvider services) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            services.GetRequiredService<MeterProvider>();
            services.GetRequiredService<TracerProvider>();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Keeps probes, and what they cause in this process, out of the traces: every few seconds, they would bury the rest.</summary>
    private sealed class ProbeFilter : BaseProcessor<Activity>
    {
        public override void OnStart(Activity data)
        {
            if (data.Parent is { Recorded: false } || data.GetTagItem("url.path") is HealthPath or AlivePath)
            {
                data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
                data.IsAllDataRequested = false;
            }
        }
    }
}

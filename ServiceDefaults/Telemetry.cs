using System.Diagnostics;
using System.Diagnostics.Metrics;
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
/// Traces, metrics and logs over OTLP, metrics also for Prometheus. .NET 10 and Npgsql publish their own activity sources and meters, so that subscribing by
/// name replaces the instrumentation packages. With neither asked for nothing is registered: no listener, no cost per request.
/// Survives an absent or slow collector: the exporter buffers a bounded batch and drops what does not fit.
/// </summary>
internal static class Telemetry
{
    public const string EndpointSetting = "OTEL_EXPORTER_OTLP_ENDPOINT";
    public const string HealthPath = "/health";
    public const string AlivePath = "/alive";
    public const string MetricsPath = "/metrics";
    public const string PrometheusSetting = "Telemetry:Prometheus";

    private const string ServiceNameSetting = "OTEL_SERVICE_NAME";
    private const string OwnPrefix = "Workflows.";

    // ASP.NET Core tags its server span (method, address, url.path) only with this switch off. Without the tags a probe could
    // not be told from a request.
    private const string SuppressServerSpanTagsSwitch = "Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData";

    private static readonly string[] ActivitySources = ["Microsoft.AspNetCore", "System.Net.Http", "Npgsql", OwnPrefix + "*"];

    private static readonly string[] Meters =
        ["Microsoft.AspNetCore.*", "System.Net.Http", "System.Net.NameResolution", "System.Runtime", "Npgsql", "Polly", OwnPrefix + "*"];

    private static readonly string[] ExporterClients = ["OtlpTraceExporter", "OtlpMetricExporter", "OtlpLogExporter"];

    // The SDK's own boundaries are milliseconds from 5 to 10,000; a histogram in seconds would have all its values in the first.
    private static readonly double[] SecondsBoundaries =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600];

    public static void Add(IHostApplicationBuilder builder)
    {
        var toCollector = !string.IsNullOrWhiteSpace(builder.Configuration[EndpointSetting]);
        var toPrometheus = bool.TryParse(builder.Configuration[PrometheusSetting], out var enabled) && enabled;
        if (!toCollector && !toPrometheus)
        {
            return;
        }

        builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService, ProviderStarter>());
        var openTelemetry = new TelemetryBuilder(builder.Services);
        if (string.IsNullOrWhiteSpace(builder.Configuration[ServiceNameSetting]))
        {
            openTelemetry.ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName));
        }

        openTelemetry.WithMetrics(metrics => metrics.AddMeter(Meters).AddView(SecondsView));
        if (toPrometheus)
        {
            var exporter = new PrometheusExporter();
            builder.Services.AddSingleton(exporter);
            openTelemetry.WithMetrics(metrics => metrics.AddReader(new BaseExportingMetricReader(exporter)));
        }

        if (toCollector)
        {
            AddCollector(builder, openTelemetry);
        }
    }

    private static void AddCollector(IHostApplicationBuilder builder, TelemetryBuilder openTelemetry)
    {
        AppContext.SetSwitch(SuppressServerSpanTagsSwitch, false);
        builder.Services.AddSingleton<IStartupFilter, ServerSpans>();
        RemoveResilience(builder.Services);
        openTelemetry
            .WithTracing(tracing => tracing
                .AddSource(builder.Environment.ApplicationName)
                .AddSource(ActivitySources)
                .AddProcessor(new ProbeFilter()))
            .WithLogging(configureBuilder: null, logging =>
            {
                logging.IncludeFormattedMessage = true;
                logging.IncludeScopes = true;
            })
            .UseOtlpExporter();
    }

    private static MetricStreamConfiguration? SecondsView(Instrument instrument) =>
        instrument is Histogram<double> { Unit: "s", Advice: null } && instrument.Meter.Name.StartsWith(OwnPrefix, StringComparison.Ordinal)
            ? new ExplicitBucketHistogramConfiguration { Boundaries = SecondsBoundaries }
            : null;

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
            services.GetService<MeterProvider>();
            services.GetService<TracerProvider>();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Keeps probes, and what they cause in this process, out of the traces: every few seconds, they would bury the rest.</summary>
    private sealed class ProbeFilter : BaseProcessor<Activity>
    {
        public override void OnStart(Activity data)
        {
            if (data.Parent is { Recorded: false } || data.GetTagItem("url.path") is HealthPath or AlivePath or MetricsPath)
            {
                data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
                data.IsAllDataRequested = false;
            }
        }
    }
}

using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Workflows.ServiceDefaults;

/// <summary>
/// Traces, metrics and logs over OTLP, metrics also for Prometheus. With neither asked for nothing is registered: no
/// listener, no cost per request. An absent or slow collector is survived: the exporter buffers a bounded batch and
/// drops what does not fit.
/// </summary>
internal static class PlatformTelemetry
{
    public const string EndpointSetting = "OTEL_EXPORTER_OTLP_ENDPOINT";
    public const string HealthPath = "/health";
    public const string AlivePath = "/alive";
    public const string MetricsPath = "/metrics";
    public const string PrometheusSetting = "Telemetry:Prometheus";

    private const string ServiceNameSetting = "OTEL_SERVICE_NAME";
    private const string OwnPrefix = "Workflows.";

    private static readonly string[] Meters =
        ["Microsoft.AspNetCore.*", "System.Net.NameResolution", "System.Runtime", "Npgsql", "Polly", OwnPrefix + "*"];

    private static readonly string[] ExporterClients = ["OtlpTraceExporter", "OtlpMetricExporter", "OtlpLogExporter"];

    // What Aspire's client components would add by themselves, even where nobody exports: 15 % of the CPU of a step.
    // Npgsql's spans and meters are added here, once; a span for each Redis command helps nobody but who looks for
    // one.
    private static readonly Dictionary<string, string?> ClientDefaults = new()
    {
        ["Aspire:Npgsql:EntityFrameworkCore:PostgreSQL:DisableTracing"] = "true",
        ["Aspire:Npgsql:EntityFrameworkCore:PostgreSQL:DisableMetrics"] = "true",
        ["Aspire:StackExchange:Redis:DisableTracing"] = "true",
    };

    // The SDK's own boundaries are milliseconds from 5 to 10,000; a histogram in seconds would have all its values in
    // the first.
    private static readonly double[] SecondsBoundaries =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600];

    public static void Add(IHostApplicationBuilder builder)
    {
        // As the first source: whatever else names these settings wins.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = ClientDefaults });
        var toCollector = !string.IsNullOrWhiteSpace(builder.Configuration[EndpointSetting]);
        var toPrometheus = bool.TryParse(builder.Configuration[PrometheusSetting], out var enabled) && enabled;
        if (!toCollector && !toPrometheus)
        {
            return;
        }

        var openTelemetry = builder.Services.AddOpenTelemetry();
        if (string.IsNullOrWhiteSpace(builder.Configuration[ServiceNameSetting]))
        {
            openTelemetry.ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName));
        }

        openTelemetry.WithMetrics(metrics => metrics
            .AddAspNetCoreInstrumentation()
            .AddHttpClientInstrumentation()
            .AddMeter(Meters)
            .AddView(SecondsView));
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

    private static void AddCollector(IHostApplicationBuilder builder, OpenTelemetryBuilder openTelemetry)
    {
        RemoveResilience(builder.Services);
        openTelemetry
            .WithTracing(tracing => tracing
                .AddSource(builder.Environment.ApplicationName)
                .AddSource(OwnPrefix + "*")
                .AddAspNetCoreInstrumentation(options =>
                {
                    options.Filter = context => !IsProbe(context.Request.Path);
                    options.EnrichWithHttpResponse = NameError;
                })
                .AddHttpClientInstrumentation()
                .AddNpgsql()
                .AddProcessor(new UncausedSpans()))
            .WithLogging(configureBuilder: null, logging =>
            {
                logging.IncludeFormattedMessage = true;
                logging.IncludeScopes = true;
            })
            .UseOtlpExporter();
    }

    // An exception that a handler turned into an answer is known by its status only.
    private static void NameError(Activity span, HttpResponse response)
    {
        if (response.HttpContext.Features.Get<IExceptionHandlerFeature>()?.Error is { } error)
        {
            span.SetTag("error.type", error.GetType().FullName);
        }
    }

    private static bool IsProbe(PathString path) => path.Value is HealthPath or AlivePath or MetricsPath;

    private static MetricStreamConfiguration? SecondsView(Instrument instrument) =>
        instrument is Histogram<double> { Unit: "s", Advice: null }
        && instrument.Meter.Name.StartsWith(OwnPrefix, StringComparison.Ordinal)
            ? new ExplicitBucketHistogramConfiguration { Boundaries = SecondsBoundaries }
            : null;

    // The exporters have retries and limits of their own. They also send what is left while the container is being
    // disposed, when the pipelines of the HTTP clients are gone already: the last spans and logs before a stop would
    // be lost.
    private static void RemoveResilience(IServiceCollection services)
    {
        foreach (var exporter in ExporterClients)
        {
#pragma warning disable EXTEXP0001 // the only way to exempt a client from the defaults
            services.AddHttpClient(exporter).RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        }
    }
}

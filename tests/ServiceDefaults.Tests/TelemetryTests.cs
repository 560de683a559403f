using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Workflows.ServiceDefaults.Tests;

[Collection("process-wide listeners")]
public sealed partial class TelemetryTests
{
    private static readonly ActivitySource OwnSource = new("Workflows.ServiceDefaults.Tests");
    private static readonly Meter OwnMeter = new("Workflows.ServiceDefaults.Tests");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_an_endpoint_nothing_is_registered_and_no_span_is_made()
    {
        await using var host = await LoopbackHost.StartAsync(map: app => app.MapGet("/orders", () =>
        {
            using var activity = OwnSource.StartActivity("own work");
            return activity is null ? "none" : "made";
        }));

        Assert.Equal("none", await host.Client.GetStringAsync("/orders", Cancel));
        Assert.False(OwnSource.HasListeners());
        Assert.Null(host.Services.GetService<TracerProvider>());
        Assert.Null(host.Services.GetService<MeterProvider>());
    }

    [Fact]
    public async Task With_an_endpoint_traces_metrics_and_logs_of_a_request_arrive_at_the_collector()
    {
        await using var collector = await OtlpCollector.StartAsync();
        var counter = OwnMeter.CreateCounter<int>("own.counter");

        await using (var host = await StartExportingAsync(collector, app => app.MapGet("/orders/{id}", (int id, ILoggerFactory loggers) =>
        {
            using var activity = OwnSource.StartActivity("own work");
            counter.Add(1);
            var logger = loggers.CreateLogger("Orders");
            using (logger.BeginScope(new Dictionary<string, object> { ["TenantMark"] = "scope-value-7" }))
            {
                LogOrderRead(logger, id);
            }

            return Results.Ok();
        })))
        {
            await host.Client.GetAsync("/orders/42", Cancel);
        } // stopping the host flushes

        Assert.Contains("GET /orders/{id}", collector.Traces, StringComparison.Ordinal);
        Assert.Contains("own work", collector.Traces, StringComparison.Ordinal);
        Assert.Contains("System.Net.Http", collector.Traces, StringComparison.Ordinal);
        Assert.Contains("http.server.request.duration", collector.Metrics, StringComparison.Ordinal);
        Assert.Contains("http.client.request.duration", collector.Metrics, StringComparison.Ordinal);
        Assert.Contains("dotnet.gc.collections", collector.Metrics, StringComparison.Ordinal);
        Assert.Contains("own.counter", collector.Metrics, StringComparison.Ordinal);
        Assert.Contains("Order 42 was read", collector.Logs, StringComparison.Ordinal);
        Assert.Contains("scope-value-7", collector.Logs, StringComparison.Ordinal);
        Assert.Contains("LoopbackHost", collector.Traces, StringComparison.Ordinal); // service.name
    }

    [Fact]
    public async Task A_failed_request_keeps_its_route_and_names_its_error()
    {
        await using var collector = await OtlpCollector.StartAsync();

        await using (var host = await StartExportingAsync(collector, app =>
        {
            app.UseExceptionHandler(handler => handler.Run(context => Task.CompletedTask));
            app.UseRouting();
            app.MapGet("/orders/{id}", string (int id) => throw new InvalidOperationException($"No order {id}."));
        }))
        {
            await host.Client.GetAsync("/orders/42", Cancel);
        }

        Assert.Contains("GET /orders/{id}", collector.Traces, StringComparison.Ordinal);
        Assert.Contains("System.InvalidOperationException", collector.Traces, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Probes_and_what_they_cause_leave_no_trace()
    {
        await using var collector = await OtlpCollector.StartAsync();

        await using (var host = await StartExportingAsync(collector, app => app.MapGet("/orders", () => "ok"), builder =>
            builder.Services.AddHealthChecks().AddCheck("database", () =>
            {
                using var activity = OwnSource.StartActivity("query of the probe");
                return Microsoft.Extensions.Diagnostics.HealthChecks.HealthCheckResult.Healthy();
            })))
        {
            using var probe = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = host.Client.BaseAddress };
            await probe.GetAsync("/health", Cancel);
            await probe.GetAsync("/alive", Cancel);
            await probe.GetAsync("/orders", Cancel);
        }

        Assert.Contains("GET /orders", collector.Traces, StringComparison.Ordinal);
        Assert.DoesNotContain("GET /health", collector.Traces, StringComparison.Ordinal);
        Assert.DoesNotContain("GET /alive", collector.Traces, StringComparison.Ordinal);
        Assert.DoesNotContain("query of the probe", collector.Traces, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Statements_that_nobody_caused_leave_no_trace_and_others_do()
    {
        await using var collector = await OtlpCollector.StartAsync();
        using var driver = new ActivitySource("Npgsql"); // Under the driver's name, as its own would be.

        await using (var host = await StartExportingAsync(collector, app => app.MapGet("/orders", () => Run(driver, "statement of a request"))))
        {
            Run(driver, "statement of a heartbeat");
            await host.Client.GetAsync("/orders", Cancel);
        }

        Assert.Contains("statement of a request", collector.Traces, StringComparison.Ordinal);
        Assert.DoesNotContain("statement of a heartbeat", collector.Traces, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_of_servers_trace_nothing_by_themselves_unless_somebody_says_so()
    {
        const string Redis = "Aspire:StackExchange:Redis:DisableTracing";
        const string Database = "Aspire:Npgsql:EntityFrameworkCore:PostgreSQL:DisableTracing";
        await using var silent = await LoopbackHost.StartAsync(map: _ => { });
        await using var asked = await LoopbackHost.StartAsync(settings: new() { [Redis] = "false" }, map: _ => { });

        Assert.Equal(("true", "true"), (Of(silent)[Redis], Of(silent)[Database]));
        Assert.Equal(("false", "true"), (Of(asked)[Redis], Of(asked)[Database]));

        static IConfiguration Of(LoopbackHost host) => host.Services.GetRequiredService<IConfiguration>();
    }

    private static string Run(ActivitySource driver, string name)
    {
        using var span = driver.StartActivity(name, ActivityKind.Client);
        return name;
    }

    private static Task<LoopbackHost> StartExportingAsync(
        OtlpCollector collector, Action<WebApplication> map, Action<WebApplicationBuilder>? configure = null) =>
        LoopbackHost.StartAsync(
            settings: new()
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Endpoint,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            },
            configure: configure,
            map: map);

    [LoggerMessage(LogLevel.Information, "Order {Id} was read")]
    private static partial void LogOrderRead(ILogger logger, int id);
}

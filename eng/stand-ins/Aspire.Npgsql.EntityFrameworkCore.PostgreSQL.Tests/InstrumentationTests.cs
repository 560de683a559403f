using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Workflows.Testing;

namespace Aspire.Npgsql.EntityFrameworkCore.PostgreSQL.Tests;

public sealed class InstrumentationTests(PostgresServer server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_health_check_bears_the_contexts_name_and_tells_whether_the_database_answers()
    {
        await using var database = await server.CreateDatabaseAsync();

        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(database.ConnectionString)).Entries["OrderContext"].Status);
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(server.ConnectionStringOf("missing"))).Entries["OrderContext"].Status);
    }

    [Fact]
    public async Task A_disabled_health_check_is_not_there() =>
        Assert.Empty((await CheckAsync("Host=any", settings => settings.DisableHealthChecks = true)).Entries);

    [Fact]
    public async Task Adding_and_enriching_one_context_makes_one_check()
    {
        var builder = Builders.Create(("ConnectionStrings:orders", "Host=any"));
        builder.AddNpgsqlDbContext<OrderContext>("orders");
        builder.EnrichNpgsqlDbContext<OrderContext>();
        using var host = builder.Build();

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(_ => false, Cancel);

        Assert.Empty(report.Entries); // no error about two checks of one name
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Queries_are_traced_unless_disabled(bool disabled)
    {
        await using var database = await server.CreateDatabaseAsync();
        var spans = new SpanRecorder();
        var builder = Builders.Create(("ConnectionStrings:orders", database.ConnectionString));
        new Telemetry(builder.Services).WithTracing(tracing => tracing.AddProcessor(spans));
        builder.AddNpgsqlDbContext<OrderContext>("orders", settings => settings.DisableTracing = disabled);
        using var host = builder.Build();
        host.Services.GetRequiredService<TracerProvider>();

        await using (var scope = host.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<OrderContext>().Database.ExecuteSqlAsync($"select 'traced query'", Cancel);
        }

        Assert.Equal(!disabled, spans.Ended.Any(span => span.Source.Name == "Npgsql"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connections_and_commands_are_measured_unless_disabled(bool disabled)
    {
        await using var database = await server.CreateDatabaseAsync();
        var metrics = new MetricRecorder();
        var builder = Builders.Create(("ConnectionStrings:orders", database.ConnectionString));
        new Telemetry(builder.Services).WithMetrics(metering => metering.AddReader(new BaseExportingMetricReader(metrics)));
        builder.AddNpgsqlDbContext<OrderContext>("orders", settings => settings.DisableMetrics = disabled);
        using var host = builder.Build();
        var provider = host.Services.GetRequiredService<MeterProvider>();

        await using (var scope = host.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<OrderContext>().Database.ExecuteSqlAsync($"select 1", Cancel);
        }

        provider.ForceFlush();
        Assert.Equal(!disabled, metrics.Meters.Contains("Npgsql"));
    }

    private static async Task<HealthReport> CheckAsync(
        string connectionString, Action<NpgsqlEntityFrameworkCorePostgreSQLSettings>? configure = null)
    {
        var builder = Builders.Create(("ConnectionStrings:orders", connectionString));
        builder.Services.AddHealthChecks();
        builder.AddNpgsqlDbContext<OrderContext>("orders", configure);
        using var host = builder.Build();
        return await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancel);
    }

    private sealed record Telemetry(IServiceCollection Services) : IOpenTelemetryBuilder;

    private sealed class SpanRecorder : BaseProcessor<Activity>
    {
        public ConcurrentQueue<Activity> Ended { get; } = new();

        public override void OnEnd(Activity data) => Ended.Enqueue(data);
    }

    private sealed class MetricRecorder : BaseExporter<Metric>
    {
        public ConcurrentBag<string> Meters { get; } = [];

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                Meters.Add(metric.MeterName);
            }

            return ExportResult.Success;
        }
    }
}

using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Builder;

namespace Workflows.ServiceDefaults.Tests;

[Collection("process-wide listeners")]
public sealed class PrometheusTests
{
    private static readonly Meter OwnMeter = new("Workflows.ServiceDefaults.PrometheusTests");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_the_setting_there_is_no_endpoint_and_nobody_listens()
    {
        var counter = OwnMeter.CreateCounter<int>("unasked");
        await using var host = await LoopbackHost.StartAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync("/metrics", Cancel)).StatusCode);
        Assert.False(counter.Enabled);
    }

    [Fact]
    public async Task A_scrape_shows_counters_gauges_and_histograms_under_their_prometheus_names()
    {
        var counter = OwnMeter.CreateCounter<long>("orders.placed", "{order}", "Orders that were \\ placed.");
        var size = OwnMeter.CreateGauge<double>("queue.size", "By");
        var level = OwnMeter.CreateUpDownCounter<int>("level");
        var duration = OwnMeter.CreateHistogram<double>("order.duration", "s");
        await using var host = await StartAsync();
        counter.Add(2, new KeyValuePair<string, object?>("shop.name", "a \"b\"\n\\c"));
        counter.Add(1, new KeyValuePair<string, object?>("shop.name", "a \"b\"\n\\c"));
        size.Record(1.5);
        level.Add(3);
        level.Add(-5);
        duration.Record(0.0009);
        duration.Record(0.3);

        var response = await host.Client.GetAsync("/metrics", Cancel);
        var lines = (await response.Content.ReadAsStringAsync(Cancel)).Split('\n');

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Contains("# TYPE orders_placed_total counter", lines);
        Assert.Contains("# HELP orders_placed_total Orders that were \\\\ placed.", lines);
        Assert.Contains("orders_placed_total{shop_name=\"a \\\"b\\\"\\n\\\\c\"} 3", lines);
        Assert.Contains("queue_size_bytes 1.5", lines);
        Assert.Contains("level -2", lines);
        Assert.Contains("# TYPE order_duration_seconds histogram", lines);
        Assert.Contains("order_duration_seconds_bucket{le=\"0.001\"} 1", lines); // the boundaries are fit for seconds
        Assert.Contains("order_duration_seconds_bucket{le=\"0.25\"} 1", lines);
        Assert.Contains("order_duration_seconds_bucket{le=\"0.5\"} 2", lines);
        Assert.Contains("order_duration_seconds_bucket{le=\"+Inf\"} 2", lines);
        Assert.Contains("order_duration_seconds_count 2", lines);
    }

    [Fact]
    public async Task Every_line_is_a_comment_or_a_sample_and_a_type_is_named_once()
    {
        await using var host = await StartAsync(app => app.MapGet("/orders/{id}", (int id) => id));
        await host.Client.GetAsync("/orders/1", Cancel);

        var text = await host.Client.GetStringAsync("/metrics", Cancel);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.All(lines, line => Assert.Matches(@"^(# (TYPE|HELP) [a-z0-9_]+ .+|[a-z0-9_]+(\{([a-zA-Z0-9_]+=""(\\.|[^""\\])*"",?)+\})? [-+0-9.eEINaf]+)$", line));
        var types = lines.Where(line => line.StartsWith("# TYPE", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]).ToArray();
        Assert.Equal(types.Distinct(), types);
        Assert.Contains("http_server_request_duration_seconds_count{", text, StringComparison.Ordinal);
        Assert.Contains("http_route=\"/orders/{id}\"", text, StringComparison.Ordinal);
        Assert.Contains("dotnet_gc_collections_total", text, StringComparison.Ordinal);
        var second = (await host.Client.GetStringAsync("/metrics", Cancel)).Split('\n');
        Assert.DoesNotContain(second, line => line.StartsWith("http_server_request_duration", StringComparison.Ordinal)
            && line.Contains("/metrics", StringComparison.Ordinal)); // a scrape is no request
    }

    [Fact]
    public async Task Scrapes_at_once_all_get_the_whole_text()
    {
        OwnMeter.CreateObservableGauge("marker.of.the.last.line.zzz", () => 1);
        await using var host = await StartAsync();

        var texts = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => host.Client.GetStringAsync("/metrics", Cancel)));

        Assert.All(texts, text => Assert.Contains("marker_of_the_last_line_zzz 1\n", text, StringComparison.Ordinal));
    }

    private static Task<LoopbackHost> StartAsync(Action<WebApplication>? map = null) =>
        LoopbackHost.StartAsync(settings: new() { ["Telemetry:Prometheus"] = "true" }, map: map);
}

using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Numbers;

/// <summary>Numbers for people: the first page, workflows, nodes, what programs report.</summary>
public sealed class NumbersTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Workflows_are_told_by_the_figure_asked_for()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var (fast, slow) = (await InJobAsync(owner, place.Job.Id), await owner.CreatePublishedAsync());
        await PerformAsync(fast, "manual", "completed", 20, 90, 9_000);
        await PerformAsync(fast, "event", "failed", 24, 10, 2_000);
        await PerformAsync(slow, "manual", "completed", 40, 5, 50_000);
        await PerformAsync(slow, "manual", "cancelled", 40, 5, 50_000);

        var most = await ListAsync(owner, "");
        var slowest = await ListAsync(owner, "?sort=p95&limit=1");
        var within = await ListAsync(owner, $"?workspace={place.Workspace.Id}");
        var manual = await ListAsync(owner, "?trigger=event");

        Assert.Equal(fast, most[0].GetProperty("workflowId").GetGuid());
        Assert.Equal(
            (100, 0.9, 110d),
            (most[0].GetProperty("executions").GetInt32(), most[0].GetProperty("successRate").GetDouble(),
                most[0].GetProperty("averageMs").GetDouble()));
        Assert.InRange(most[0].GetProperty("p50Ms").GetDouble(), 32, 38); // within its range
        Assert.InRange(most[0].GetProperty("p95Ms").GetDouble(), 64, 76);
        Assert.Equal(slow, Assert.Single(slowest).GetProperty("workflowId").GetGuid());
        Assert.Equal(1, slowest[0].GetProperty("successRate").GetDouble());
        Assert.Equal(fast, Assert.Single(within).GetProperty("workflowId").GetGuid());
        Assert.Equal(10, Assert.Single(manual).GetProperty("executions").GetInt32());
        (await owner.GetAsync("analytics/workflows?sort=luck")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.GetAsync($"analytics/workflows?workspace={Guid.CreateVersion7()}"))
            .Fails(HttpStatusCode.NotFound, "WORKSPACE_NOT_FOUND");
    }

    [Fact]
    public async Task Nodes_are_told_by_the_time_they_take_in_the_newest_executions()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        for (var run = 0; run < 3; run++)
        {
            var id = await owner.StartedAsync(workflow);
            await api.Host.ExecuteAsync(
                "update executions set status = 'completed', finished_at = now() where id = $1", id);
            await api.Host.ExecuteAsync(
                """
                insert into step_executions (tenant_id, execution_id, node_id, iteration, attempt, sequence,
                  node_type, status, output, started_at, finished_at)
                select e.tenant_id, e.id, x.node, '', x.attempt, x.sequence, 'http', x.status, '{"a": 1}', now(),
                  now() + x.ms * interval '1 ms'
                from executions e, (values ('quick', 1, 1, 'completed', 10), ('slow', 1, 2, 'failed', 100), ('slow',
                  2, 3, 'completed', 90))
                  as x (node, attempt, sequence, status, ms)
                where e.id = $1
                """, id);
        }

        var figures = (await owner.GetAsync($"workflows/{workflow}/nodes/stats?last=2")).Ok().Data;

        Assert.Equal(2, figures.GetProperty("executions").GetInt32());
        var slow = figures.GetProperty("nodes")[0];
        Assert.Equal(("slow", 4, 2, 2),
            (slow.GetProperty("nodeId").GetString(), slow.GetProperty("attempts").GetInt32(),
            slow.GetProperty("failed").GetInt32(), slow.GetProperty("retries").GetInt32()));
        Assert.Equal((95d, 100d, 0.95),
            (slow.GetProperty("averageMs").GetDouble(), slow.GetProperty("maxMs").GetDouble(),
            Math.Round(slow.GetProperty("shareOfTime").GetDouble(), 3)));
        (await owner.GetAsync($"workflows/{workflow}/nodes/stats?last=0"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task Metrics_add_up_by_minute_and_are_read_by_step_and_dimension()
    {
        using var owner = api.Host.Owner();
        var at = DateTimeOffset.UtcNow.AddHours(-3);
        at = at.AddTicks(-(at.Ticks % TimeSpan.TicksPerHour));
        object Point(double value, string country, int minutes) =>
            new
            {
                name = "orders.value", value, dimensions = new { country, channel = "ussd" },
                at = at.AddMinutes(minutes)
            };

        var reported = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => owner.PostAsync(
            "analytics/metrics",
            new { points = new[] { Point(10, "KE", 0), Point(30, "KE", 0), Point(5, "TZ", 1), Point(1, "TZ", 61) } })));

        Assert.All(reported, answer => Assert.Equal(4, answer.Ok().Data.GetProperty("accepted").GetInt32()));
        var from = $"from={Uri.EscapeDataString(at.ToString("O"))}";
        var hours = (await owner.GetAsync($"analytics/metrics?name=orders.value&{from}"))
            .Ok().Data.GetProperty("values");
        Assert.Equal(["12 180 5 30 15", "4 4 1 1 1"], hours.EnumerateArray().Select(Text));
        var minutes =
            (await owner.GetAsync(
            $"analytics/metrics?name=orders.value&{from}&step=minute&group_by=country&where=channel:ussd,country:KE"))
            .Ok().Data.GetProperty("values");
        Assert.Equal(["8 160 10 30 20"], minutes.EnumerateArray().Select(Text));
        Assert.Equal("KE", minutes[0].GetProperty("group").GetString());
        Assert.Contains(
            "orders.value",
            (await owner.GetAsync("analytics/metrics/names")).Ok().Data.EnumerateArray()
                .Select(name => name.GetProperty("name").GetString()));

        static string Text(JsonElement value) => string.Join(
            ' ', new[] { "points", "sum", "min", "max", "average" }.Select(name => value.GetProperty(name).ToString()));
    }

    [Theory]
    [InlineData("""{"points": []}""", "/points")]
    [InlineData("""{"points": [{"name": "Orders", "value": 1}]}""", "/points/0/name")]
    [InlineData("""{"points": [{"name": "a", "value": 1, "at": "2020-01-01T00:00:00Z"}]}""", "/points/0/at")]
    [InlineData("""{"points": [{"name": "a", "value": 1, "dimensions": {"Bad name": "x"}}]}""", "/points/0/dimensions")]
    [InlineData("""{"points": [{"name": "a", "value": 1, "dimensions": {"x": ""}}]}""", "/points/0/dimensions/x")]
    public async Task A_metric_that_cannot_be_kept_is_refused_by_its_place_and_nothing_is_kept(string body,
        string place)
    {
        using var owner = api.Host.Owner();

        var refused = (await owner.PostAsync("analytics/metrics", body))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        Assert.Equal(place,
            refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());
        Assert.DoesNotContain(
            "a", (await owner.GetAsync("analytics/metrics/names")).Ok().Data.EnumerateArray()
                .Select(name => name.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData(4, HttpStatusCode.OK)]
    [InlineData(10, HttpStatusCode.BadRequest)] // more than an index holds
    public async Task Dimensions_are_as_long_as_an_index_holds_and_no_longer(int dimensions, HttpStatusCode status)
    {
        using var owner = api.Host.Owner();
        var random = new Random(7);
        string Text() =>
            string.Concat(Enumerable.Range(0, 50).Select(_ => char.ConvertFromUtf32(random.Next(0x20000, 0x2A000))));

        var answer = await owner.PostAsync("analytics/metrics", new
        {
            points = new[]
            {
                new
                {
                    name = "long.dimensions", value = 1,
                    dimensions = Enumerable.Range(0, dimensions).ToDictionary(n => $"d{n}", _ => Text()),
                },
            },
        });

        Assert.True(answer.Status == status, answer.Text);
    }

    [Fact]
    public async Task More_names_than_a_tenant_may_have_are_refused_as_a_whole()
    {
        var tenant = await api.Host.CreateTenantAsync($"m{Guid.CreateVersion7():n}"[..20]);
        using var owner = api.Host.Client(tenant.ApiKey);
        object Points(int first, int count) =>
            new { points = Enumerable.Range(first, count).Select(n => new { name = $"n{n}", value = 1 }).ToArray() };
        (await owner.PostAsync("analytics/metrics", Points(0, Data.Limits.MetricNames))).Ok();

        (await owner.PostAsync("analytics/metrics", Points(Data.Limits.MetricNames - 1, 2)))
            .Fails(HttpStatusCode.Conflict, "LIMIT_REACHED");

        Assert.Equal(Data.Limits.MetricNames,
            (await owner.GetAsync("analytics/metrics/names")).Ok().Data.GetArrayLength());
        (await owner.PostAsync("analytics/metrics", Points(0, 2))).Ok();
    }

    [Fact]
    public async Task The_first_page_tells_what_runs_failed_and_comes_next()
    {
        var tenant = await api.Host.CreateTenantAsync($"d{Guid.CreateVersion7():n}"[..20]);
        using var owner = api.Host.Client(tenant.ApiKey);
        var workflow = await owner.CreatePublishedAsync();
        await owner.StartedAsync(workflow);
        var failed = await owner.StartedAsync(workflow);
        await api.Host.ExecuteAsync(
            """
            update executions set status = 'failed', finished_at = now(), error = '{"code": "E", "message":
              "broke"}' where id = $1
            """, failed);
        await PerformAsync(workflow, "manual", "failed", 20, 2, 10);
        (await owner.PostAsync("schedules",
            new { name = "nightly", workflowId = workflow, timing = new { cron = "0 3 * * *" } }))
            .Ok(HttpStatusCode.Created);

        var page = (await owner.GetAsync("dashboard")).Ok().Data;

        Assert.Equal(1, page.GetProperty("live").GetProperty("queued").GetInt32());
        Assert.Equal((2, 0),
            (page.GetProperty("ended").GetProperty("failed").GetInt32(),
            page.GetProperty("before").GetProperty("executions").GetInt32()));
        Assert.Equal(1, page.GetProperty("openFailures").GetInt32());
        Assert.Equal(
            (failed, "E", "broke"),
            (page.GetProperty("recentFailures")[0].GetProperty("id").GetGuid(),
                page.GetProperty("recentFailures")[0].GetProperty("errorCode").GetString(),
                page.GetProperty("recentFailures")[0].GetProperty("message").GetString()));
        Assert.Equal("nightly", page.GetProperty("nextFires")[0].GetProperty("name").GetString());
        Assert.Equal((1, 1),
            (page.GetProperty("counts").GetProperty("workflows").GetInt32(),
            page.GetProperty("counts").GetProperty("published").GetInt32()));
        (await owner.GetAsync("dashboard?hours=0")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task Who_may_not_read_a_part_of_the_first_page_gets_the_others()
    {
        using var owner = api.Host.Owner();
        var (_, key) = await owner.CreateKeyAsync("schedules.read");
        using var reader = api.Host.Client(key);

        var page = (await reader.GetAsync("dashboard")).Ok().Data;

        Assert.All(
            ["live", "ended", "recentFailures", "waitingForMe", "counts"],
            name => Assert.Equal(JsonValueKind.Null, page.GetProperty(name).ValueKind));
        Assert.Equal(JsonValueKind.Array, page.GetProperty("nextFires").ValueKind);
    }

    private static async Task<JsonElement[]> ListAsync(ApiClient owner, string query) =>
        [.. (await owner.GetAsync($"analytics/workflows{query}")).Ok().Data.GetProperty("workflows").EnumerateArray()];

    private static async Task<Guid> InJobAsync(ApiClient owner, Guid job)
    {
        var id =
            (await owner.PostAsync("workflows",
            new { name = Samples.Name("workflow"), jobId = job, definition = Samples.Definition() }))
            .Ok(HttpStatusCode.Created).Id;
        (await owner.PostAsync($"workflows/{id}/publish")).Ok();
        return id;
    }

    private Task PerformAsync(Guid workflow, string trigger, string status, int bucket, int executions, long totalMs) =>
        api.Host.ExecuteAsync(
            """
            insert into workflow_performance (tenant_id, workflow_id, hour, trigger_type, status, bucket,
              executions, total_ms)
            select tenant_id, id, date_trunc('hour', now()), $2, $3, $4::smallint, $5, $6 from workflows where id = $1
            """, workflow, trigger, status, bucket, (long)executions, totalMs);
}

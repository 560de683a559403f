using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Executions;

public sealed class HistoryTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly object Chain = new
    {
        schema = 1,
        nodes = new object[]
        {
            new { id = "a", type = "noop" }, new { id = "side", type = "noop" }, new { id = "b", type = "noop" }, new { id = "c", type = "noop" },
        },
        edges = new object[]
        {
            new { from = "a", port = "main", to = "b" }, new { from = "b", port = "main", to = "c" },
        },
    };

    [Fact]
    public async Task An_execution_tells_why_it_waits_what_comes_next_and_what_each_step_ran_on()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner);
        await RecordAsync(id, "a", 1);
        await RecordAsync(id, "side", 2);
        await SetAsync(id, "status = 'waiting', started_at = now()");
        await api.Host.ExecuteAsync(
            """
            insert into waits (tenant_id, execution_id, node_id, attempt, kind, event_type, correlation_key, due_at, created_at)
            select tenant_id, id, 'b', 1, 'event', 'order.paid', 'o-7', now() + interval '1 hour', now() from executions where id = $1
            """, id);
        await api.Host.ExecuteAsync(
            "insert into timers (tenant_id, execution_id, node_id, attempt, kind, due_at) select tenant_id, id, 'b', 1, 'wait', '2030-01-01T00:00:00Z' from executions where id = $1", id);

        var view = (await owner.GetAsync($"executions/{id}")).Ok().Data;

        var wait = Assert.Single(view.GetProperty("waits").EnumerateArray());
        Assert.Equal("'b' waits for an event 'order.paid' with the correlation key 'o-7'.", wait.GetProperty("for").GetString());
        Assert.Equal(wait.GetProperty("for").GetString(), view.GetProperty("next").GetProperty("reason").GetString());
        Assert.Equal(2030, view.GetProperty("next").GetProperty("dueAt").GetDateTimeOffset().Year);
        Assert.Empty(view.GetProperty("next").GetProperty("nodes").EnumerateArray());

        await RecordAsync(id, "b", 3);
        await api.Host.ExecuteAsync("delete from waits where execution_id = $1", id);
        await SetAsync(id, "status = 'queued'");
        view = (await owner.GetAsync($"executions/{id}")).Ok().Data;

        Assert.Equal(["c"], Texts(view.GetProperty("next").GetProperty("nodes")));
        Assert.Equal(["a"], Texts(view.GetProperty("steps")[2].GetProperty("reads")));
        Assert.Empty(Texts(view.GetProperty("steps")[0].GetProperty("reads")));
        Assert.True(view.GetProperty("steps")[0].GetProperty("durationMs").GetDouble() >= 0);
    }

    [Fact]
    public async Task A_rerun_from_a_node_takes_over_what_is_neither_it_nor_after_it_and_leaves_the_original_alone()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner, """{"input": {"n": 1}, "correlationId": "c"}""");
        foreach (var (node, sequence) in new[] { ("a", 1), ("side", 2), ("b", 3), ("c", 4) })
        {
            await RecordAsync(id, node, sequence);
        }

        await SetAsync(id, "status = 'completed', finished_at = now()");
        var before = await api.Host.ScalarAsync<string>("select e::text from executions e where id = $1", id);

        var key = ("Idempotency-Key", Guid.CreateVersion7().ToString());
        var rerun = (await owner.PostAsync($"executions/{id}/rerun", new { fromNode = "b", input = new { n = 2 }, reason = "corrected" }, key)).Ok(HttpStatusCode.Accepted);
        var again = (await owner.PostAsync($"executions/{id}/rerun", new { fromNode = "b", input = new { n = 2 }, reason = "corrected" }, key)).Ok(HttpStatusCode.Accepted);

        Assert.Equal(rerun.Id, again.Id);
        Assert.Equal("a 1, side 2", await api.Host.ScalarAsync<string>(
            "select string_agg(node_id || ' ' || sequence, ', ' order by sequence) from step_executions where execution_id = $1", rerun.Id));
        Assert.Equal(
            $$"""queued 1 {"n": 2} c {{id}} 1""",
            await api.Host.ScalarAsync<string>("select concat_ws(' ', status, version, input, correlation_id, forked_from, fence) from executions where id = $1", rerun.Id));
        Assert.Equal(before, await api.Host.ScalarAsync<string>("select e::text from executions e where id = $1", id));
        Assert.Equal("corrected", await api.Host.ScalarAsync<string>("select after ->> 'reason' from user_activity where object_id = $1 and action = 'execution.rerun'", rerun.Id));

        var lineage = (await owner.GetAsync($"executions/{id}/lineage")).Ok().Data;
        Assert.Equal(("rerun", rerun.Id), Relation(lineage.GetProperty("results")[0]));
        Assert.Equal(("origin", id), Relation((await owner.GetAsync($"executions/{rerun.Id}/lineage")).Ok().Data.GetProperty("origins")[0]));
    }

    [Fact]
    public async Task A_rerun_from_the_start_takes_nothing_over_and_may_go_to_the_published_version()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync(Chain);
        var id = await StartAsync(owner, "{}", workflow);
        await RecordAsync(id, "a", 1);
        await owner.PatchAsync($"workflows/{workflow}", "*", new { definition = Samples.Definition() });
        (await owner.PostAsync($"workflows/{workflow}/publish")).Ok();

        var same = (await owner.PostAsync($"executions/{id}/rerun")).Ok(HttpStatusCode.Accepted);
        var published = (await owner.PostAsync($"executions/{id}/rerun", new { version = "published" })).Ok(HttpStatusCode.Accepted);

        Assert.Equal("1 0", await api.Host.ScalarAsync<string>("select concat_ws(' ', version, fence) from executions where id = $1", same.Id));
        Assert.Equal(2, published.Data.GetProperty("version").GetInt32());
        Assert.Equal(0, await api.Host.ScalarAsync<long>("select count(*) from step_executions where execution_id = any ($1)", new[] { same.Id, published.Id }));
        (await owner.PostAsync($"executions/{id}/rerun", new { fromNode = "gone" })).Fails(HttpStatusCode.NotFound, "NODE_NOT_FOUND");
        (await owner.PostAsync($"executions/{id}/rerun", new { fromNode = "a", version = "published" })).Fails(HttpStatusCode.NotFound, "NODE_NOT_FOUND");
        (await owner.PostAsync($"executions/{id}/rerun", new { version = "newest" })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync($"executions/{Guid.CreateVersion7()}/rerun")).Fails(HttpStatusCode.NotFound, "EXECUTION_NOT_FOUND");
    }

    [Fact]
    public async Task Lineage_leads_from_an_event_to_parents_children_and_what_their_events_started()
    {
        using var owner = api.Host.Owner();
        var type = $"t{Guid.CreateVersion7():N}";
        var workflow = await owner.CreatePublishedAsync(Samples.Definition(eventType: type));
        var cause = (await owner.PostAsync("events", new { specversion = "1.0", id = "cause", source = $"/{type}", type })).Ok(HttpStatusCode.Accepted).Data.GetProperty("events")[0];
        var id = cause.GetProperty("executions")[0].GetGuid();
        var child = await StartAsync(owner, "{}", workflow);
        var grandchild = await StartAsync(owner, "{}", workflow);
        await SetAsync(child, $"parent_execution_id = '{id}', parent_node_id = 'sub'");
        await SetAsync(grandchild, $"parent_execution_id = '{child}', parent_node_id = 'sub'");
        await RecordAsync(id, "emit", 1, "emitEvent", $$"""{"source": "/{{type}}", "id": "result"}""");
        var result = (await owner.PostAsync("events", new { specversion = "1.0", id = "result", source = $"/{type}", type })).Ok(HttpStatusCode.Accepted).Data.GetProperty("events")[0];

        var lineage = (await owner.GetAsync($"executions/{id}/lineage")).Ok().Data;

        Assert.Equal(cause.GetProperty("id").GetGuid(), Assert.Single(lineage.GetProperty("origins").EnumerateArray()).GetProperty("eventId").GetGuid());
        var results = lineage.GetProperty("results").EnumerateArray().Select(relative => (
            relative.GetProperty("relation").GetString(), relative.GetProperty("distance").GetInt32(),
            relative.GetProperty(relative.GetProperty("executionId").ValueKind == JsonValueKind.Null ? "eventId" : "executionId").GetGuid())).ToHashSet();
        Assert.Equal(
            [("child", 1, child), ("child", 2, grandchild), ("emitted", 1, result.GetProperty("id").GetGuid()), ("started", 1, result.GetProperty("executions")[0].GetGuid())],
            results);
        Assert.Equal(
            [("parent", child), ("parent", id)],
            (await owner.GetAsync($"executions/{grandchild}/lineage")).Ok().Data.GetProperty("origins").EnumerateArray().Select(Relation));
        Assert.Equal([child], (await owner.GetAsync($"executions?parent={id}")).Ok().Data.EnumerateArray().Select(item => item.GetProperty("id").GetGuid()));
    }

    [Fact]
    public async Task Logs_are_paged_from_the_oldest_on_and_filtered_by_level_and_node()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner);
        await api.Host.ExecuteAsync(
            """
            insert into execution_logs (tenant_id, id, execution_id, level, node_id, message, metadata, at)
            select tenant_id, overlay(gen_random_uuid()::text placing left(uuid_at(now() + n * interval '1 second')::text, 13) from 1 for 13)::uuid, id,
              case when n % 2 = 0 then 'warning' else 'info' end, 'n' || n, 'message ' || n, '{"n": 1}', now()
            from executions, generate_series(1, 5) n where id = $1
            """, id);

        var first = (await owner.GetAsync($"executions/{id}/logs?per_page=3")).Ok();
        var second = (await owner.GetAsync($"executions/{id}/logs?per_page=3&cursor={first.Pagination.GetProperty("nextCursor").GetString()}")).Ok();

        Assert.Equal(["n1", "n2", "n3", "n4", "n5"], first.Data.EnumerateArray().Concat(second.Data.EnumerateArray()).Select(log => log.GetProperty("nodeId").GetString()));
        Assert.Equal(2, (await owner.GetAsync($"executions/{id}/logs?level=warning")).Ok().Data.GetArrayLength());
        Assert.Equal(1, (await owner.GetAsync($"executions/{id}/logs?node=n5")).Ok().Data.GetArrayLength());
        (await owner.GetAsync($"executions/{id}/logs?level=loud")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.GetAsync($"executions/{Guid.CreateVersion7()}/logs")).Fails(HttpStatusCode.NotFound, "EXECUTION_NOT_FOUND");
    }

    [Fact]
    public async Task Figures_of_a_workflow_come_from_hourly_sums()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        await api.Host.ExecuteAsync(
            """
            insert into workflow_performance
            select $1, $2, date_trunc('hour', now(), 'UTC') - h * interval '1 hour', t, s, duration_bucket(ms), n, n * ms
            from (values (0, 'manual', 'completed', 100, 90), (0, 'manual', 'failed', 100, 5), (1, 'event', 'completed', 10000, 4), (1, 'event', 'cancelled', 10000, 1)) x (h, t, s, ms, n)
            """, api.Host.First.TenantId, workflow);

        var stats = (await owner.GetAsync($"workflows/{workflow}/stats")).Ok().Data;

        var total = stats.GetProperty("total");
        Assert.Equal((100, 94, 5, 1), (total.GetProperty("executions").GetInt32(), total.GetProperty("completed").GetInt32(), total.GetProperty("failed").GetInt32(), total.GetProperty("cancelled").GetInt32()));
        Assert.Equal(94.0 / 99, total.GetProperty("successRate").GetDouble(), 6);
        Assert.Equal(595, total.GetProperty("averageMs").GetDouble(), 3);
        Assert.InRange(total.GetProperty("p50Ms").GetDouble(), 90, 110);
        Assert.InRange(total.GetProperty("p99Ms").GetDouble(), 9_000, 11_000);
        Assert.Equal(["event", "manual"], stats.GetProperty("triggers").EnumerateArray().Select(trigger => trigger.GetProperty("triggerType").GetString()));
        Assert.Equal(2, stats.GetProperty("hours").GetArrayLength());
        Assert.True((await owner.GetAsync("executions/stats")).Ok().Data.GetProperty("ended").GetProperty("executions").GetInt32() >= 100);
        (await owner.GetAsync($"workflows/{Guid.CreateVersion7()}/stats")).Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        (await owner.GetAsync("executions/stats?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.GetAsync("executions/stats?from=2026-03-01T00:00:00Z&to=2026-01-01T00:00:00Z")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task The_queue_of_a_tenant_is_its_own_and_workers_are_for_those_who_manage_it()
    {
        var tenant = await api.Host.CreateTenantAsync("queues");
        using var owner = api.Host.Client(tenant.ApiKey);
        using var reader = api.Host.Client((await owner.CreateKeyAsync("executions.read")).Key);
        using var other = api.Host.Owner();
        await StartAsync(other);
        await api.Host.ExecuteAsync("insert into workers (id, name, started_at, heartbeat_at, in_flight) values (gen_random_uuid(), 'host', now(), now(), 7)");
        var workflow = await owner.CreatePublishedAsync();
        await StartAsync(owner, """{"priority": "high"}""", workflow);
        await StartAsync(owner, """{"priority": "low"}""", workflow);
        await StartAsync(owner, """{"priority": "low"}""", workflow);
        await SetAsync(await StartAsync(owner, "{}", workflow), "status = 'paused'");

        var queues = (await owner.GetAsync("queues")).Ok().Data;

        Assert.Equal(["high 1", "low 2"], queues.GetProperty("queues").EnumerateArray().Select(queue => $"{queue.GetProperty("priority")} {queue.GetProperty("depth")}"));
        Assert.Equal((3, 1), (queues.GetProperty("live").GetProperty("queued").GetInt32(), queues.GetProperty("live").GetProperty("paused").GetInt32()));
        Assert.Equal(7, queues.GetProperty("workers")[0].GetProperty("inFlight").GetInt32());
        var seen = (await reader.GetAsync("queues")).Ok().Data;
        Assert.Equal((1, JsonValueKind.Null), (seen.GetProperty("workersActive").GetInt32(), seen.GetProperty("workers").ValueKind));
    }

    private async Task<Guid> StartAsync(ApiClient owner, string body = "{}", Guid? workflow = null) =>
        (await owner.PostAsync($"workflows/{workflow ?? await owner.CreatePublishedAsync(Chain)}/execute", body)).Ok(HttpStatusCode.Accepted).Id;

    private Task RecordAsync(Guid id, string node, int sequence, string type = "noop", string output = "{}") => api.Host.ExecuteAsync(
        """
        insert into step_executions (tenant_id, execution_id, node_id, attempt, sequence, node_type, status, port, output, started_at, finished_at)
        select tenant_id, id, $2, 1, $3, $4, 'completed', 'main', $5::jsonb, now(), now() from executions where id = $1
        """, id, node, sequence, type, output);

    private Task SetAsync(Guid id, string set) => api.Host.ExecuteAsync($"update executions set {set} where id = $1", id);

    private static List<string> Texts(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetString()!)];

    private static (string?, Guid) Relation(JsonElement relative) => (relative.GetProperty("relation").GetString(), relative.GetProperty("executionId").GetGuid());
}

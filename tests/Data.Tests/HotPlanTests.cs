using System.Reflection;
using System.Text.Json;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>
/// What the statements that run all the time read, where a wrong index would cost most: beside thousands of rows of the same tenant, analysed, as the role that
/// runs them, both as planned for the values and as planned once for all (which the driver's prepared statements become). A plan by the wrong index is not
/// wrong, only slow: nothing else notices.
/// </summary>
public sealed class HotPlanTests(PostgresServer server) : IAsyncLifetime
{
    private const int Many = 6_000;
    private const int Few = 16;

    private DataStack _stack = null!;
    private TestTenant _tenant = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    // The partial index on queued rows has the priority before the id: by it, each id of a claim would read the tenant's whole queue.
    [Fact]
    public async Task A_claim_by_id_reads_the_primary_key_and_nothing_else()
    {
        await QueueAsync();
        var ids = await _stack.ListAsync("select id::text from executions where status = 'queued' order by md5(id::text) limit $1", Few);

        foreach (var plan in await PlansAsync(DatabaseRole.Worker, "ExecutionClaims", "ClaimSql", Id(Guid.CreateVersion7()), Ids(ids.Select(_ => $"{_tenant.Id}")), Ids(ids)))
        {
            var read = plan.Where(node => node.Table.StartsWith("executions", StringComparison.Ordinal)).ToList();
            Assert.NotEmpty(read);
            Assert.All(read, node => Assert.True(node.Index?.EndsWith("_pkey", StringComparison.Ordinal), $"{node}"));
            Assert.Equal(Few, plan.Where(node => node.Table.StartsWith("executions", StringComparison.Ordinal)).Sum(node => node.Kept));
        }
    }

    // The guard itself: without the trick in the statement the planner takes the other index, so that this test would notice.
    [Fact]
    public async Task A_claim_that_compares_the_status_plainly_is_seen_to_read_the_queue()
    {
        await QueueAsync();
        var ids = await _stack.ListAsync("select id::text from executions where status = 'queued' order by md5(id::text) limit $1", Few);
        var plain = SqlOf("ExecutionClaims", "ClaimSql").Replace("coalesce(e.status, '') = 'queued'", "e.status = 'queued'", StringComparison.Ordinal);

        var plans = await PlansOfAsync(DatabaseRole.Worker, plain, Id(Guid.CreateVersion7()), Ids(ids.Select(_ => $"{_tenant.Id}")), Ids(ids));

        Assert.Contains(plans.SelectMany(plan => plan), node => node.Table.StartsWith("executions", StringComparison.Ordinal) && node.Index?.EndsWith("_pkey", StringComparison.Ordinal) != true);
    }

    [Fact]
    public async Task Firing_timers_reads_those_that_are_due()
    {
        await _stack.ExecuteAsync(
            "insert into timers (tenant_id, execution_id, node_id, attempt, kind, due_at) select $1, gen_random_uuid(), 'n', 1, 'wait', now() + (n - $2) * interval '1 minute' from generate_series(1, $3) n",
            _tenant.Id, Few, Many);
        await AnalyzeAsync("timers");

        foreach (var plan in await PlansAsync(DatabaseRole.Worker, "TimerStore", "FireSql", "500"))
        {
            Assert.Contains(plan, node => node is { Table: "timers", Index: "timers_due" });
            AssertReads(plan, Few * 8);
        }

        foreach (var plan in await PlansAsync(DatabaseRole.Worker, "TimerStore", "NextSql"))
        {
            Assert.Contains(plan, node => node is { Table: "timers", Index: "timers_due" });
            AssertReads(plan, 2);
        }
    }

    [Fact]
    public async Task Firing_schedules_reads_those_that_are_due()
    {
        await _stack.ExecuteAsync(
            """
            insert into schedules (tenant_id, id, name, workflow_id, cron, anchor_at, next_tick, next_fire_at, created_at, updated_at)
            select $1, gen_random_uuid(), 's' || n, $2, '0 * * * *', now(), now() + (n - $3) * interval '1 minute', now() + (n - $3) * interval '1 minute', now(), now() from generate_series(1, $4) n
            """, _tenant.Id, _tenant.WorkflowId, Few, Many);
        await AnalyzeAsync("schedules");

        foreach (var plan in await PlansAsync(DatabaseRole.Worker, "ScheduleFiring", "DueSql", "50", "null", "null"))
        {
            Assert.Contains(plan, node => node is { Table: "schedules", Index: "schedules_due" });
            AssertReads(plan, Few * 10);
        }
    }

    // As the API asks for a page of the trail: of one person, of one object, of one kind of change.
    [Theory]
    [InlineData("actor_id = $2", "actor_id")]
    [InlineData("object_id = $2", "object_id")]
    [InlineData("action = 'rare'", "action")]
    public async Task A_page_of_the_trail_reads_the_page(string filter, string index)
    {
        var wanted = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            """
            insert into user_activity (tenant_id, id, actor_type, actor_id, actor_name, action, object_type,
              object_id, at)
            select $1, (left($2::text, 14) || 'f000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user',
              case when n % 200 = 0 then $2 else gen_random_uuid() end, 'a',
              case when n % 200 = 0 then 'rare' else 'usual' end, 'o',
                case when n % 200 = 0 then $2 else gen_random_uuid() end, now() from generate_series(1, $3) n
            """,
            _tenant.Id, wanted, Many);
        await AnalyzeAsync("user_activity");

        foreach (var plan in await PlansOfAsync(
            DatabaseRole.Api, $"select * from user_activity u where u.tenant_id = $1 and u.{filter} and $2::uuid "
                + $"is not null order by u.id desc limit 11",
            Id(_tenant.Id), Id(wanted)))
        {
            Assert.Contains(plan, node => node.Index?.Contains(index, StringComparison.Ordinal) == true);
            AssertReads(plan, 11 + Few);
        }
    }

    [Fact]
    public async Task Looking_back_for_an_event_reads_those_with_its_key()
    {
        var worker = await _stack.AddWorkerAsync();
        var owned = await _stack.ClaimNewAsync(_tenant, worker);
        await _stack.WriteAsync(worker, checkpoint => checkpoint.Opened.Add(owned.EventWait("w", "paid", "key-7")));
        await _stack.ExecuteAsync(
            """
            insert into events (tenant_id, id, event_id, source, type, correlation_key, received_at)
            select $1, (left($2::text, 14) || 'f000-8000-' || lpad(n::text, 12, '0'))::uuid, n::text, '/s', 'paid', 'key-' || n, now() from generate_series(1, $3) n
            """, _tenant.Id, Guid.CreateVersion7(), Many);
        await AnalyzeAsync("events");

        foreach (var plan in await PlansAsync(DatabaseRole.Worker, "EventBacklog", "LookBackSql", Ids([$"{_tenant.Id}"]), Ids([$"{owned.Key.Id}"]), "'{w}'", "'{\"\"}'", "'{1}'"))
        {
            Assert.Contains(plan, node => node.Table.StartsWith("events", StringComparison.Ordinal) && node.Index?.Contains("correlation_key", StringComparison.Ordinal) == true);
            AssertReads(plan, Few);
        }
    }

    // Of somebody who has decided on thousands since the oldest open request.
    [Fact]
    public async Task A_page_of_an_inbox_reads_little_more_than_the_page()
    {
        var user = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            """
            with r as (
              insert into approval_requests (tenant_id, id, execution_id, workflow_id, node_id, iteration, attempt, title, mode, required, unknown_assignees, created_at, status, closed_at)
              select $1, lpad(to_hex(n), 32, '0')::uuid, gen_random_uuid(), $2, 'n', '', 1, 'Title', 'any', 1, '{}', now(),
                case when n <= $5 then 'open' else 'approved' end, case when n > $5 then now() end from generate_series(1, $4) n returning id, status)
            insert into approval_assignees (tenant_id, request_id, kind, principal_id, open, created_at) select $1, id, 'user', $3, status = 'open', now() from r
            """, _tenant.Id, _tenant.WorkflowId, user, Many, 3 * Few);
        await AnalyzeAsync("approval_requests", "approval_assignees");

        foreach (var plan in await PlansAsync(DatabaseRole.Api, "ApprovalInbox", "OpenSql", Id(_tenant.Id), Id(user), "null", "20"))
        {
            Assert.Contains(plan, node => node is { Table: "approval_assignees", Index: "approval_assignees_inbox" });
            AssertReads(plan, 20 * 6);
        }
    }

    // As after a flood: when the table was analysed last next to nothing was queued, so that the index on queued rows looks as good as empty.
    private async Task QueueAsync()
    {
        const string Insert = """
            insert into executions (tenant_id, id, workflow_id, version, trigger_type, input, queued_at, status, finished_at)
            select $1, (left($2::text, 14) || $6 || '-8000-' || lpad(n::text, 12, '0'))::uuid, $3, 1, 'manual', '{}', now(), $5, case when $5 = 'completed' then now() end from generate_series(1, $4) n
            """;
        var at = Guid.CreateVersion7();
        await _stack.ExecuteAsync(Insert, _tenant.Id, at, _tenant.WorkflowId, Many, "completed", "7000");
        await AnalyzeAsync("executions");
        await _stack.ExecuteAsync(Insert, _tenant.Id, at, _tenant.WorkflowId, Many, "queued", "7001");
    }

    private async Task AnalyzeAsync(params string[] tables)
    {
        foreach (var table in tables)
        {
            await _stack.ExecuteAsync($"vacuum analyze {table}");
        }
    }

    private static void AssertReads(List<Scan> plan, double atMost)
    {
        var read = plan.Sum(node => node.Kept + node.Discarded);
        Assert.True(read <= atMost, $"{read} rows were read, at most {atMost} should be: {string.Join("; ", plan)}");
    }

    private static string Id(Guid id) => $"'{id}'";

    private static string Ids(IEnumerable<string> ids) => $"'{{{string.Join(',', ids)}}}'";

    private static string SqlOf(string type, string name) =>
        (string)typeof(WorkflowsDatabase).Assembly.GetTypes().Single(candidate => candidate.Name == type)
            .GetField(name, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)!.GetRawConstantValue()!;

    private Task<List<List<Scan>>> PlansAsync(DatabaseRole role, string type, string name, params string[] arguments) => PlansOfAsync(role, SqlOf(type, name), arguments);

    /// <summary>What the statement read, for each of the two ways of planning it; what it wrote is rolled back.</summary>
    private async Task<List<List<Scan>>> PlansOfAsync(DatabaseRole role, string sql, params string[] arguments)
    {
        var plans = new List<List<Scan>>();
        await using var database = new WorkflowsDatabase(_stack.Options, role);
        foreach (var mode in (string[])["force_custom_plan", "force_generic_plan"])
        {
            await using var connection = await database.HotPath.OpenConnectionAsync(Token);
            await using var transaction = await connection.BeginTransactionAsync(Token);
            await RunAsync(connection, $"set local plan_cache_mode = {mode}");
            await RunAsync(connection, $"select set_config('app.tenant_id', '{_tenant.Id}', true)");
            await RunAsync(connection, $"prepare statement_under_test as {sql}");
            var json = await RunAsync(connection, $"explain (analyze, format json) execute statement_under_test{(arguments.Length == 0 ? "" : $"({string.Join(", ", arguments)})")}");
            await RunAsync(connection, "deallocate statement_under_test");
            using var document = JsonDocument.Parse(json);
            var scans = new List<Scan>();
            Collect(document.RootElement[0].GetProperty("Plan"), scans);
            plans.Add(scans);
        }

        return plans;
    }

    private static async Task<string> RunAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // constants of the stores and of these tests
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(Token) as string ?? "";
    }

    private static void Collect(JsonElement node, List<Scan> scans)
    {
        var isScan = node.GetProperty("Node Type").GetString()!.EndsWith("Scan", StringComparison.Ordinal);
        if (isScan && (node.TryGetProperty("Relation Name", out var table) || node.TryGetProperty("Index Name", out table)) && node.GetProperty("Actual Loops").GetDouble() is > 0 and var loops)
        {
            scans.Add(new Scan(
                table.GetString()!,
                node.TryGetProperty("Index Name", out var index) ? index.GetString() : null,
                node.GetProperty("Actual Rows").GetDouble() * loops,
                Removed(node, "Rows Removed by Filter") * loops + Removed(node, "Rows Removed by Index Recheck") * loops));
        }

        if (node.TryGetProperty("Plans", out var inner))
        {
            foreach (var child in inner.EnumerateArray())
            {
                Collect(child, scans);
            }
        }
    }

    private static double Removed(JsonElement node, string name) => node.TryGetProperty(name, out var rows) ? rows.GetDouble() : 0;

    private sealed record Scan(string Table, string? Index, double Kept, double Discarded);
}

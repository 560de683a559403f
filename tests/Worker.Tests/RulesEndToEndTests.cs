using Npgsql;
using Workflows.Data.Events;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>Rules, joins, SQL starts and events that cannot be routed, with a worker process on real servers.</summary>
public sealed class RulesEndToEndTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly string[] OneOfThreeIsPoison = ["{}", """{"poison": 1}""", "{}"];

    private WorkerBed _bed = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await WorkerBed.CreateAsync(postgres, redis);
        await _bed.StartWorkerAsync();
    }

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task A_rule_leads_from_event_to_event_to_an_execution_that_knows_where_it_comes_from()
    {
        var workflow = await _bed.PublishAsync(
            """{"id": "only", "type": "set", "parameters": {"value": {"by": "{{ trigger.type }}", "type": "{{ event.type }}", "n": "{{ input.n }}"}}}""",
            rest: """, "output": "{{ steps.only.output }}" """);
        await AddRuleAsync("""{"eventType": "order.placed", "actions": [{"type": "emitEvent", "eventType": "order.large", "data": {"n": "{{ event.data.n * 2 }}"}}]}""");
        await AddRuleAsync($$$"""{"eventType": "order.large", "actions": [{"type": "startWorkflow", "workflow": "{{{workflow}}}"}]}""");

        await _bed.SendAsync("order.placed", data: """{"n": 21}""");
        await Eventually.TrueAsync(
            () => _bed.ScalarAsync<bool>("select exists (select from executions where finished_at is not null)"), Soon, TestContext.Current.CancellationToken);

        Assert.Equal(
            ["""{"n": 42, "by": "rule", "type": "order.large"} 1 1"""],
            await _bed.ListAsync(
                """
                select concat_ws(' ', x.output, x.trigger -> 'event' ->> 'hops',
                  (select count(*) from events e where e.id::text = x.trigger -> 'event' ->> 'causationid'))
                from executions x
                """));
    }

    // By a trigger, by a rule, and by way of a sub-workflow that nobody waits for.
    [Theory]
    [InlineData("trigger")]
    [InlineData("rule")]
    [InlineData("child")]
    public async Task Workflows_that_cause_each_other_by_events_come_to_an_end(string way)
    {
        const string Emit = """{"id": "again", "type": "emitEvent", "parameters": {"type": "ping"}}""";
        var emitter = way == "child"
            ? await _bed.PublishAsync(Emit)
            : await _bed.PublishAsync(Emit, rest: way == "trigger" ? """, "triggers": [{"id": "on", "type": "event", "eventType": "ping"}]""" : "");
        if (way == "child")
        {
            await _bed.PublishAsync(
                $$$"""{"id": "call", "type": "subworkflow", "parameters": {"workflow": "{{{emitter}}}", "mode": "fire"}}""",
                rest: """, "triggers": [{"id": "on", "type": "event", "eventType": "ping"}]""");
        }
        else if (way == "rule")
        {
            await AddRuleAsync($$$"""{"eventType": "ping", "actions": [{"type": "startWorkflow", "workflow": "{{{emitter}}}"}]}""");
        }

        await _bed.SendAsync("ping");
        await Eventually.TrueAsync(
            () => _bed.ScalarAsync<bool>("select exists (select from executions where error ->> 'code' = 'EVENT_CHAIN_TOO_LONG')"), Soon, TestContext.Current.CancellationToken);

        Assert.Equal(Engine.Limits.RuleHops + 1, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", emitter));
        Assert.Equal(Engine.Limits.RuleHops, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and status = 'completed'", emitter));
        Assert.Equal(
            ["", .. Enumerable.Range(1, Engine.Limits.RuleHops).Select(hops => $"{hops}")],
            await _bed.ListAsync("select coalesce(extensions ->> 'hops', '') from events order by (extensions ->> 'hops')::int nulls first"));
    }

    [Fact]
    public async Task What_sql_starts_runs_within_a_second_or_so_and_wrong_input_fails_it()
    {
        await _bed.PublishAsync(
            """{"id": "only", "type": "noop"}""",
            rest: """, "parameters": {"type": "object", "required": ["order"]}, "output": "{{ input.order }}" """);
        var name = await _bed.ScalarAsync<string>("select name from workflows");
        var role = $"app_{Guid.CreateVersion7():N}";
        await _bed.ExecuteAsync($"create role {role} login password '{WorkerBed.Password}'");
        await _bed.ScalarAsync<bool>("select workflows.grant_client($1, $2) is not null", role, _bed.TenantId);
        await using var connection = await _bed.OpenAsync(role);
        var waits = new List<TimeSpan>();
        for (var round = 0; round < 5; round++)
        {
            var began = TimeProvider.System.GetTimestamp();
            var good = await EnqueueAsync(connection, name, """{"order": 7}""");
            Assert.Equal(("completed", "7"), await _bed.EndOfAsync(good, Soon));
            waits.Add(TimeProvider.System.GetElapsedTime(began));
        }

        var bad = await EnqueueAsync(connection, name, """{"ordre": 7}""");

        Assert.Equal(("failed", "INPUT_INVALID"), await _bed.EndOfAsync(bad, Soon));
        Assert.True(waits.Order().ElementAt(2) < TimeSpan.FromSeconds(1.5), $"It took {string.Join(", ", waits)}.");
    }

    [Fact]
    public async Task What_sql_starts_under_a_key_runs_within_its_limit_and_a_bad_key_fails_it()
    {
        await _bed.PublishAsync(
            """{"id": "only", "type": "delay", "parameters": {"seconds": 0.2}}""",
            rest: """, "settings": {"concurrency": {"limit": 1, "key": "{{ $uppercase(input.k) }}"}}""");
        var name = await _bed.ScalarAsync<string>("select name from workflows");
        var role = $"app_{Guid.CreateVersion7():N}";
        await _bed.ExecuteAsync($"create role {role} login password '{WorkerBed.Password}'");
        await _bed.ScalarAsync<bool>("select workflows.grant_client($1, $2) is not null", role, _bed.TenantId);
        await using var connection = await _bed.OpenAsync(role);
        var good = new List<Guid>();
        for (var start = 0; start < 4; start++)
        {
            good.Add(await EnqueueAsync(connection, name, """{"k": "a"}"""));
        }

        var bad = await EnqueueAsync(connection, name, """{"k": {"no": "text"}}""");

        foreach (var execution in good)
        {
            Assert.Equal("completed", (await _bed.EndOfAsync(execution, Soon)).Status);
        }

        Assert.Equal(("failed", "CONCURRENCY_KEY"), await _bed.EndOfAsync(bad, Soon));
        Assert.Equal(
            0, await _bed.ScalarAsync<long>("select count(*) from executions a join executions b on a.id < b.id and a.started_at < b.finished_at and b.started_at < a.finished_at where a.status = 'completed' and b.status = 'completed'"));
        Assert.Equal(["A"], await _bed.ListAsync("select distinct concurrency_key from executions where concurrency_key is not null"));
    }

    [Fact]
    public async Task A_rate_lets_starts_go_one_period_apart_and_a_rule_tells_of_an_approval_that_is_asked_for()
    {
        var ann = await _bed.AddUserAsync("ann");
        var workflow = await _bed.PublishAsync(
            """{"id": "ask", "type": "approval", "parameters": {"title": "Pay?", "users": "ann@x.org"}}""", "",
            """, "settings": {"rateLimit": {"limit": 2, "perSeconds": 2, "key": "{{ input.customer }}"}}""");
        await _bed.ExecuteAsync("update workflows w set start_settings = v.definition -> 'settings' from workflow_versions v where v.workflow_id = w.id");
        await AddRuleAsync($$$"""{"eventType": "order.placed", "actions": [{"type": "startWorkflow", "workflow": "{{{workflow}}}"}]}""");
        await AddRuleAsync("""{"eventType": "approval.requested", "actions": [{"type": "notify", "users": "ann@x.org", "title": "{{ event.data.title }} {{ event.data.nodeId }}"}]}""");

        for (var sent = 0; sent < 5; sent++)
        {
            await _bed.SendAsync("order.placed", data: """{"customer": "c"}""");
        }

        await Eventually.TrueAsync(
            async () => await _bed.ScalarAsync<long>("select count(*) from notifications where kind = 'rule' and user_id = $1", ann) == 5, Soon, TestContext.Current.CancellationToken);

        Assert.Equal(["Pay? ask"], await _bed.ListAsync("select distinct title from notifications where kind = 'rule'"));
        Assert.InRange(await _bed.ScalarAsync<double>("select extract(epoch from max(started_at) - min(uuid_time(id)))::float8 from executions"), 3.9, 20);
        Assert.Equal(3, await _bed.ScalarAsync<long>("select count(*) from executions where not_before is not null and started_at >= not_before"));
    }

    [Fact]
    public async Task An_event_that_cannot_be_routed_is_set_aside_and_holds_up_no_other()
    {
        var workflow = await _bed.PublishAsync("""{"id": "only", "type": "noop"}""");
        await AddRuleAsync($$$"""{"eventType": "order.placed", "actions": [{"type": "startWorkflow", "workflow": "{{{workflow}}}"}]}""");
        await _bed.ExecuteAsync(
            """
            create function refuse() returns trigger language plpgsql as
              'begin if new.input ? ''poison'' then raise exception ''out of order''; end if; return new; end'
            """);
        await _bed.ExecuteAsync("create trigger refuse before insert on executions for each row execute function refuse()");

        // Together in one call: the routing of all three fails, and each is tried by itself.
        var outcomes = await _bed.Events.IngestAsync(
            _bed.TenantId, [.. OneOfThreeIsPoison.Select(data => New("order.placed", data))], TestContext.Current.CancellationToken);

        await Eventually.TrueAsync(
            () => _bed.ScalarAsync<bool>("select count(*) = 2 from executions where status = 'completed'"), Soon, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(
            async () =>
            {
                await _bed.ExecuteAsync("update events_to_route set due_at = now()");
                return await _bed.ScalarAsync<bool>("select exists (select from events_to_route where set_aside_at is not null and error like '%out of order%')");
            }, Soon, TestContext.Current.CancellationToken);
        Assert.Equal([outcomes[1].Id.ToString()], await _bed.ListAsync("select id::text from events_to_route"));
        await _bed.SendAsync("order.placed");
        await Eventually.TrueAsync(
            () => _bed.ScalarAsync<bool>("select count(*) = 3 from executions where status = 'completed'"), Soon, TestContext.Current.CancellationToken);
    }

    private static NewEvent New(string type, string data) => new()
    {
        EventId = Guid.CreateVersion7().ToString(),
        Source = "/test",
        Type = type,
        Data = System.Text.Encoding.UTF8.GetBytes(data),
        Extensions = "{}"u8.ToArray(),
    };

    private static async Task<Guid> EnqueueAsync(NpgsqlConnection connection, string workflow, string input)
    {
        await using var command = new NpgsqlCommand("select workflows.enqueue($1, $2::jsonb)", connection);
        command.Parameters.Add(new() { Value = workflow });
        command.Parameters.Add(new() { Value = input });
        return (Guid)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    private Task<int> AddRuleAsync(string definition) => _bed.ExecuteAsync(
        "insert into rules (tenant_id, id, name, definition, created_at, updated_at) values ($1, $2, $2::text, $3::jsonb, now(), now())",
        _bed.TenantId, Guid.CreateVersion7(), definition);
}

using Microsoft.Extensions.Logging.Abstractions;
using Workflows.Data.Events;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class RuleTests(PostgresServer server) : IAsyncLifetime
{
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task A_rule_starts_a_workflow_with_the_input_it_maps()
    {
        var rule = await AddAsync("""{"eventType": "order.*", "condition": "event.data.net > 10", "actions": [START]}""", start: """, "input": {"net": "{{ event.data.net }}", "by": "rule {{ rule.name }}"}, "correlationId": "{{ event.data.order }}", "priority": "high" """);

        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("order.paid", data: """{"net": 5, "order": "a"}"""));
        var outcome = await IngestAsync("order.paid", data: """{"net": 50, "order": "b"}""");

        Assert.Single(outcome.Executions);
        Assert.Equal(
            [$$"""rule {{rule}} 1 b {"by": "rule r0", "net": 50}"""],
            await _stack.ListAsync("select concat_ws(' ', trigger_type, trigger ->> 'id', priority, correlation_id, input) from executions"));
        Assert.Equal(
            [$"rule:{rule} {outcome.Executions[0]}"],
            await _stack.ListAsync("select target || ' ' || execution_id from event_matches where matched and rule_id = $1", rule));
    }

    [Fact]
    public async Task A_rule_that_stops_keeps_lower_ones_from_the_event_and_not_equal_ones()
    {
        await AddAsync("""{"eventType": "t", "actions": [START]}""", priority: 1);
        await AddAsync("""{"eventType": "t", "condition": "event.data.stop", "actions": [START]}""", priority: 5, stop: true);
        await AddAsync("""{"eventType": "*", "actions": [START]}""", priority: 5);

        Assert.Equal(2, (await IngestAsync("t", data: """{"stop": true}""")).Executions.Count);
        Assert.Equal(2, (await IngestAsync("t", data: """{"stop": false}""")).Executions.Count);
        Assert.Equal(["5", "5", "5", "1"], await _stack.ListAsync(
            "select r.priority::text from event_matches m join rules r on r.id = m.rule_id order by m.event_id, r.priority desc, r.id"));
    }

    [Theory]
    [InlineData("enabled = false")]
    [InlineData("deleted_at = now()")]
    [InlineData("active_from = now() + interval '1 hour'")]
    [InlineData("active_to = now() - interval '1 hour'")]
    public async Task A_rule_that_is_off_does_nothing(string change)
    {
        await AddAsync("""{"eventType": "t", "actions": [START]}""");
        Assert.Single((await IngestAsync("t")).Executions);

        await _stack.ExecuteAsync($"update rules set version = version + 1, {change}");

        Assert.Empty((await IngestAsync("t")).Executions);
    }

    [Fact]
    public async Task What_an_action_cannot_do_is_recorded_and_keeps_nothing_else_back()
    {
        await AddAsync("""{"eventType": "t", "actions": [{"type": "startWorkflow", "workflow": "0197e7a4-0000-7000-8000-000000000000"}, START, STRANGE]}""");

        Assert.Single((await IngestAsync("t")).Executions);
        Assert.Equal(
            ["the workflow is not there, not published, or switched off", "", "the input cannot be stored: "],
            (await _stack.ListAsync("select reason from event_matches order by target")).Select(reason => reason[..Math.Min(reason.Length, reason.StartsWith("the input", StringComparison.Ordinal) ? 28 : 99)]));
    }

    [Theory]
    [InlineData("""$split('\uD83D\uDE00', '')[0]""")]
    [InlineData("""$base64decode('AA==')""")]
    public async Task What_cannot_be_stored_is_the_refusal_of_its_action_and_keeps_nothing_else_back(string text)
    {
        await AddAsync(
            """{"eventType": "t", "actions": [START]}""", start: $$$""", "correlationId": "{{ {{{text}}} }}" """);
        await AddAsync(
            $$$"""
            {"eventType": "t", "actions": [{"type": "emitEvent", "eventType": "u", "subject": "{{ {{{text}}} }}"}]}
            """);
        await AddAsync(
            $$$"""
            {"eventType": "t",
             "actions": [{"type": "notify", "users": ["a@example.com"], "title": "{{ {{{text}}} }}"}]}
            """);
        await AddAsync(
            $$$"""
            {"eventType": "t",
             "actions": [{"type": "emitEvent", "eventType": "u", "subject": "{{ $error({{{text}}}) }}"}]}
            """);
        await AddAsync(
            $$$"""
            {"actions": [START],
             "join": {"within": 60, "correlateBy": "{{{text}}}", "order": "any",
                      "events": [{"type": "t", "as": "a"}, {"type": "u", "as": "b"}] } }
            """);
        await AddAsync("""{"eventType": "t", "actions": [START]}""");

        Assert.Single((await IngestAsync("t")).Executions);
        Assert.Equal(
            4, (await _stack.ListAsync("select reason from event_matches where execution_id is null and reason <> ''"))
            .Count);
        Assert.Empty(await _stack.ListAsync("select error from events_to_route"));
    }

    [Fact]
    public async Task An_emitted_event_is_routed_in_its_turn_and_a_loop_ends()
    {
        await AddAsync("""{"eventType": "ping", "actions": [{"type": "emitEvent", "eventType": "ping", "subject": "s", "data": {"n": "{{ event.data.n + 1 }}"}}]}""");

        await IngestAsync("ping", data: """{"n": 0}""");
        for (var round = 0; round < Engine.Limits.RuleHops + 3; round++)
        {
            foreach (var tenant in await PendingAsync())
            {
                await _stack.Router.RouteAsync(tenant.Key, [.. tenant], TestContext.Current.CancellationToken);
            }
        }

        Assert.Empty(await PendingAsync());
        Assert.Equal(Engine.Limits.RuleHops + 1, await _stack.ScalarAsync<long>("select count(*) from events"));
        Assert.Equal(Engine.Limits.RuleHops, await _stack.ScalarAsync<int>("select max((data ->> 'n')::int) from events"));
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from event_matches where emitted_id is null and reason like 'more than 10 events would follow%'"));
    }

    [Fact]
    public async Task A_join_fires_when_the_last_of_its_events_came_in_any_order()
    {
        await AddAsync("""{"join": {"events": [{"type": "paid", "as": "paid"}, {"type": "packed", "as": "packed"}], "within": 60, "correlateBy": "event.data.order"}, "actions": [START]}""");

        Assert.Empty((await IngestAsync("packed", data: """{"order": 7}""")).Executions);
        Assert.Empty((await IngestAsync("paid", data: """{"order": 8}""")).Executions);
        Assert.Empty((await IngestAsync("paid")).Executions);
        var completing = await IngestAsync("paid", data: """{"order": 7, "by": "card"}""");

        Assert.Single(completing.Executions);
        Assert.Equal(["card packed"], await _stack.ListAsync("select concat_ws(' ', input -> 'paid' -> 'data' ->> 'by', input -> 'packed' ->> 'type') from executions"));
        Assert.Equal(["8"], await _stack.ListAsync("select correlation_key from rule_joins"));
        Assert.Equal(2, await _stack.ScalarAsync<long>("select count(*) from event_matches where execution_id = $1", completing.Executions[0]));
        Assert.Empty((await IngestAsync("paid", data: """{"order": 7}""")).Executions);
    }

    [Fact]
    public async Task A_sequence_wants_its_events_in_their_order()
    {
        await AddAsync("""{"join": {"events": [{"type": "a", "as": "a"}, {"type": "b", "as": "b"}], "within": 60, "correlateBy": "'all'", "order": "sequence"}, "actions": [START]}""");

        Assert.Empty((await IngestAsync("b")).Executions);
        Assert.Empty((await IngestAsync("a")).Executions);
        Assert.Single((await IngestAsync("b")).Executions);
    }

    [Fact]
    public async Task A_set_that_does_not_complete_within_the_window_is_forgotten()
    {
        await AddAsync("""{"join": {"events": [{"type": "a", "as": "a"}, {"type": "b", "as": "b"}], "within": 0.05, "correlateBy": "'all'"}, "actions": [START]}""");

        await IngestAsync("a");
        await Task.Delay(TimeSpan.FromMilliseconds(80), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Empty((await IngestAsync("b")).Executions);
        await Task.Delay(TimeSpan.FromMilliseconds(80), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(1, await _stack.Maintenance.DeleteExpiredAsync(100, TestContext.Current.CancellationToken));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from rule_joins"));
    }

    [Fact]
    public async Task Of_many_routers_at_once_each_set_fires_one_and_only_one_time()
    {
        await AddAsync("""{"join": {"events": [{"type": "a", "as": "a"}, {"type": "b", "as": "b"}, {"type": "c", "as": "c"}], "within": 600, "correlateBy": "event.subject"}, "actions": [START]}""");
        var random = new Random(20_261_120);
        var events = Enumerable.Range(0, 40)
            .SelectMany(set => "abc".Select(type => TestTenant.NewEvent(type.ToString()) with { Subject = $"s{set}" }))
            .OrderBy(_ => random.Next()).Chunk(7).ToList();
        var other = new EventStore(_stack.Api, new EventRouter(_stack.Api, _stack.Dispatch, _stack.Signals, TimeProvider.System), TimeProvider.System, NullLogger<EventStore>.Instance);

        await Task.WhenAll(events.Select((chunk, index) => Task.Run(
            () => (index % 2 == 0 ? _stack.Events : other).IngestAsync(_tenant.Id, chunk, TestContext.Current.CancellationToken))));
        foreach (var tenant in await PendingAsync())
        {
            await _stack.Router.RouteAsync(tenant.Key, [.. tenant], TestContext.Current.CancellationToken);
        }

        Assert.Equal(40, await _stack.ScalarAsync<long>("select count(*) from executions"));
        Assert.Equal(40, await _stack.ScalarAsync<long>("select count(distinct input -> 'a' ->> 'subject') from executions"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from rule_joins"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from events_to_route"));
    }

    [Fact]
    public async Task An_event_of_more_matches_than_allowed_says_so()
    {
        await _stack.ExecuteAsync(
            """
            insert into workflow_triggers (tenant_id, workflow_id, trigger_id, version, type, event_type)
            select $1, $2, 't' || n, 1, 'event', 'many' from generate_series(1, $3) n
            """, _tenant.Id, _tenant.WorkflowId, Limits.MatchesPerEvent + 1);

        Assert.Equal(Limits.MatchesPerEvent, (await IngestAsync("many")).Executions.Count);
        Assert.Single(await _stack.ListAsync("select reason from event_matches where not matched and target = 'limit'"));
    }

    [Fact]
    public async Task A_publication_counts_for_the_next_event_also_on_another_process()
    {
        var other = new EventStore(_stack.Api, new EventRouter(_stack.Api, _stack.Dispatch, _stack.Signals, TimeProvider.System), TimeProvider.System, NullLogger<EventStore>.Instance);
        for (var round = 0; round < 20; round++)
        {
            var rule = await AddAsync("""{"eventType": "t", "actions": [START]}""");
            Assert.Single((await IngestAsync("t")).Executions);
            var there = Assert.IsType<IngestOutcome.Accepted>((await other.IngestAsync(_tenant.Id, [TestTenant.NewEvent("t")], TestContext.Current.CancellationToken))[0]);
            Assert.Single(there.Executions);
            await _stack.ExecuteAsync("update rules set deleted_at = now() where id = $1", rule);
            Assert.Empty((await IngestAsync("t")).Executions);
        }
    }

    [Fact]
    public async Task An_event_whose_routing_fails_is_accepted_all_the_same_and_set_aside_after_some_tries()
    {
        await AddAsync("""{"eventType": "t", "actions": [START]}""");
        await _stack.ExecuteAsync(
            """
            create function refuse() returns trigger language plpgsql as
              'begin if new.input ? ''poison'' then raise exception ''out of order''; end if; return new; end';
            """);
        await _stack.ExecuteAsync("create trigger refuse before insert on executions for each row execute function refuse()");

        var poison = await IngestAsync("t", data: """{"poison": 1}""");

        Assert.Empty(poison.Executions);
        for (var failure = 1; failure <= Limits.RoutingFailures; failure++)
        {
            Assert.Equal(failure == Limits.RoutingFailures, await _stack.Backlog.FailAsync(_tenant.Id, poison.Id, "out of order", TestContext.Current.CancellationToken));
        }

        await _stack.ExecuteAsync("update events_to_route set due_at = now()");
        Assert.Empty(await PendingAsync());
        Assert.Equal(1, await _stack.Backlog.CountSetAsideAsync(10, TestContext.Current.CancellationToken));
    }

    private Task<ILookup<Guid, Guid>> PendingAsync() => _stack.Backlog.PendingAsync(1_000, default, [], 10, TestContext.Current.CancellationToken);

    private async Task<IngestOutcome.Accepted> IngestAsync(string type, string data = "{}") =>
        Assert.IsType<IngestOutcome.Accepted>(Assert.Single(
            await _stack.Events.IngestAsync(_tenant.Id, [TestTenant.NewEvent(type, data: data)], TestContext.Current.CancellationToken)));

    private int _rules;

    private async Task<Guid> AddAsync(string definition, int priority = 0, bool stop = false, string start = "")
    {
        var id = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            "insert into rules (tenant_id, id, name, definition, priority, stop, created_at, updated_at) values ($1, $2, $3, $4::jsonb, $5, $6, now(), now())",
            _tenant.Id, id, $"r{_rules++}",
            definition.Replace("START", $$"""{"type": "startWorkflow", "workflow": "{{_tenant.WorkflowId}}"{{start}}}""", StringComparison.Ordinal)
                .Replace("STRANGE", $$$"""{"type": "startWorkflow", "workflow": "{{{_tenant.WorkflowId}}}", "input": "{{ $decodeUrlComponent('a%00b') }}"}""", StringComparison.Ordinal),
            priority, stop);
        return id;
    }
}

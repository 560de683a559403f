using Workflows.Data.Events;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class EventTests(PostgresServer server) : IAsyncLifetime
{
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private Guid _worker;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        _worker = await _stack.AddWorkerAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task An_event_id_of_a_source_counts_once_in_one_call_and_over_many_at_once()
    {
        await _stack.AddEventTriggerAsync(_tenant, "t", "order.created");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _stack.Events.IngestAsync(
            _tenant.Id,
            [.. "abac".Select(letter => letter.ToString()).Select(id => TestTenant.NewEvent("order.created", id: id))],
            TestContext.Current.CancellationToken)));

        var all = outcomes.SelectMany(outcome => outcome).ToList();
        Assert.Equal(3, all.OfType<IngestOutcome.Accepted>().Count());
        Assert.Equal(29, all.OfType<IngestOutcome.Duplicate>().Count());
        Assert.Equal(
            all.OfType<IngestOutcome.Accepted>().Select(outcome => outcome.Id).Order(),
            all.OfType<IngestOutcome.Duplicate>().Select(outcome => outcome.Id).Distinct().Order());
        Assert.Equal(3, await _stack.ScalarAsync<long>("select count(*) from executions"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from events_to_route"));
    }

    [Fact]
    public async Task An_event_id_is_the_sources_and_the_tenants_own()
    {
        var other = await _stack.AddTenantAsync();
        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("t", id: "1"));

        Assert.IsType<IngestOutcome.Accepted>(
            (await _stack.Events.IngestAsync(other.Id, [TestTenant.NewEvent("t", id: "1")], TestContext.Current.CancellationToken))[0]);
        Assert.IsType<IngestOutcome.Accepted>((await _stack.Events.IngestAsync(
            _tenant.Id, [TestTenant.NewEvent("t", id: "1") with { Source = "/elsewhere" }], TestContext.Current.CancellationToken))[0]);
    }

    [Theory]
    [InlineData("order.created", "order.created", true)]
    [InlineData("order.*", "order.created", true)]
    [InlineData("order.*", "order.item.added", true)]
    [InlineData("order.*", "order", false)]
    [InlineData("*", "anything.at.all", true)]
    [InlineData("*.created", "order.created", true)]
    [InlineData("order.created", "order.createdagain", false)]
    [InlineData("Order.created", "order.created", false)]
    public async Task A_trigger_starts_executions_for_the_types_of_its_pattern(string pattern, string type, bool starts)
    {
        await _stack.AddEventTriggerAsync(_tenant, "t", pattern);

        var outcome = await IngestAsync(TestTenant.NewEvent(type));

        Assert.Equal(starts ? 1 : 0, outcome.Executions.Count);
    }

    [Theory]
    [InlineData("order.*", "order.paid", true)]
    [InlineData("order.*", "invoice.paid", false)]
    [InlineData("*", "order.paid", true)]
    public async Task A_wait_may_name_a_pattern(string pattern, string type, bool wakes)
    {
        var owned = await OpenAsync(pattern, "k");

        var outcome = await IngestAsync(TestTenant.NewEvent(type, "k"));

        Assert.Equal(wakes ? 1 : 0, outcome.WaitsWoken);
        Assert.Equal(wakes ? "queued" : "waiting", await _stack.StatusOfAsync(owned.Key));
    }

    [Fact]
    public async Task A_condition_decides_and_only_a_match_is_recorded()
    {
        await _stack.AddEventTriggerAsync(_tenant, "large", "order.created", "event.data.amount > 100");
        await _stack.AddEventTriggerAsync(_tenant, "broken", "order.created", "event.data.amount + \"x\" * 2");
        await _stack.AddEventTriggerAsync(_tenant, "always", "order.created");

        var small = await IngestAsync(TestTenant.NewEvent("order.created", data: """{"amount": 5}"""));
        var large = await IngestAsync(TestTenant.NewEvent("order.created", data: """{"amount": 500}"""));

        Assert.Single(small.Executions);
        Assert.Equal(2, large.Executions.Count);
        Assert.Equal(["always", "always", "large"], await _stack.ListAsync("select split_part(target, '/', 2) from event_matches where matched order by 1"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from event_matches where not matched"));
    }

    [Fact]
    public async Task The_started_execution_knows_its_trigger_and_has_the_data_as_input()
    {
        await _stack.AddEventTriggerAsync(_tenant, "t", "order.created");

        var outcome = await IngestAsync(TestTenant.NewEvent("order.created", "order-1", """{"amount": 5}"""));

        Assert.Equal(
            ["""event t order.created order-1 {"amount": 5}"""],
            await _stack.ListAsync(
                "select concat_ws(' ', trigger_type, trigger ->> 'id', trigger -> 'event' ->> 'type', correlation_id, input) from executions where id = $1",
                outcome.Executions[0]));
    }

    [Theory]
    [InlineData("update workflows set enabled = false")]
    [InlineData("update workflows set deleted_at = now()")]
    [InlineData("update workflows set published_version = null")]
    [InlineData("update workflow_triggers set enabled = false")]
    public async Task What_is_not_live_is_not_started(string change)
    {
        await _stack.AddEventTriggerAsync(_tenant, "t", "order.created");
        await _stack.ExecuteAsync(change);

        Assert.Empty((await IngestAsync(TestTenant.NewEvent("order.created"))).Executions);
    }

    [Fact]
    public async Task An_event_after_the_wait_wakes_it_and_no_other()
    {
        var owned = await OpenAsync("paid", "order-1");
        var stranger = await OpenAsync("paid", "order-2");
        var elsewhere = await _stack.AddTenantAsync();
        await _stack.IngestAsync(elsewhere, TestTenant.NewEvent("paid", "order-1"));
        Assert.Equal("waiting", await _stack.StatusOfAsync(owned.Key));

        var outcome = await IngestAsync(TestTenant.NewEvent("paid", "order-1", """{"by": "card"}"""));

        Assert.Equal(1, outcome.WaitsWoken);
        Assert.Equal("queued", await _stack.StatusOfAsync(owned.Key));
        Assert.Equal("waiting", await _stack.StatusOfAsync(stranger.Key));
        Assert.Equal(["card"], await _stack.ListAsync("select payload -> 'data' ->> 'by' from waits where status = 'resolved'"));
    }

    [Fact]
    public async Task An_event_before_the_wait_is_found_by_looking_back()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("paid", "another"));
        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("paid", "k"));
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Opened.Add(owned.EventWait("w", "paid", "k")));

        var woken = await _stack.Backlog.LookBackAsync([owned.WaitKey("w")], TestContext.Current.CancellationToken);

        Assert.Equal(owned.Key, Assert.Single(woken).Key);
        Assert.Equal(["paid"], await _stack.ListAsync("select payload ->> 'type' from waits where outcome = 'event'"));
        Assert.Empty(await _stack.Backlog.LookBackAsync([owned.WaitKey("w")], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_event_of_the_millisecond_in_which_the_execution_was_accepted_is_found()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.ExecuteAsync(
            """
            insert into events (tenant_id, id, event_id, source, type, correlation_key, received_at)
            values ($1, (left($2::uuid::text, 14) || '7000-8000-000000000001')::uuid, 'e', '/s', 'paid', 'k', now())
            """, _tenant.Id, owned.Key.Id);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Opened.Add(owned.EventWait("w", "paid", "k")));

        Assert.Single(await _stack.Backlog.LookBackAsync([owned.WaitKey("w")], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_event_from_before_the_execution_does_not_count()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await ReceivedBeforeAsync(owned, seconds: 1.1);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Opened.Add(owned.EventWait("w", "paid", "k")));

        Assert.Empty(await _stack.Backlog.LookBackAsync([owned.WaitKey("w")], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_event_of_an_api_whose_clock_is_behind_is_found()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await ReceivedBeforeAsync(owned, seconds: 0.9);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Opened.Add(owned.EventWait("w", "paid", "k")));

        Assert.Single(await _stack.Backlog.LookBackAsync([owned.WaitKey("w")], TestContext.Current.CancellationToken));
    }

    private Task<int> ReceivedBeforeAsync(ClaimedExecution owned, double seconds) => _stack.ExecuteAsync(
        """
        insert into events (tenant_id, id, event_id, source, type, correlation_key, received_at)
        values ($1, uuid_at(uuid_time($2) - make_interval(secs => $3)), 'e', '/s', 'paid', 'k', now())
        """, _tenant.Id, owned.Key.Id, seconds);

    [Fact]
    public async Task One_event_does_not_serve_a_second_wait_that_comes_after_the_first()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Opened.Add(owned.EventWait("first", "paid", "k")));
        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("paid", "k"));
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Closed.Add(owned.WaitKey("first"));
            checkpoint.Opened.Add(owned.EventWait("second", "paid", "k"));
        });

        Assert.Empty(await _stack.Backlog.LookBackAsync([owned.WaitKey("second")], TestContext.Current.CancellationToken));
    }

    // The event comes while the wait is being written: either the routing sees the wait, or the look back sees the event; never neither.
    [Fact]
    public async Task An_event_and_its_wait_at_the_same_time_always_meet()
    {
        var random = new Random(20_261_120);
        for (var round = 0; round < 60; round++)
        {
            var owned = await _stack.ClaimNewAsync(_tenant, _worker);
            var key = owned.Key.Id.ToString();
            var delay = random.Next(0, 4);
            await Task.WhenAll(
                Task.Run(async () =>
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(delay), TimeProvider.System, TestContext.Current.CancellationToken);
                    await _stack.IngestAsync(_tenant, TestTenant.NewEvent("paid", key));
                }, TestContext.Current.CancellationToken),
                Task.Run(async () =>
                {
                    await _stack.WriteAsync(_worker, checkpoint => checkpoint.Opened.Add(owned.EventWait("w", "paid", key)));
                    await _stack.Backlog.LookBackAsync([owned.WaitKey("w")], TestContext.Current.CancellationToken);
                    await _stack.WriteAsync(_worker, checkpoint => checkpoint.Parked.Add(owned.Parked()));
                }, TestContext.Current.CancellationToken));

            Assert.True(await _stack.StatusOfAsync(owned.Key) == "queued", $"Round {round}, event after {delay} ms: event and wait missed each other.");
            Assert.Equal(1, await _stack.ScalarAsync<int>("select wakes from executions where id = $1", owned.Key.Id));
        }
    }

    [Fact]
    public async Task An_event_whose_receiver_died_is_routed_once_by_whoever_finds_it()
    {
        await _stack.AddEventTriggerAsync(_tenant, "t", "order.created");
        await _stack.ExecuteAsync(
            """
            with e as (insert into events (tenant_id, id, event_id, source, type, received_at) values ($1, $2, 'e', '/s', 'order.created', now()))
            insert into events_to_route (tenant_id, id) values ($1, $2)
            """, _tenant.Id, Guid.CreateVersion7());
        var worker = new EventRouter(_stack.Worker, _stack.Dispatch, _stack.Signals, TimeProvider.System);

        var pending = await PendingAsync();
        var ids = Assert.Single(pending).ToList();
        var effects = await Task.WhenAll(Enumerable.Range(0, 6).Select(index =>
            (index % 2 == 0 ? worker : _stack.Router).RouteAsync(_tenant.Id, ids, TestContext.Current.CancellationToken)));

        Assert.Single(effects.SelectMany(effect => effect));
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from executions"));
    }

    [Fact]
    public async Task An_event_whose_partition_is_gone_does_not_stay_in_the_queue()
    {
        await _stack.ExecuteAsync("insert into events_to_route (tenant_id, id) values ($1, $2)", _tenant.Id, Guid.CreateVersion7());
        var pending = Assert.Single(await PendingAsync());

        Assert.Empty(await _stack.Router.RouteAsync(_tenant.Id, [.. pending], TestContext.Current.CancellationToken));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from events_to_route"));
    }

    private Task<ILookup<Guid, Guid>> PendingAsync() => _stack.Backlog.PendingAsync(10, default, [], 10, TestContext.Current.CancellationToken);

    private async Task<IngestOutcome.Accepted> IngestAsync(NewEvent @event) =>
        Assert.IsType<IngestOutcome.Accepted>(Assert.Single(await _stack.Events.IngestAsync(_tenant.Id, [@event], TestContext.Current.CancellationToken)));

    private async Task<ClaimedExecution> OpenAsync(string type, string correlation)
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(owned.EventWait("w", type, correlation));
            checkpoint.Parked.Add(owned.Parked());
        });
        return owned;
    }
}

using Workflows.Data.Events;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>The action notify of rules.</summary>
public sealed class RuleNotificationTests(PostgresServer server) : IAsyncLifetime
{
    private ApprovalBed _bed = null!;

    private DataStack Stack => _bed.Stack;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bed = await ApprovalBed.CreateAsync(server);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task A_rule_tells_each_person_once_and_the_match_says_how_many()
    {
        var ann = await _bed.AddUserAsync("ann");
        var bob = await _bed.AddUserAsync("bob");
        await _bed.AddUserAsync("cyd");
        await _bed.AddGroupAsync("ops", ann, bob);
        await _bed.AddRoleAsync("boss", bob);
        var rule = await AddAsync("""{"type": "notify", "users": ["ann@x.org", "nobody@x.org"], "groups": "ops", "roles": ["boss"], "title": "Order {{ event.data.n }}", "body": "late", "level": "warning"}""");

        var @event = await IngestAsync("""{"n": 7}""");

        Assert.Equal(
            [$"ann rule warning Order 7 late rule:{rule}@{@event}", $"bob rule warning Order 7 late rule:{rule}@{@event}"],
            await Stack.ListAsync("select concat_ws(' ', u.name, n.kind, n.level, n.title, n.body, n.source) from notifications n join users u on u.id = n.user_id order by 1"));
        Assert.Equal([$"rule:{rule} 2 true "], await Stack.ListAsync("select concat_ws(' ', target, notified, matched::text, reason) from event_matches"));
    }

    [Fact]
    public async Task Routing_that_is_repeated_tells_nobody_twice()
    {
        await _bed.AddUserAsync("ann");
        await AddAsync("""{"type": "notify", "users": "ann@x.org", "title": "t"}""");
        var @event = await IngestAsync("{}");

        // As if the process had died before its commit became known, and again with the match forgotten.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Stack.Router.RouteAsync(_bed.Tenant.Id, [@event], Token)));
        Assert.Equal(1, await Stack.ScalarAsync<long>("select count(*) from notifications"));
        await Stack.ExecuteAsync("delete from event_matches");
        await Stack.ExecuteAsync("insert into events_to_route (tenant_id, id) values ($1, $2)", _bed.Tenant.Id, @event);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Stack.Router.RouteAsync(_bed.Tenant.Id, [@event], Token)));

        Assert.Equal(1, await Stack.ScalarAsync<long>("select count(*) from notifications"));
        Assert.Equal(1, await Stack.ScalarAsync<long>("select count(*) from event_matches"));
    }

    [Fact]
    public async Task Whom_nobody_bears_the_name_of_is_recorded_and_keeps_nothing_else_back()
    {
        await _bed.AddUserAsync("ann");
        await AddAsync("""{"type": "notify", "users": "zoe@x.org", "title": "t"}, {"type": "notify", "users": "{{ event.data.who }}", "title": "{{ event.data.title }}"}""");

        await IngestAsync("""{"who": "ann@x.org", "title": "Hello"}""");
        await IngestAsync("""{"who": "ann@x.org"}""");

        Assert.Equal(["Hello"], await Stack.ListAsync("select title from notifications"));
        Assert.Equal(
            ["none of the users, groups and roles named has an active user", "none of the users, groups and roles named has an active user", "the title is empty"],
            await Stack.ListAsync("select reason from event_matches where notified is null order by reason"));
    }

    [Fact]
    public async Task A_join_tells_when_it_completes()
    {
        await _bed.AddUserAsync("ann");
        await AddRuleAsync(
            """
            {"join": {"events": [{"type": "paid", "as": "paid"}, {"type": "packed", "as": "packed"}], "within": 60, "correlateBy": "'all'"},
             "actions": [{"type": "notify", "users": "ann@x.org", "title": "{{ events.paid.data.by }} {{ events.packed.data.by }}"}]}
            """);

        await IngestAsync("""{"by": "card"}""", "paid");
        Assert.Equal(0, await Stack.ScalarAsync<long>("select count(*) from notifications"));
        await IngestAsync("""{"by": "hand"}""", "packed");

        Assert.Equal(["card hand"], await Stack.ListAsync("select title from notifications"));
    }

    [Fact]
    public async Task Nobody_of_another_tenant_is_told()
    {
        var stranger = await Stack.AddTenantAsync();
        await Stack.ExecuteAsync(
            "insert into users (tenant_id, id, email, username, name, created_at, updated_at) values ($1, $2, 'eve@x.org', 'eve', 'eve', now(), now())", stranger.Id, Guid.CreateVersion7());
        await AddAsync("""{"type": "notify", "users": "eve@x.org", "title": "t"}""");

        await IngestAsync("{}");

        Assert.Equal(0, await Stack.ScalarAsync<long>("select count(*) from notifications"));
    }

    private Task<Guid> AddAsync(string actions) => AddRuleAsync($$"""{"eventType": "t", "actions": [{{actions}}]}""");

    private async Task<Guid> AddRuleAsync(string definition)
    {
        var id = Guid.CreateVersion7();
        await Stack.ExecuteAsync(
            "insert into rules (tenant_id, id, name, definition, priority, stop, created_at, updated_at) values ($1, $2, $3, $4::jsonb, 0, false, now(), now())",
            _bed.Tenant.Id, id, $"r{id}", definition);
        return id;
    }

    private async Task<Guid> IngestAsync(string data, string type = "t") =>
        Assert.IsType<IngestOutcome.Accepted>(Assert.Single(
            await Stack.Events.IngestAsync(_bed.Tenant.Id, [TestTenant.NewEvent(type, data: data)], Token))).Id;
}

using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>What happens to approvals becomes events of the tenant, once each.</summary>
public sealed class ApprovalEventTests(PostgresServer server) : IAsyncLifetime
{
    private ApprovalBed _bed = null!;
    private Guid _ann;

    private DataStack Stack => _bed.Stack;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bed = await ApprovalBed.CreateAsync(server);
        _ann = await _bed.AddUserAsync("ann");
    }

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task Each_thing_that_happens_is_one_event_that_waits_to_be_routed()
    {
        var (request, execution) = await _bed.OpenAsync("ann", more: """, "reminderSeconds": 60, "escalationSeconds": 90, "escalation": {"users": ["ann@x.org"], "groups": [], "roles": []}""");
        for (var round = 0; round < 4; round++)
        {
            await Stack.ExecuteAsync("update approval_tasks set due_at = now()");
            await Task.WhenAll(_bed.Tasks.RunDueAsync(10, Token), _bed.Tasks.RunDueAsync(10, Token));
        }

        await _bed.DecideAsync(request, _ann, comment: "fine");
        await _bed.DecideAsync(request, _ann, comment: "fine");

        Assert.Equal(
            ["approval.decided", "approval.escalated", "approval.reminded", "approval.reminded", "approval.requested"],
            await Stack.ListAsync("select type from events order by type"));
        Assert.Equal(5, await Stack.ScalarAsync<long>("select count(*) from events_to_route"));
        Assert.Equal(["0", "1"], await Stack.ListAsync("select data ->> 'remindersLeft' from events where type = 'approval.reminded' order by 1"));
        Assert.Equal(
            [$"/approvals {request} {request} {execution.Id} Pay? approved fine 1"],
            await Stack.ListAsync(
                """
                select concat_ws(' ', source, subject, data ->> 'requestId', data ->> 'executionId', data ->> 'title', data ->> 'outcome',
                  data -> 'decisions' -> 0 ->> 'comment', extensions ->> 'hops')
                from events where type = 'approval.decided'
                """));
    }

    [Fact]
    public async Task A_rejection_is_a_decision_and_every_other_end_has_its_own_type()
    {
        var rejected = await _bed.OpenAsync("ann");
        var expired = await _bed.OpenAsync("ann");
        var cancelled = await _bed.OpenAsync("ann");
        var (unassigned, _) = await _bed.OpenAsync("nobody");

        await _bed.DecideAsync(rejected.Request, _ann, approves: false);
        await Stack.ExecuteAsync("update waits set status = 'resolved', outcome = 'timeout', resolved_at = now() where execution_id = $1", expired.Execution.Id);
        await Stack.ExecuteAsync("delete from waits where execution_id = $1", cancelled.Execution.Id);

        Assert.Equal(
            [$"approval.cancelled {cancelled.Request} cancelled", $"approval.decided {rejected.Request} rejected", $"approval.expired {expired.Request} expired",
             $"approval.unassigned {unassigned} unassigned"],
            await Stack.ListAsync("select concat_ws(' ', type, subject, data ->> 'outcome') from events where type <> 'approval.requested' order by type"));
    }

    [Fact]
    public async Task A_rule_reacts_to_a_reminder()
    {
        await Stack.ExecuteAsync(
            "insert into rules (tenant_id, id, name, definition, priority, stop, created_at, updated_at) values ($1, $2, 'r', $3::jsonb, 0, false, now(), now())",
            _bed.Tenant.Id, Guid.CreateVersion7(),
            """{"eventType": "approval.reminded", "actions": [{"type": "notify", "users": "ann@x.org", "title": "Again: {{ event.data.title }}"}]}""");
        await _bed.OpenAsync("ann", more: """, "reminderSeconds": 60""");
        await Stack.ExecuteAsync("update approval_tasks set due_at = now() where kind = 'remind'");
        await _bed.Tasks.RunDueAsync(10, Token);
        foreach (var tenant in await Stack.Backlog.PendingAsync(10, default, [], 10, Token))
        {
            await Stack.Router.RouteAsync(tenant.Key, [.. tenant], Token);
        }

        Assert.Equal(["Again: Pay?"], await Stack.ListAsync("select title from notifications where kind = 'rule'"));
    }

    [Fact]
    public async Task A_chain_of_approvals_that_start_one_another_ends()
    {
        var (_, execution) = await _bed.OpenAsync("ann");
        Assert.Equal(1, await Stack.ScalarAsync<long>("select count(*) from events"));
        await Stack.ExecuteAsync("""update executions set trigger = '{"event": {"hops": 10}}' where id = $1""", execution.Id);

        await Stack.ExecuteAsync("delete from waits where execution_id = $1", execution.Id);

        Assert.Equal(1, await Stack.ScalarAsync<long>("select count(*) from events"));
    }
}

using Workflows.Data.Approvals;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>A request lives as long as its wait: opened with it, told of, reminded of and escalated while it is open, and closed with it.</summary>
public sealed class ApprovalLifeTests(PostgresServer server) : IAsyncLifetime
{
    private ApprovalBed _bed = null!;
    private Guid _ann;
    private Guid _bob;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bed = await ApprovalBed.CreateAsync(server);
        (_ann, _bob) = (await _bed.AddUserAsync("ann"), await _bed.AddUserAsync("bob"));
    }

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task A_checkpoint_sent_again_opens_nothing_again()
    {
        var owned = await _bed.Stack.ClaimNewAsync(_bed.Tenant, _bed.Worker);
        var request = ApprovalBed.Request("ann", more: ", \"reminderSeconds\": 60");
        var checkpoint = new Checkpoint();
        ApprovalBed.Fill(checkpoint, owned, request);
        checkpoint.Parked.Clear();
        await _bed.Stack.Checkpoints.WriteAsync(_bed.Worker, checkpoint, Token);
        checkpoint.Parked.Add(owned.Parked());
        await _bed.Stack.Checkpoints.WriteAsync(_bed.Worker, checkpoint, Token);
        await _bed.DecideAsync(await _bed.RequestOfAsync(owned.Key), _ann);
        await _bed.Stack.Checkpoints.WriteAsync(_bed.Worker, checkpoint, Token);

        Assert.Equal(["approved"], await _bed.Stack.ListAsync("select status from approval_requests"));
        Assert.Equal(1, await _bed.Stack.ScalarAsync<long>("select count(*) from approval_assignees"));
        Assert.Equal(0, await _bed.Stack.ScalarAsync<long>("select count(*) from approval_tasks"));
    }

    [Fact]
    public async Task A_worker_that_does_not_own_the_execution_opens_nothing()
    {
        var owned = await _bed.Stack.ClaimNewAsync(_bed.Tenant, await _bed.Stack.AddWorkerAsync());

        await _bed.Stack.WriteAsync(_bed.Worker, checkpoint => ApprovalBed.Fill(checkpoint, owned, ApprovalBed.Request("ann")));

        Assert.Equal(0, await _bed.Stack.ScalarAsync<long>("select count(*) from approval_requests"));
    }

    [Fact]
    public async Task Names_become_ids_when_it_opens_and_what_nobody_bears_is_kept_to_be_shown()
    {
        var group = await _bed.AddGroupAsync("finance", _ann);
        var (request, _) = await _bed.OpenAsync($"{_ann}, nobody", groups: "finance, ghosts");
        await _bed.Stack.ExecuteAsync("update groups set name = 'money' where id = $1", group);
        await _bed.Stack.ExecuteAsync("update users set email = 'new@x.org' where id = $1", _ann);

        var detail = (await _bed.Inbox.FindAsync(_bed.Tenant.Id, request, Token))!;
        Assert.Equal(["group money", "user new@x.org"], detail.Assignees.Select(assignee => $"{assignee.Kind} {assignee.Name}"));
        Assert.Equal(["group:ghosts", "user:nobody@x.org"], detail.UnknownAssignees.Order());
        Assert.Equal([request], await _bed.OpenForAsync(_ann));
    }

    [Fact]
    public async Task A_request_that_nobody_could_ever_decide_ends_at_once_and_the_execution_goes_on()
    {
        await _bed.Stack.ExecuteAsync("update users set active = false where id = $1", _bob);
        var (request, execution) = await _bed.OpenAsync("bob, nobody");

        Assert.Equal("unassigned", await _bed.StatusOfAsync(request));
        Assert.Equal("queued", await _bed.Stack.StatusOfAsync(execution));
        Assert.Equal(["unassigned"], await _bed.Stack.ListAsync("select payload ->> 'outcome' from waits"));
    }

    [Fact]
    public async Task A_request_is_cancelled_with_its_wait_and_expires_with_its_time()
    {
        var (closed, first) = await _bed.OpenAsync("ann");
        var (cleared, second) = await _bed.OpenAsync("ann");
        var (late, _) = await _bed.OpenAsync("ann, bob", mode: "all", expires: TimeProvider.System.GetUtcNow().AddSeconds(-1));
        await _bed.CountsAsync(late, _bob);

        await _bed.Stack.WriteAsync(_bed.Worker, checkpoint => checkpoint.Closed.Add(new WaitKey(first, "ask", "", 1)));
        await _bed.Stack.WriteAsync(_bed.Worker, checkpoint => checkpoint.Cleared.Add(second));
        Assert.Single(await _bed.Stack.Timers.FireDueAsync(10, Token));

        Assert.Equal(("cancelled", "cancelled", "expired"), (await _bed.StatusOfAsync(closed), await _bed.StatusOfAsync(cleared), await _bed.StatusOfAsync(late)));
        Assert.Equal(["expired bob"], await _bed.Stack.ListAsync("select (payload ->> 'outcome') || ' ' || case payload #>> '{decisions,0,userId}' when $1::text then 'bob' end from waits", $"{_bob}"));
        Assert.Empty(await _bed.OpenForAsync(_ann));
        Assert.Equal(0, await _bed.Stack.ScalarAsync<long>("select count(*) from approval_tasks"));
        Assert.Equal(new DecisionOutcome.Closed("cancelled"), await _bed.DecideAsync(closed, _ann));
    }

    [Fact]
    public async Task Everybody_asked_is_told_once_with_many_workers_at_it()
    {
        var people = await Task.WhenAll(Enumerable.Range(0, 5).Select(index => _bed.AddUserAsync($"p{index}")));
        await _bed.AddGroupAsync("five", people);
        for (var count = 0; count < 10; count++)
        {
            await _bed.OpenAsync("p1", groups: "five", allowSelf: false, startedBy: "p0@x.org");
        }

        var done = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(RunAllAsync, Token)));

        Assert.Equal(10, done.Sum());
        Assert.Equal(40, await _bed.Stack.ScalarAsync<long>("select count(*) from notifications"));
        Assert.Equal(0, await _bed.Stack.ScalarAsync<long>("select count(*) from notifications where user_id = $1", people[0]));
    }

    [Fact]
    public async Task Reminders_come_in_turn_to_those_who_have_not_decided_and_once_after_an_outage()
    {
        var (request, _) = await _bed.OpenAsync("ann, bob", mode: "all", more: ", \"reminderSeconds\": 3600");
        Assert.Equal(1, await RunAllAsync());
        await _bed.CountsAsync(request, _bob);

        await PassAsync("10 hours");
        Assert.Equal(1, await RunAllAsync());
        Assert.Equal(0, await RunAllAsync());
        await PassAsync("61 minutes");
        Assert.Equal(1, await RunAllAsync());
        await PassAsync("61 minutes");
        Assert.Equal(0, await RunAllAsync());

        Assert.Equal(
            ["ann opened", "ann reminder:1", "ann reminder:2", "bob opened"],
            await _bed.Stack.ListAsync(
                "select u.username || ' ' || substring(n.source from 47) from notifications n join users u on u.id = n.user_id order by 1"));
    }

    [Theory]
    [InlineData("any")]
    [InlineData("all")]
    public async Task Whom_it_is_escalated_to_may_decide_for_all_who_have_not(string mode)
    {
        await _bed.AddRoleAsync("boss", await _bed.AddUserAsync("boss"));
        var boss = await _bed.Stack.ScalarAsync<Guid>("select user_id from user_roles");
        var (request, _) = await _bed.OpenAsync(
            "ann, bob", mode: mode, more: """, "escalationSeconds": 60, "escalation": {"users": ["gone@x.org"], "groups": [], "roles": ["boss"]}""");

        Assert.IsType<DecisionOutcome.NotAsked>(await _bed.DecideAsync(request, boss));
        await PassAsync("61 seconds");
        await RunAllAsync();

        Assert.Equal([request], await _bed.OpenForAsync(boss));
        Assert.Equal("approved", await _bed.CountsAsync(request, boss));
        Assert.Equal(["escalated"], await _bed.Stack.ListAsync("select substring(source from 47) from notifications where user_id = $1", boss));
    }

    [Fact]
    public async Task A_decision_during_an_escalation_leaves_nobody_with_an_open_request()
    {
        for (var round = 0; round < 10; round++)
        {
            var (request, _) = await _bed.OpenAsync(
                "ann", more: """, "escalationSeconds": 0, "escalation": {"users": ["bob@x.org"], "groups": [], "roles": []}""");
            await Task.WhenAll(Task.Run(() => _bed.DecideAsync(request, _ann), Token), Task.Run(RunAllAsync, Token));

            Assert.Empty(await _bed.OpenForAsync(_bob));
            Assert.Equal(0, await _bed.Stack.ScalarAsync<long>("select count(*) from approval_tasks"));
        }
    }

    private async Task<int> RunAllAsync()
    {
        var done = 0;
        while ((await _bed.Tasks.RunDueAsync(3, Token)).Tasks is > 0 and var some)
        {
            done += some;
        }

        return done;
    }

    private Task<int> PassAsync(string time) => _bed.Stack.ExecuteAsync($"update approval_tasks set due_at = due_at - interval '{time}'");
}

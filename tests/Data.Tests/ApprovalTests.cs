using Workflows.Data.Approvals;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>Who may decide, what settles a request, and that it is settled once.</summary>
public sealed class ApprovalTests(PostgresServer server) : IAsyncLifetime
{
    private ApprovalBed _bed = null!;
    private Guid _ann;
    private Guid _bob;
    private Guid _cas;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bed = await ApprovalBed.CreateAsync(server);
        (_ann, _bob, _cas) = (await _bed.AddUserAsync("ann"), await _bed.AddUserAsync("bob"), await _bed.AddUserAsync("cas"));
    }

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Theory]
    [InlineData("any", 1, "ann+", "approved")]
    [InlineData("any", 1, "ann-", "rejected")]
    [InlineData("all", 1, "ann+ bob+", "open")]
    [InlineData("all", 1, "ann+ bob+ cas+", "approved")]
    [InlineData("all", 1, "ann+ bob-", "rejected")]
    [InlineData("count", 2, "ann+ bob-", "open")]
    [InlineData("count", 2, "ann+ bob- cas+", "approved")]
    [InlineData("count", 2, "ann- bob-", "rejected")]
    [InlineData("count", 3, "ann-", "rejected")]
    [InlineData("count", 4, "ann+", "rejected")]
    public async Task The_mode_says_what_settles_a_request(string mode, int count, string decisions, string status)
    {
        var (request, execution) = await _bed.OpenAsync("ann, bob, cas", mode: mode, count: count);

        foreach (var decision in decisions.Split(' '))
        {
            await _bed.CountsAsync(request, decision[..3] switch { "ann" => _ann, "bob" => _bob, _ => _cas }, decision[3] == '+');
        }

        Assert.Equal(status, await _bed.StatusOfAsync(request));
        Assert.Equal(status == "open" ? "waiting" : "queued", await _bed.Stack.StatusOfAsync(execution));
        var recorded = decisions.Split(' ').Length;
        Assert.Equal(recorded, await _bed.Stack.ScalarAsync<long>("select count(*) from user_activity where action = 'approval.decide'"));
        if (status != "open")
        {
            Assert.Equal([$"{status} {recorded}"], await _bed.Stack.ListAsync("select (payload ->> 'outcome') || ' ' || jsonb_array_length(payload -> 'decisions') from waits"));
            Assert.False(await _bed.Stack.ScalarAsync<bool>("select bool_or(open) from approval_assignees"));
            Assert.Equal(0, await _bed.Stack.ScalarAsync<long>("select count(*) from approval_tasks"));
        }
    }

    [Theory]
    [InlineData("any", 1)]
    [InlineData("all", 1)]
    [InlineData("count", 7)]
    public async Task Fifty_people_who_decide_at_once_settle_a_request_once(string mode, int count)
    {
        var people = await Task.WhenAll(Enumerable.Range(0, 50).Select(index => _bed.AddUserAsync($"{mode}{index}")));
        await _bed.AddGroupAsync("crowd", people);
        var (request, execution) = await _bed.OpenAsync(
            mode == "all" ? string.Join(',', people.Take(40)) : "", groups: mode == "all" ? "" : "crowd", mode: mode, count: count);

        var outcomes = await Task.WhenAll(people.Take(mode == "all" ? 40 : 50).Select((person, index) =>
            Task.Run(() => _bed.DecideAsync(request, person, approves: true, index % 2), Token)));

        var recorded = outcomes.OfType<DecisionOutcome.Recorded>().ToList();
        var needed = mode switch { "any" => 1, "all" => 40, _ => count };
        Assert.Equal(needed, recorded.Count);
        Assert.Single(recorded, outcome => outcome.Status == "approved");
        Assert.All(outcomes.Except(recorded), outcome => Assert.Equal("approved", Assert.IsType<DecisionOutcome.Closed>(outcome).Status));
        Assert.Equal(1, await _bed.Stack.ScalarAsync<int>("select wakes from executions where id = $1", execution.Id));
        Assert.Equal(needed, await _bed.Stack.ScalarAsync<int>("select jsonb_array_length(payload -> 'decisions') from waits where execution_id = $1", execution.Id));
    }

    [Fact]
    public async Task Approvals_and_rejections_at_once_leave_one_outcome_which_wait_and_request_share()
    {
        for (var round = 0; round < 10; round++)
        {
            var (request, execution) = await _bed.OpenAsync("ann, bob, cas");
            var outcomes = await Task.WhenAll(
                Task.Run(() => _bed.DecideAsync(request, _ann, approves: true, 0), Token),
                Task.Run(() => _bed.DecideAsync(request, _bob, approves: false, 1), Token),
                Task.Run(() => _bed.DecideAsync(request, _cas, approves: round % 2 == 0, 0), Token));

            var settled = Assert.Single(outcomes.OfType<DecisionOutcome.Recorded>()).Status;
            Assert.Equal(settled, await _bed.StatusOfAsync(request));
            Assert.Equal(settled, await _bed.Stack.ScalarAsync<string>("select payload ->> 'outcome' from waits where execution_id = $1", execution.Id));
        }
    }

    [Fact]
    public async Task A_decision_and_the_expiry_at_once_leave_one_outcome()
    {
        for (var round = 0; round < 10; round++)
        {
            var (request, execution) = await _bed.OpenAsync("ann", expires: TimeProvider.System.GetUtcNow().AddSeconds(-1));
            var decide = Task.Run(() => _bed.DecideAsync(request, _ann, approves: true, 1), Token);
            var fire = Task.Run(() => _bed.Stack.Timers.FireDueAsync(10, Token), Token);
            await Task.WhenAll(decide, fire);

            var status = await _bed.StatusOfAsync(request);
            Assert.Equal(status == "expired" ? 1 : 0, (await fire).Count);
            Assert.Equal(status == "expired" ? new DecisionOutcome.Closed("expired") : new DecisionOutcome.Recorded("approved", false), await decide);
            Assert.Equal(status, await _bed.Stack.ScalarAsync<string>("select payload ->> 'outcome' from waits where execution_id = $1", execution.Id));
            Assert.Equal("queued", await _bed.Stack.StatusOfAsync(execution));
            Assert.Equal(1, await _bed.Stack.ScalarAsync<int>("select wakes from executions where id = $1", execution.Id));
        }
    }

    [Fact]
    public async Task A_decision_sent_again_is_recognised_and_another_one_refused()
    {
        var (request, _) = await _bed.OpenAsync("ann, bob", mode: "all");

        Assert.Equal(new DecisionOutcome.Recorded("open", false), await _bed.DecideAsync(request, _ann));
        Assert.Equal(new DecisionOutcome.Recorded("open", true), await _bed.DecideAsync(request, _ann));
        Assert.Equal(new DecisionOutcome.AlreadyDecided("approve"), await _bed.DecideAsync(request, _ann, approves: false));
        Assert.Equal(new DecisionOutcome.Recorded("rejected", false), await _bed.DecideAsync(request, _bob, approves: false));
        Assert.Equal(new DecisionOutcome.Recorded("rejected", true), await _bed.DecideAsync(request, _bob, approves: false));
        Assert.Equal(new DecisionOutcome.Closed("rejected"), await _bed.DecideAsync(request, _ann, approves: false));
        Assert.Equal(2, await _bed.Stack.ScalarAsync<long>("select count(*) from user_activity where action = 'approval.decide'"));
    }

    [Fact]
    public async Task Membership_counts_when_somebody_decides_and_strangers_never_do()
    {
        var group = await _bed.AddGroupAsync("finance", _ann);
        await _bed.AddRoleAsync("approver", _bob);
        var (request, _) = await _bed.OpenAsync(groups: "finance", roles: "approver", mode: "all");

        Assert.IsType<DecisionOutcome.NotAsked>(await _bed.DecideAsync(request, _cas));
        await _bed.Stack.ExecuteAsync("delete from user_groups where group_id = $1", group);
        Assert.IsType<DecisionOutcome.NotAsked>(await _bed.DecideAsync(request, _ann));
        await _bed.Stack.ExecuteAsync("insert into user_groups values ($1, $2, $3)", _bed.Tenant.Id, _cas, group);
        Assert.Equal("open", await _bed.CountsAsync(request, _cas));
        Assert.Equal("approved", await _bed.CountsAsync(request, _bob));
        Assert.IsType<DecisionOutcome.NotFound>(await _bed.DecideAsync(Guid.CreateVersion7(), _ann));
    }

    [Fact]
    public async Task Who_started_the_execution_may_not_decide_where_that_is_ruled_out_nor_may_another_for_them()
    {
        await _bed.SubstituteAsync(_ann, _cas);
        var (own, _) = await _bed.OpenAsync("ann, bob", allowSelf: false, startedBy: "Ann@x.org");
        var (allowed, _) = await _bed.OpenAsync("ann, bob", startedBy: "ann@x.org");

        Assert.IsType<DecisionOutcome.OwnRequest>(await _bed.DecideAsync(own, _ann));
        Assert.IsType<DecisionOutcome.NotAsked>(await _bed.DecideAsync(own, _cas));
        Assert.Equal([allowed], await _bed.OpenForAsync(_ann));
        Assert.Equal([allowed], await _bed.OpenForAsync(_cas));
        Assert.Equal([own, allowed], (await _bed.OpenForAsync(_bob)).Order());
        Assert.Equal("approved", await _bed.CountsAsync(own, _bob));
        Assert.Equal("approved", await _bed.CountsAsync(allowed, _ann));
    }

    [Fact]
    public async Task A_substitute_decides_for_the_absent_while_it_lasts_and_nobody_counts_twice()
    {
        await _bed.SubstituteAsync(_ann, _bob);
        await _bed.SubstituteAsync(_ann, _cas, from: "2 days", until: "-1 day");
        var (alone, _) = await _bed.OpenAsync("ann");
        var (both, _) = await _bed.OpenAsync("ann, bob", mode: "all");

        Assert.IsType<DecisionOutcome.NotAsked>(await _bed.DecideAsync(alone, _cas));
        Assert.Equal("approved", await _bed.CountsAsync(alone, _bob));
        Assert.Equal(
            [_ann.ToString()], await _bed.Stack.ListAsync("select on_behalf_of::text from approval_decisions where request_id = $1", alone));
        // Bob is asked himself: his voice is his own, and Ann's is still missing.
        Assert.Equal("open", await _bed.CountsAsync(both, _bob));
        Assert.Equal("approved", await _bed.CountsAsync(both, _ann));
    }

    [Fact]
    public async Task For_whom_a_substitute_has_decided_it_is_decided()
    {
        await _bed.SubstituteAsync(_ann, _bob);
        var (request, _) = await _bed.OpenAsync("ann, cas", mode: "count", count: 2);

        Assert.Equal("open", await _bed.CountsAsync(request, _bob));
        Assert.Equal(new DecisionOutcome.AlreadyDecided("approve"), await _bed.DecideAsync(request, _ann, approves: false));
        Assert.Equal("approved", await _bed.CountsAsync(request, _cas));
    }

    [Fact]
    public async Task A_delegated_part_is_the_others_alone()
    {
        var (request, _) = await _bed.OpenAsync("ann", mode: "all");
        var actor = new Actor("user", _ann, "ann");
        Task<PartOutcome> Delegate(Guid from, Guid to) => _bed.Parts.DelegateAsync(_bed.Tenant.Id, request, from, to, actor, Token);

        Assert.Equal(PartOutcome.NotToThem, await Delegate(_ann, Guid.CreateVersion7()));
        Assert.Equal(PartOutcome.NotToThem, await Delegate(_ann, _ann));
        Assert.Equal(PartOutcome.NothingToDelegate, await Delegate(_cas, _bob));
        Assert.Equal(PartOutcome.Done, await Delegate(_ann, _bob));
        Assert.Equal(PartOutcome.NothingToDelegate, await Delegate(_ann, _cas));
        Assert.IsType<DecisionOutcome.NotAsked>(await _bed.DecideAsync(request, _ann));
        Assert.Equal([request], await _bed.OpenForAsync(_bob));
        Assert.Equal(["approval"], await _bed.Stack.ListAsync("select kind from notifications where user_id = $1", _bob));
        Assert.Equal("approved", await _bed.CountsAsync(request, _bob));
        Assert.Equal(PartOutcome.Closed, await Delegate(_bob, _cas));
        Assert.Equal(1, await _bed.Stack.ScalarAsync<long>("select count(*) from user_activity where action = 'approval.delegate'"));
    }

    [Fact]
    public async Task Comments_go_to_open_requests_up_to_the_limit()
    {
        var (request, _) = await _bed.OpenAsync("ann");
        Task<PartOutcome> Comment() => _bed.Parts.CommentAsync(
            _bed.Tenant.Id, request, Guid.CreateVersion7(), _ann, "Why?", new Actor("user", _ann, "ann@x.org"), Token);

        Assert.Equal(PartOutcome.Done, await Comment());
        await _bed.Stack.ExecuteAsync(
            "insert into approval_comments select $1, $2, gen_random_uuid(), $3, 'x', 'x', now() from generate_series(2, $4)", _bed.Tenant.Id, request, _ann, Limits.ApprovalComments);
        Assert.Equal(PartOutcome.TooMany, await Comment());
        await _bed.CountsAsync(request, _ann);
        Assert.Equal(PartOutcome.Closed, await Comment());
        var detail = (await _bed.Inbox.FindAsync(_bed.Tenant.Id, request, Token))!;
        Assert.Equal((Limits.ApprovalComments, 1, "ann@x.org"), (detail.Comments.Count, detail.Decisions.Count, Assert.Single(detail.Assignees).Name));
    }
}

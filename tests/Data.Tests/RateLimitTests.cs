using System.Text;
using Npgsql;
using Workflows.Data.Executions;
using Workflows.Data.Jobs;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>No more are started within a period than settings.rateLimit says, whoever starts them.</summary>
public sealed class RateLimitTests(PostgresServer server) : IAsyncLifetime
{
    private const string StatusSql = "select status || ' ' || count(*) from executions group by status order by 1";

    // How many were to go within a minute of one another at most, under one key.
    private const string MostSql = """
        select coalesce(max(n), 0) from (
          select count(*) over (partition by tenant_id, workflow_id, key order by at range between current row and interval '59.999 seconds' following) as n from rate_slots) w
        """;

    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private Guid _worker;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        _worker = await _stack.AddWorkerAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task Starters_racing_for_a_key_get_a_moment_each_and_no_period_has_too_many()
    {
        await using var other = new ExecutionStarter(_stack.Api, _stack.Dispatch, TimeProvider.System);
        await using var third = new ExecutionStarter(_stack.Api, _stack.Dispatch, TimeProvider.System);
        ExecutionStarter[] starters = [_stack.Starter, other, third];

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(index => starters[index % 3].StartAsync(Limited($"k{index % 2}", 3), Token)));

        Assert.Equal(6, outcomes.Count(outcome => outcome is StartOutcome.Started { IsHeld: false }));
        Assert.Equal(["held 194", "queued 6"], await _stack.ListAsync(StatusSql));
        Assert.Equal(3, await _stack.ScalarAsync<long>(MostSql));
        Assert.Equal(33, await _stack.ScalarAsync<int>("select round(extract(epoch from max(not_before) - now()) / 60)::int from executions"));
        Assert.Empty(await _stack.Slots.ReleaseDueAsync(100, Token));
    }

    [Fact]
    public async Task What_a_rate_held_is_queued_at_its_moment_once()
    {
        for (var start = 0; start < 5; start++)
        {
            await StartAsync(Limited("k", 2));
        }

        Assert.Equal(["held 3", "queued 2"], await _stack.ListAsync(StatusSql));
        await LaterAsync(61);

        var released = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _stack.Slots.ReleaseDueAsync(100, Token)));
        Assert.Equal(2, released.Sum(round => round.Count));
        await LaterAsync(61);
        Assert.Single(await _stack.Slots.ReleaseDueAsync(100, Token));
        Assert.Equal(["queued 5"], await _stack.ListAsync(StatusSql));
        await LaterAsync(61);
        Assert.IsType<StartOutcome.Started>(await _stack.Starter.StartAsync(Limited("k", 2), Token));
        Assert.Equal(["queued 6"], await _stack.ListAsync(StatusSql));
    }

    [Fact]
    public async Task With_skip_the_start_is_refused_and_leaves_no_trace()
    {
        await StartAsync(Limited("k", 1, "skip"));

        Assert.IsType<StartOutcome.Skipped>(await _stack.Starter.StartAsync(Limited("k", 1, "skip"), Token));
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from rate_slots"));
        await LaterAsync(61);
        await StartAsync(Limited("k", 1, "skip"));
    }

    [Fact]
    public async Task Both_limits_hold_and_a_start_that_concurrency_skips_takes_no_place_of_the_rate()
    {
        ConcurrencyClaim both = new("c", 1, "skip") { Rate = new RateClaim("r", 2, 60) };
        await StartAsync(_tenant.NewExecution() with { Concurrency = both });
        Assert.IsType<StartOutcome.Skipped>(await _stack.Starter.StartAsync(_tenant.NewExecution() with { Concurrency = both }, Token));
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from rate_slots"));

        var queue = both with { Key = "d", Policy = "queue" };
        var first = await StartAsync(_tenant.NewExecution() with { Concurrency = queue });
        var second = await StartAsync(_tenant.NewExecution() with { Concurrency = queue });
        await EndAsync(first);
        await _stack.Slots.SettleAsync(null, 100, Token);
        Assert.Equal("held", await _stack.StatusOfAsync(second)); // the key is free, the rate is not
        await LaterAsync(61);
        await _stack.Slots.ReleaseDueAsync(100, Token);
        Assert.Equal("held", await _stack.StatusOfAsync(second));
        await _stack.Slots.SettleAsync(null, 100, Token);
        Assert.Equal("queued", await _stack.StatusOfAsync(second));
    }

    [Fact]
    public async Task With_cancelOldest_nobody_ends_for_one_whose_moment_has_not_come()
    {
        ConcurrencyClaim claim = new("c", 1, "cancelOldest") { Rate = new RateClaim("", 1, 60) };
        await _stack.ExecuteAsync("""update workflows set start_settings = '{"overlapPolicy": "cancelOldest"}'""");
        var first = await StartAsync(_tenant.NewExecution() with { Concurrency = claim });
        var second = await StartAsync(_tenant.NewExecution() with { Concurrency = claim });
        await _stack.Slots.SettleAsync(null, 100, Token);
        Assert.Equal(("queued", "", "held"), (await _stack.StatusOfAsync(first), await StopRequestAsync(first), await _stack.StatusOfAsync(second)));

        await LaterAsync(61);
        await _stack.Slots.SettleAsync(null, 100, Token);

        Assert.Equal(("cancel", "held"), (await StopRequestAsync(first), await _stack.StatusOfAsync(second)));
    }

    [Theory]
    [InlineData("queue")]
    [InlineData("skip")]
    public async Task Events_schedules_job_runs_and_parents_share_the_rate(string policy)
    {
        await _stack.ExecuteAsync(
            """update workflows set start_settings = jsonb_build_object('overlapPolicy', $1::text, 'rateLimit', '{"limit": 2, "perSeconds": 60}'::jsonb)""", policy);
        var parent = await _stack.ClaimNewAsync(_tenant, _worker);
        await AddRuleAsync();

        await _stack.Events.IngestAsync(_tenant.Id, [TestTenant.NewEvent("t"), TestTenant.NewEvent("t"), TestTenant.NewEvent("t")], Token);
        await AddScheduleAsync();
        await _stack.Firing.FireDueAsync(10, Token);
        await AddRunAsync();
        await _stack.JobRuns.AdvanceAsync(10, Token);
        await CallAsync(parent);

        Assert.Equal(policy == "skip" ? 2 : 6, await _stack.ScalarAsync<long>("select count(*) from rate_slots"));
        Assert.Equal(
            policy == "skip" ? ["rule queued 2"] : ["job held 1", "rule held 1", "rule queued 2", "schedule held 1", "sub_workflow held 1"],
            await _stack.ListAsync(
                "select concat_ws(' ', trigger_type, status, count(*)) from executions where id <> $1 group by trigger_type, status order by 1", parent.Key.Id));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from executions where (status = 'held') <> (not_before is not null)"));
    }

    [Fact]
    public async Task A_request_that_is_sent_again_takes_one_place()
    {
        var claim = new IdempotencyClaim("s", "k", [1]);
        var first = await StartAsync(Limited("k", 1, idempotency: claim));
        var again = Assert.IsType<StartOutcome.AlreadyStarted>(await _stack.Starter.StartAsync(Limited("k", 1, idempotency: claim), Token));

        Assert.Equal(first.Id, again.Id);
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from rate_slots"));
    }

    [Fact]
    public async Task Moments_go_when_they_bound_nothing_any_more()
    {
        for (var start = 0; start < 3; start++)
        {
            await StartAsync(Limited("k", 2));
        }

        await LaterAsync(61);
        Assert.Equal(2, await _stack.Maintenance.DeleteExpiredAsync(100, Token));

        // The third goes now, so one more may go.
        await StartAsync(Limited("k", 2));
        await StartAsync(Limited("k", 2));
        Assert.Equal(["held 2", "queued 3"], await _stack.ListAsync(StatusSql));
        Assert.InRange(await _stack.ScalarAsync<long>(MostSql), 1, 2);
    }

    // As if so many seconds had passed.
    private async Task LaterAsync(int seconds)
    {
        await _stack.ExecuteAsync($"update rate_slots set at = at - interval '{seconds} s', expires_at = expires_at - interval '{seconds} s'");
        await _stack.ExecuteAsync($"update executions set not_before = not_before - interval '{seconds} s'");
    }

    private async Task EndAsync(ExecutionKey key)
    {
        var owned = await _stack.ClaimAsync(key, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(owned.Finished()));
    }

    private async Task<ExecutionKey> StartAsync(NewExecution execution) =>
        new(_tenant.Id, Assert.IsType<StartOutcome.Started>(await _stack.Starter.StartAsync(execution, Token)).Id);

    private NewExecution Limited(string key, int limit, string policy = "queue", IdempotencyClaim? idempotency = null) =>
        _tenant.NewExecution(idempotency: idempotency) with { Concurrency = new ConcurrencyClaim(null, null, policy) { Rate = new RateClaim(key, limit, 60) } };

    private Task<string> StopRequestAsync(ExecutionKey key) => _stack.ScalarAsync<string>("select coalesce(stop_request, '') from executions where id = $1", key.Id);

    private Task<int> AddRuleAsync() => _stack.ExecuteAsync(
        """
        insert into rules (tenant_id, id, name, definition, priority, stop, created_at, updated_at)
        values ($1, $2, 'r', jsonb_build_object('eventType', 't', 'actions', jsonb_build_array(jsonb_build_object('type', 'startWorkflow', 'workflow', $3::text))), 0, false, now(), now())
        """, _tenant.Id, Guid.CreateVersion7(), _tenant.WorkflowId.ToString());

    private Task<int> AddScheduleAsync() => _stack.ExecuteAsync(
        """
        insert into schedules (tenant_id, id, name, workflow_id, cron, misfire, anchor_at, next_tick, next_fire_at, input, created_at, updated_at)
        values ($1, $2, $2::text, $3, '0 12 * * *', 'fireOnce', now(), '2026-11-19 12:00Z', '2026-11-19 12:00Z', '{}', now(), now())
        """, _tenant.Id, Guid.CreateVersion7(), _tenant.WorkflowId);

    private async Task AddRunAsync()
    {
        var id = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            "insert into job_runs (tenant_id, id, job_id, on_failure, trigger_type, started_at) select $1, $2, job_id, 'stop', 'manual', now() from workflows where id = $3",
            _tenant.Id, id, _tenant.WorkflowId);
        await using var connection = await _stack.Owner.OpenConnectionAsync(Token);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(JobRunItems.Fill([(_tenant.Id, id)]));
        await batch.ExecuteNonQueryAsync(Token);
    }

    private Task<CheckpointResult> CallAsync(ClaimedExecution parent) => _stack.WriteAsync(_worker, checkpoint =>
    {
        checkpoint.Opened.Add(new WaitRow { Key = parent.Key, NodeId = "n", Attempt = 1, Kind = "child", CreatedAt = TimeProvider.System.GetUtcNow() });
        checkpoint.Children.Add(new ChildStart(
            parent.WaitKey("n"), Guid.CreateVersion7(), _tenant.WorkflowId, "", null, "{}"u8.ToArray(),
            Encoding.UTF8.GetBytes("""{"type": "sub_workflow", "id": "n", "mode": "wait", "depth": 1}"""), true));
    });
}

using System.Text;
using Npgsql;
using Workflows.Data.Executions;
using Workflows.Data.Jobs;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>Schedules, job runs and parents start within the limits of what they start.</summary>
public sealed class LimitedStartTests(PostgresServer server) : IAsyncLifetime
{
    private const string ActiveSql =
        "select count(*) from executions where concurrency_key is not null and status in ('queued', 'running', 'waiting', 'paused')";

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

    // Firings, job runs and parents by several workers at once, of two tenants, while others end what runs.
    [Fact]
    public async Task All_kinds_of_starts_racing_keep_the_limit_and_leave_nothing_held()
    {
        const int Limit = 3, Rounds = 12;
        var other = await _stack.AddTenantAsync();
        await LimitAsync(Limit);
        var parents = new List<ClaimedExecution>();
        foreach (var tenant in new[] { _tenant, other })
        {
            for (var index = 0; index < Rounds; index++)
            {
                await AddScheduleAsync(tenant);
                await AddRunAsync(tenant);
                parents.Add(await _stack.ClaimNewAsync(tenant, _worker)); // started without the limit: it is not counted
            }
        }

        var ender = await _stack.AddWorkerAsync();
        var starting = Task.WhenAll(
            WhileAsync(async () => (await _stack.Firing.FireDueAsync(2, Token)).Schedules > 0),
            WhileAsync(async () => (await _stack.Firing.FireDueAsync(3, Token)).Schedules > 0),
            WhileAsync(async () => (await _stack.JobRuns.AdvanceAsync(2, Token)).Runs > 0),
            WhileAsync(async () => (await _stack.JobRuns.AdvanceAsync(3, Token)).Runs > 0),
            Task.WhenAll(parents.Chunk(4).Select(async chunk =>
            {
                foreach (var parent in chunk)
                {
                    await CallAsync(parent);
                }
            })));
        var total = 2 * Rounds * 3;
        var ending = Task.Run(async () =>
        {
            while (await _stack.ScalarAsync<long>("select count(*) from executions where concurrency_key is not null and finished_at is not null") < total)
            {
                Assert.InRange(await MostActiveAsync(), 0, Limit);
                foreach (var owned in await _stack.Sweeps.SweepAsync(ender, TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1), 2, Token))
                {
                    await RetryAsync(() => _stack.WriteAsync(ender, checkpoint => checkpoint.Finished.Add(owned.Finished() with { IsChild = true })));
                }

                await _stack.Slots.SettleAsync(null, 100, Token);
            }
        }, Token);

        await Task.WhenAll(starting, ending).WaitAsync(TimeSpan.FromSeconds(60), Token);

        Assert.Equal(
            [$"job completed {2 * Rounds}", $"schedule completed {2 * Rounds}", $"sub_workflow completed {2 * Rounds}"],
            await _stack.ListAsync("select concat_ws(' ', trigger_type, status, count(*)) from executions where concurrency_key is not null group by trigger_type, status order by 1"));
    }

    [Fact]
    public async Task A_firing_beyond_the_limit_is_held_or_recorded_as_skipped()
    {
        await LimitAsync(1, key: "{{ input.customer }}");
        await AddScheduleAsync(_tenant, """{"customer": "a"}""");
        await AddScheduleAsync(_tenant, """{"customer": "a"}""");
        await AddScheduleAsync(_tenant, """{"customer": "b"}""");
        await _stack.Firing.FireDueAsync(10, Token);
        Assert.Equal(["a held 1", "a queued 1", "b queued 1"], await _stack.ListAsync(
            "select concat_ws(' ', concurrency_key, status, concurrency_limit) from executions order by 1"));

        await LimitAsync(1, "skip", "{{ input.customer }}");
        var skipped = await AddScheduleAsync(_tenant, """{"customer": "b"}""");
        Assert.Empty((await _stack.Firing.FireDueAsync(10, Token)).Woken);

        Assert.Equal(
            ["skipped as many run, or have been started, as its limits allow false"],
            await _stack.ListAsync("select concat_ws(' ', outcome, reason, (execution_id is not null)::text) from schedule_fires where schedule_id = $1 and outcome <> 'missed'", skipped));
        Assert.Equal(3, await _stack.ScalarAsync<long>("select count(*) from executions"));
    }

    [Theory]
    [InlineData("skip", 1, 1, "held", "cancel")] // its own predecessor makes room
    [InlineData("skip", 2, 2, "", "")] // it and another fill the limit: also without it there is no room, and nobody is cancelled for nothing
    [InlineData("queue", 1, 1, "held", "cancel")]
    public async Task With_overlap_cancelOldest_the_one_before_is_cancelled_only_for_one_that_starts(string policy, int others, int limit, string started, string stopped)
    {
        await LimitAsync(limit, policy);
        var schedule = await AddScheduleAsync(_tenant);
        await _stack.ExecuteAsync("update schedules set overlap = 'cancelOldest'");
        await _stack.Firing.FireDueAsync(10, Token);
        var first = await _stack.ScalarAsync<Guid>("select id from executions");
        for (var other = 1; other < others; other++)
        {
            await _stack.Starter.StartAsync(_tenant.NewExecution() with { Concurrency = new ConcurrencyClaim("", limit, policy) }, Token);
        }

        if (started.Length == 0)
        {
            // One that its own end would not make room for: the limit was lowered meanwhile.
            await LimitAsync(limit - 1, policy);
        }

        await _stack.ExecuteAsync("update schedules set cron = '30 12 * * *', next_tick = '2026-11-19 12:30Z', next_fire_at = '2026-11-19 12:30Z' where id = $1", schedule);
        await _stack.Firing.FireDueAsync(10, Token);

        Assert.Equal(stopped, await _stack.ScalarAsync<string>("select coalesce(stop_request, '') from executions where id = $1", first));
        Assert.Equal(
            started.Length == 0 ? ["skipped"] : ["started"],
            await _stack.ListAsync("select outcome from schedule_fires where schedule_id = $1 and outcome <> 'missed' and execution_id is distinct from $2", schedule, first));
        if (started.Length > 0)
        {
            var newcomer = new ExecutionKey(_tenant.Id, await _stack.ScalarAsync<Guid>("select id from executions where stop_request is null and id <> $1", first));
            Assert.Equal(started, await _stack.StatusOfAsync(newcomer));
            Assert.Equal(1, await _stack.ScalarAsync<long>(ActiveSql));
            var owned = await _stack.ClaimAsync(new ExecutionKey(_tenant.Id, first), _worker);
            await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(owned.Finished()));
            Assert.Equal("queued", await _stack.StatusOfAsync(newcomer));
        }
    }

    [Theory]
    [InlineData("queue")]
    [InlineData("skip")]
    [InlineData("cancelOldest")]
    public async Task A_child_for_which_its_waiting_parents_leave_no_place_is_refused_at_once(string policy)
    {
        await LimitAsync(2, policy);
        var outer = await LimitedParentAsync(null);
        Assert.Equal("queued", await _stack.StatusOfAsync(await CallAsync(outer))); // one place of two is left
        await _stack.ExecuteAsync("delete from executions where id <> $1", outer.Key.Id);
        var inner = await LimitedParentAsync(outer);
        await _stack.ExecuteAsync("delete from waits");

        var child = await CallAsync(inner);

        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from executions where id = $1", child.Id));
        Assert.Equal(
            ["resolved CONCURRENCY_DEADLOCK"],
            await _stack.ListAsync("select status || ' ' || (payload -> 'error' ->> 'code') from waits where execution_id = $1", inner.Key.Id));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from executions where stop_request is not null"));

        // Whoever does not wait for the child gives its place back: no deadlock.
        await _stack.ExecuteAsync("delete from waits");
        var fired = await CallAsync(inner, isAwaited: false);
        Assert.Equal(policy == "skip" ? 0 : 1, await _stack.ScalarAsync<long>("select count(*) from executions where id = $1 and status = 'held'", fired.Id));
        await _stack.ExecuteAsync("delete from waits");
        await _stack.ExecuteAsync("""update executions set trigger = '{"type": "sub_workflow", "mode": "fire"}' where id = $1""", inner.Key.Id);
        var apart = await CallAsync(inner);
        Assert.Equal(policy == "skip" ? 0 : 1, await _stack.ScalarAsync<long>("select count(*) from executions where id = $1 and status = 'held'", apart.Id));
    }

    [Fact]
    public async Task A_firing_whose_key_cannot_be_worked_out_is_refused_with_the_reason()
    {
        await LimitAsync(1, key: "$error('no')");
        await AddScheduleAsync(_tenant);

        Assert.Empty((await _stack.Firing.FireDueAsync(10, Token)).Woken);

        Assert.Equal(["refused"], await _stack.ListAsync("select outcome from schedule_fires where reason like 'The concurrency key failed%'"));
    }

    [Theory]
    [InlineData("queue", "", "running ", "held")]
    [InlineData("skip", "", "failed CONCURRENCY_SKIPPED", "")]
    [InlineData("queue", "$error('no')", "failed CONCURRENCY_KEY", "")]
    public async Task An_item_of_a_run_beyond_the_limit_is_held_or_fails_with_the_reason(string policy, string key, string item, string started)
    {
        await LimitAsync(1, policy);
        await AddScheduleAsync(_tenant);
        await _stack.Firing.FireDueAsync(10, Token);
        await LimitAsync(1, policy, key);

        var run = await AddRunAsync(_tenant);
        await _stack.JobRuns.AdvanceAsync(10, Token);

        Assert.Equal([item], await _stack.ListAsync("select status || ' ' || coalesce(error ->> 'code', '') from job_run_items where run_id = $1", run));
        Assert.Equal(started.Length == 0 ? [] : [started], await _stack.ListAsync("select status from executions where trigger_type = 'job'"));
        await _stack.JobRuns.AdvanceAsync(10, Token);
        Assert.Equal([started.Length == 0 ? "failed" : "running"], await _stack.ListAsync("select status from job_runs where id = $1", run));
    }

    [Fact]
    public async Task A_child_beyond_the_limit_is_held_and_queued_by_the_end_of_the_one_before()
    {
        await LimitAsync(1);
        var (first, second) = (await _stack.ClaimNewAsync(_tenant, _worker), await _stack.ClaimNewAsync(_tenant, _worker));
        var child = await CallAsync(first);
        var held = await CallAsync(second);
        Assert.Equal(("queued", "held"), (await _stack.StatusOfAsync(child), await _stack.StatusOfAsync(held)));

        var owned = await _stack.ClaimAsync(child, _worker);
        Assert.True(owned.IsLimited);
        var result = await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(owned.Finished() with { IsChild = true }));

        Assert.Equal([held], result.Requeued.Select(execution => execution.Key));
        Assert.Equal("queued", await _stack.StatusOfAsync(held));
    }

    // The connection broke before the answer: sent again, the child must not count against itself.
    [Theory]
    [InlineData(true, "open")]
    [InlineData(false, "resolved started")]
    public async Task A_limited_child_of_a_checkpoint_that_is_sent_again_stays_as_it_is(bool isAwaited, string wait)
    {
        await LimitAsync(1, "skip");
        var parent = await _stack.ClaimNewAsync(_tenant, _worker);
        var id = Guid.CreateVersion7();

        var child = await CallAsync(parent, isAwaited, id);
        await CallAsync(parent, isAwaited, id);

        Assert.Equal("queued", await _stack.StatusOfAsync(child));
        Assert.Equal([wait], await _stack.ListAsync("select concat_ws(' ', status, payload ->> 'status') from waits"));
    }

    [Theory]
    [InlineData("skip", "", "CONCURRENCY_SKIPPED")]
    [InlineData("queue", "$error('no')", "CONCURRENCY_KEY")]
    public async Task A_child_that_may_not_start_answers_its_parent_with_the_reason(string policy, string key, string code)
    {
        await LimitAsync(1, policy);
        await CallAsync(await _stack.ClaimNewAsync(_tenant, _worker));
        await LimitAsync(1, policy, key);
        var parent = await _stack.ClaimNewAsync(_tenant, _worker);

        await CallAsync(parent);

        Assert.Equal(["refused " + code], await _stack.ListAsync(
            "select concat_ws(' ', payload ->> 'status', payload #>> '{error,code}') from waits where execution_id = $1", parent.Key.Id));
        Assert.Equal(1, await _stack.ScalarAsync<int>("select wakes from executions where id = $1", parent.Key.Id));
        Assert.Equal(1, await _stack.ScalarAsync<long>(ActiveSql));
    }

    private static async Task WhileAsync(Func<Task<bool>> round)
    {
        while (await round())
        {
        }
    }

    // As the worker does: a deadlock that PostgreSQL ended, and what broke off, is sent again.
    private static async Task<T> RetryAsync<T>(Func<Task<T>> write)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await write();
            }
            catch (PostgresException exception) when (PostgresErrors.IsTransient(exception) && attempt < 5)
            {
                TestContext.Current.SendDiagnosticMessage("Sent again after {0}", exception.SqlState);
            }
        }
    }

    private async Task<ClaimedExecution> LimitedParentAsync(ClaimedExecution? parent)
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.ExecuteAsync(
            """
            update executions set concurrency_key = '', concurrency_limit = 2, parent_execution_id = nullif($2, $1), parent_node_id = 'n', parent_iteration = '', parent_attempt = 1,
              trigger = '{"type": "sub_workflow", "mode": "wait"}' where id = $1
            """, owned.Key.Id, parent?.Key.Id ?? owned.Key.Id);
        return owned;
    }

    private Task<long> MostActiveAsync() =>
        _stack.ScalarAsync<long>($"select coalesce(max(n), 0) from ({ActiveSql.Replace("count(*)", "count(*) as n", StringComparison.Ordinal)} group by tenant_id) a");

    private Task<int> LimitAsync(int limit, string policy = "queue", string key = "") => _stack.ExecuteAsync(
        """
        update workflows set start_settings = jsonb_build_object('overlapPolicy', $2::text, 'concurrency',
          jsonb_build_object('limit', $1::int) || case when $3::text = '' then '{}' else jsonb_build_object('key', $3::text) end)
        """, limit, policy, key);

    private async Task<Guid> AddScheduleAsync(TestTenant tenant, string input = "{}")
    {
        var id = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            """
            insert into schedules (tenant_id, id, name, workflow_id, cron, misfire, anchor_at, next_tick, next_fire_at, input, created_at, updated_at)
            values ($1, $2, $2::text, $3, '0 12 * * *', 'fireOnce', now(), '2026-11-19 12:00Z', '2026-11-19 12:00Z', $4::jsonb, now(), now())
            """, tenant.Id, id, tenant.WorkflowId, input);
        return id;
    }

    private async Task<Guid> AddRunAsync(TestTenant tenant)
    {
        var id = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            "insert into job_runs (tenant_id, id, job_id, on_failure, trigger_type, started_at) select $1, $2, job_id, 'stop', 'manual', now() from workflows where id = $3",
            tenant.Id, id, tenant.WorkflowId);
        await using var connection = await _stack.Owner.OpenConnectionAsync(Token);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(JobRunItems.Fill([(tenant.Id, id)]));
        await batch.ExecuteNonQueryAsync(Token);
        return id;
    }

    private async Task<ExecutionKey> CallAsync(ClaimedExecution parent, bool isAwaited = true, Guid? childId = null)
    {
        var id = childId ?? Guid.CreateVersion7();
        var workflow = await _stack.ScalarAsync<Guid>("select id from workflows where tenant_id = $1", parent.Key.TenantId);
        await RetryAsync(() => _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(new WaitRow { Key = parent.Key, NodeId = "n", Attempt = 1, Kind = "child", CreatedAt = TimeProvider.System.GetUtcNow() });
            checkpoint.Children.Add(new ChildStart(
                parent.WaitKey("n"), id, workflow, "", null, "{}"u8.ToArray(),
                Encoding.UTF8.GetBytes("""{"type": "sub_workflow", "id": "n", "mode": "wait", "depth": 1}"""), isAwaited));
        }));
        return new ExecutionKey(parent.Key.TenantId, id);
    }
}

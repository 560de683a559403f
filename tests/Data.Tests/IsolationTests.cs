using Npgsql;
using Workflows.Data.Executions;
using Workflows.Data.Jobs;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>
/// Batches over two tenants of which one has an item that the database refuses, whatever the reason: a trigger stands
/// in for it. The other
/// tenant's go on in the same round, and the culprit is set aside with its reason.
/// </summary>
public sealed class IsolationTests(PostgresServer server) : IAsyncLifetime
{
    private const string Reason = "22P05: this cannot be stored";

    private DataStack _stack = null!;
    private TestTenant _bad = null!;
    private TestTenant _good = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        (_bad, _good) = (await _stack.AddTenantAsync(), await _stack.AddTenantAsync());
        await _stack.ExecuteAsync(
            $"""
            create function refuse() returns trigger language plpgsql as $$
            begin raise exception 'this cannot be stored' using errcode = '22P05'; end $$;
            create trigger refused before insert on executions for each row
              when (new.tenant_id = '{_bad.Id}' and new.input -> 'fine' is null) execute function refuse();
            """);
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task Schedules_of_others_fire_and_the_culprit_is_switched_off_in_the_end()
    {
        var bad = await AddScheduleAsync(_bad);
        var good = await AddScheduleAsync(_good);

        var first = await _stack.Firing.FireDueAsync(50, Token);

        Assert.Equal(1, first.Started);
        var left = Assert.Single(first.SetAside);
        Assert.Equal((bad, Reason, false), (left.Key.Id, left.Reason, left.IsForGood));
        Assert.Equal([$"{good} started"], await FiresAsync());
        Assert.Equal(0, (await _stack.Firing.FireDueAsync(50,
            Token)).Schedules); // nobody pays for it in the next rounds

        for (var failures = 2; failures <= Limits.SetAsideFailures; failures++)
        {
            Assert.Equal("", await ReasonOfAsync(bad));
            await _stack.ExecuteAsync("update schedules set retry_at = now() where id = $1", bad);
            left = Assert.Single((await _stack.Firing.FireDueAsync(50, Token)).SetAside);
        }

        Assert.True(left.IsForGood);
        Assert.Equal($"off: {Reason}", await ReasonOfAsync(bad));
        Assert.Equal("", await ReasonOfAsync(good));
    }

    [Fact]
    public async Task A_schedule_that_cannot_even_be_read_holds_up_no_other()
    {
        var bad = await AddScheduleAsync(_bad);
        var good = await AddScheduleAsync(_good);
        await _stack.ExecuteAsync("alter table schedules drop constraint schedules_overlap_known");
        await _stack.ExecuteAsync("update schedules set overlap = 'of a newer release' where id = $1", bad);

        var result = await _stack.Firing.FireDueAsync(50, Token);

        Assert.Equal([$"{good} started"], await FiresAsync());
        Assert.Equal(bad, Assert.Single(result.SetAside).Key.Id);
    }

    [Fact]
    public async Task A_failure_of_the_database_itself_switches_nothing_off()
    {
        var bad = await AddScheduleAsync(_bad);
        await _stack.ExecuteAsync(
            "create or replace function refuse() returns trigger language plpgsql as $$ begin raise exception "
                + "'no rights' using errcode = '42501'; end $$");
        for (var failures = 0; failures <= Limits.SetAsideFailures; failures++)
        {
            Assert.False(Assert.Single((await _stack.Firing.FireDueAsync(50, Token)).SetAside).IsForGood);
            await _stack.ExecuteAsync("update schedules set retry_at = now()");
        }

        await _stack.ExecuteAsync("drop trigger refused on executions");
        Assert.Equal(1, (await _stack.Firing.FireDueAsync(50, Token)).Started);
        Assert.Equal(0, await _stack.ScalarAsync<int>("select failures from schedules where id = $1", bad));
    }

    [Fact]
    public async Task Job_runs_of_others_go_on_and_the_culprit_ends_with_the_reason()
    {
        var bad = await AddRunAsync(_bad);
        var good = await AddRunAsync(_good);
        Data.Isolation.SetAside? left = null;
        for (var failures = 1; failures <= Limits.SetAsideFailures; failures++)
        {
            left = Assert.Single((await _stack.JobRuns.AdvanceAsync(50, Token)).SetAside);
            Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from executions where tenant_id = $1",
                _good.Id));
            await _stack.ExecuteAsync("update job_runs set retry_at = now()");
        }

        Assert.Equal((bad, true), (left!.Key.Id, left.IsForGood));
        Assert.Equal(
            [$"failed JOB_RUN_FAILED The run could not be carried on: {Reason}"],
            await _stack.ListAsync("select concat_ws(' ', status, error ->> 'code', error ->> 'message') from "
                + "job_runs where id = $1", bad));
        Assert.Equal(["running"], await _stack.ListAsync("select status from job_runs where id = $1", good));
        Assert.Equal(0, (await _stack.JobRuns.AdvanceAsync(50, Token)).Runs);
    }

    [Fact]
    public async Task Of_starts_flushed_together_the_refused_one_alone_fails()
    {
        var starts = new List<(TestTenant Tenant, bool IsFine, Task<StartOutcome> Outcome)>();
        for (var index = 0; index < 200; index++)
        {
            var tenant = index % 4 == 0 ? _bad : _good;
            var isFine = index % 8 != 0;
            var key = index % 3 == 0 ? new IdempotencyClaim("s", $"{index}", [1]) : null;
            var execution = tenant.NewExecution(isFine ? """{"fine": true}""" : "{}", key);
            starts.Add((tenant, isFine, _stack.Starter.StartAsync(execution, Token)));
        }

        foreach (var (tenant, isFine, outcome) in starts)
        {
            if (isFine || tenant == _good)
            {
                Assert.IsType<StartOutcome.Started>(await outcome);
            }
            else
            {
                Assert.Equal("22P05", (await Assert.ThrowsAsync<PostgresException>(() => outcome)).SqlState);
            }
        }

        Assert.Equal(175, await _stack.ScalarAsync<long>("select count(*) from executions"));
    }

    [Fact]
    public async Task Starts_from_SQL_of_others_are_admitted_and_the_culprit_ends_with_the_reason()
    {
        await _stack.ExecuteAsync("drop trigger refused on executions");
        foreach (var tenant in new[] { _bad, _good })
        {
            await _stack.ExecuteAsync(
                """
                update workflow_versions
                set definition = '{"settings": {"concurrency": {"limit": 1, "key": "input.k"}}}' where tenant_id = $1
                """,
                tenant.Id);
            await _stack.ExecuteAsync(
                """
                insert into executions (tenant_id, id, workflow_id, version, status, trigger_type, input, queued_at,
                  not_before)
                values ($1, $2, $3, 1, 'held', 'sql', '{"k": "a"}', now(), 'infinity')
                """,
                tenant.Id, Guid.CreateVersion7(), tenant.WorkflowId);
        }

        await _stack.ExecuteAsync(
            $"create trigger refused before update on executions for each row when (new.tenant_id = '{_bad.Id}' "
                + $"and new.concurrency_key is not null) execute function refuse()");

        var (found, admitted, setAside) = await new EnqueuedAdmission(_stack.Worker).AdmitAsync(10, Token);

        Assert.Equal((2, 2, true), (found, admitted.Count, Assert.Single(setAside).IsForGood));
        Assert.Equal(
            ["queued a"], await _stack.ListAsync(
                "select concat_ws(' ', status, concurrency_key, stop_request) from executions where tenant_id = "
                    + "$1", _good.Id));
        Assert.Equal(
            [$"queued cancel Not started: {Reason}"],
            await _stack.ListAsync("select concat_ws(' ', status, concurrency_key, stop_request, stop_reason) "
                + "from executions where tenant_id = $1", _bad.Id));
    }

    [Fact]
    public async Task A_key_with_half_a_surrogate_pair_is_a_key_like_any_other()
    {
        const string Settings = """
            {"concurrency": {"limit": 1, "key": "\"\\ud800\""},
             "rateLimit": {"limit": 9, "perSeconds": 1, "key": "$split(\"\\ud83d\\ude00\", \"\")[0] & \"\\u0000\""}}
            """;
        await _stack.ExecuteAsync("update workflows set start_settings = $1::jsonb where tenant_id = $2", Settings,
            _bad.Id);
        await _stack.ExecuteAsync("""update schedules set input = '{"fine": 1}'""");
        var bad = await AddScheduleAsync(_bad, """{"fine": 1}""");
        var good = await AddScheduleAsync(_good);

        var result = await _stack.Firing.FireDueAsync(50, Token);

        Assert.Empty(result.SetAside);
        Assert.Equal([$"{bad} started", $"{good} started"], await FiresAsync());
        Assert.Equal(["\uFFFD"], await _stack.ListAsync(
            "select concurrency_key from executions where tenant_id = $1", _bad.Id));
    }

    [Fact]
    public async Task A_suspended_tenant_starts_and_claims_nothing_until_it_is_active_again()
    {
        await _stack.ExecuteAsync("drop trigger refused on executions");
        var queued = await _stack.StartAsync(_bad);
        await AddScheduleAsync(_bad);
        await AddRunAsync(_bad);
        await _stack.AddEventTriggerAsync(_bad, "t", "happened");
        await _stack.ExecuteAsync("update tenants set status = 'suspended' where tenant_id = $1", _bad.Id);
        await _stack.ExecuteAsync("insert into events_to_route (tenant_id, id, due_at) values ($1, $2, now())",
            _bad.Id, Guid.CreateVersion7());
        var worker = await _stack.AddWorkerAsync();

        Assert.Null(await _stack.Firing.UntilNextAsync(Token));
        Assert.Equal(0, (await _stack.Firing.FireDueAsync(10, Token)).Schedules);
        Assert.Equal(0, (await _stack.JobRuns.AdvanceAsync(10, Token)).Runs);
        Assert.Empty(await _stack.Backlog.PendingAsync(10, Guid.Empty, [], 10, Token));
        Assert.Empty(await ClaimEveryWayAsync(worker, queued));

        await _stack.ExecuteAsync("update tenants set status = 'active' where tenant_id = $1", _bad.Id);
        Assert.Equal(1, (await _stack.Firing.FireDueAsync(10, Token)).Started);
        Assert.Equal(1, (await _stack.JobRuns.AdvanceAsync(10, Token)).Runs);
        Assert.Single(await _stack.Backlog.PendingAsync(10, Guid.Empty, [], 10, Token));
        Assert.NotEmpty(await ClaimEveryWayAsync(worker, queued));
    }

    private async Task<List<ClaimedExecution>> ClaimEveryWayAsync(Guid worker, ExecutionKey queued)
    {
        var later = TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1);
        var claimed = await _stack.Claims.ClaimAsync(worker, [queued], Token);
        claimed.AddRange(await _stack.Sweeps.SweepAsync(worker, later, 10, Token));
        claimed.AddRange(await _stack.Sweeps.SweepRecentAsync(worker, later - TimeSpan.FromHours(1), later, 10, Token));
        claimed.AddRange(await _stack.Sweeps.SweepLimitedAsync(worker, [new(queued.TenantId, 10)], 10, Token));
        return claimed;
    }

    private Task<List<string>> FiresAsync() => _stack.ListAsync(
        "select schedule_id || ' ' || outcome from schedule_fires order by schedule_id");

    private Task<string> ReasonOfAsync(Guid schedule) => _stack.ScalarAsync<string>(
        "select case when not enabled then 'off: ' else '' end || coalesce(disabled_reason, '') from schedules "
            + "where id = $1", schedule);

    private async Task<Guid> AddScheduleAsync(TestTenant tenant, string input = "{}")
    {
        var id = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            """
            insert into schedules (tenant_id, id, name, workflow_id, cron, anchor_at, next_tick, next_fire_at,
              created_at, updated_at, input)
            values ($1, $2, $2::text, $3, '0 0 1 1 *', now(), now(), now(), now(), now(), $4::jsonb)
            """,
            tenant.Id, id, tenant.WorkflowId, input);
        return id;
    }

    private async Task<Guid> AddRunAsync(TestTenant tenant)
    {
        var id = Guid.CreateVersion7();
        await using var connection = await _stack.Owner.OpenConnectionAsync(Token);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new(
            $"""
            insert into job_runs (tenant_id, id, job_id, trigger_type, started_at)
            select tenant_id, '{id}', id, 'manual', now() from jobs where tenant_id = '{tenant.Id}'
            """));
        batch.BatchCommands.Add(JobRunItems.Fill([(tenant.Id, id)]));
        await batch.ExecuteNonQueryAsync(Token);
        return id;
    }
}

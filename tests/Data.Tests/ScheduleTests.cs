using Npgsql;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class ScheduleTests(PostgresServer server) : IAsyncLifetime
{
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    // Eight workers on one schedule of seconds that has 30 of them to make up for, while the clock goes on.
    [Fact]
    public async Task Each_instant_fires_once_with_many_workers_firing_at_once()
    {
        var schedule = await AddAsync("* * * * * *", "date_trunc('second', now()) - interval '30 seconds'");
        var others = await AddAsync("* * * * * *", "date_trunc('second', now()) - interval '10 seconds'");
        var until = TimeProvider.System.GetTimestamp();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            while (TimeProvider.System.GetElapsedTime(until) < TimeSpan.FromSeconds(3))
            {
                await _stack.Firing.FireDueAsync(10, Token);
            }
        }));

        foreach (var id in new[] { schedule, others })
        {
            // No gap and nothing twice: as many as there are seconds between the first and the last, each with its execution.
            Assert.True(await _stack.ScalarAsync<bool>(
                "select count(*) = extract(epoch from max(tick) - min(tick)) + 1 and count(*) >= 10 from schedule_fires where schedule_id = $1", id));
            Assert.True(await _stack.ScalarAsync<bool>(
                """
                select count(*) = (select count(*) from schedule_fires where schedule_id = $1) and count(*) = count(distinct trigger ->> 'scheduledAt')
                from executions where trigger_type = 'schedule' and trigger ->> 'scheduleId' = $1::text
                """, id));
            Assert.True(await _stack.ScalarAsync<bool>("select next_tick = (select max(tick) from schedule_fires where schedule_id = $1) + interval '1 second' from schedules where id = $1", id));
        }
    }

    [Fact]
    public async Task A_started_execution_says_why_and_gets_the_schedules_input()
    {
        var schedule = await AddAsync("0 12 * * *", "'2026-11-20 12:00Z'", "misfire = 'fireOnce', input = '{\"n\": 1}'");

        var result = await _stack.Firing.FireDueAsync(10, Token);

        Assert.Equal((1, "queued"), (result.Started, Assert.Single(result.Woken).Status));
        Assert.Equal(
            ["{\"n\": 1} schedule " + schedule],
            await _stack.ListAsync("select concat_ws(' ', input, trigger ->> 'type', trigger ->> 'id') from executions where trigger_type = 'schedule'"));
        Assert.Equal(["started"], await _stack.ListAsync("select outcome from schedule_fires where execution_id is not null"));
    }

    // The worker dies between what it inserts and its commit; here the last statement fails instead, with the same end.
    [Fact]
    public async Task A_firing_that_does_not_commit_leaves_nothing_and_is_made_up_for_once()
    {
        await AddAsync("* * * * * *", "date_trunc('second', now()) - interval '5 seconds'");
        await _stack.ExecuteAsync("alter table schedules add constraint dies check (last_fired_at is null)");

        Assert.False(Assert.Single((await _stack.Firing.FireDueAsync(10, Token)).SetAside).IsForGood);
        Assert.Equal((0, 0), (await CountAsync("executions"), await CountAsync("schedule_fires")));

        await _stack.ExecuteAsync("alter table schedules drop constraint dies");
        Assert.Equal(0, (await _stack.Firing.FireDueAsync(10, Token)).Schedules); // left alone for five seconds
        await _stack.ExecuteAsync("update schedules set retry_at = now()");
        var result = await _stack.Firing.FireDueAsync(10, Token);
        Assert.InRange(result.Started, 6, 60);
        Assert.Equal((result.Started, result.Started), (await CountAsync("executions"), await CountAsync("schedule_fires")));
    }

    [Fact]
    public async Task A_schedule_that_another_worker_is_firing_is_left_to_it()
    {
        var schedule = await AddAsync("0 0 1 1 *", "now() - interval '5 seconds'");
        await using var connection = await _stack.Owner.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var hold = new NpgsqlCommand("select from schedules where id = $1 for update", connection) { Parameters = { new() { Value = schedule } } })
        {
            await hold.ExecuteNonQueryAsync(Token);
        }

        Assert.Equal(0, (await _stack.Firing.FireDueAsync(10, Token)).Schedules);
        await transaction.RollbackAsync(Token);
        Assert.Equal(1, (await _stack.Firing.FireDueAsync(10, Token)).Started);
    }

    // The clock of the database jumped back, or somebody restored an old row: what has fired does not fire again.
    [Fact]
    public async Task A_clock_that_jumps_back_repeats_nothing()
    {
        var schedule = await AddAsync("* * * * * *", "date_trunc('second', now()) - interval '20 seconds'");
        await _stack.Firing.FireDueAsync(10, Token);
        await _stack.ExecuteAsync("update schedules set next_tick = next_tick - interval '15 seconds', next_fire_at = next_fire_at - interval '15 seconds' where id = $1", schedule);

        await _stack.Firing.FireDueAsync(10, Token);

        Assert.Equal(await CountAsync("schedule_fires"), await CountAsync("executions"));
        Assert.True(await _stack.ScalarAsync<bool>("select count(*) = count(distinct trigger ->> 'scheduledAt') from executions"));
        Assert.True(await _stack.ScalarAsync<bool>("select next_fire_at > now() - interval '1 second' from schedules where id = $1", schedule));
    }

    [Theory]
    [InlineData("skip", 0, "missed")]
    [InlineData("fireOnce", 1, "missed,started")]
    [InlineData("fireAll", 3, "missed,started,started,started")]
    public async Task After_an_outage_the_misfire_policy_decides(string policy, int started, string outcomes)
    {
        var schedule = await AddAsync("0 0 * * *", "date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - interval '10 days'", $"misfire = '{policy}', misfire_limit = 3");
        await _stack.ExecuteAsync("update schedules set cron = concat('0 ', (extract(hour from now() at time zone 'UTC')::int + 12) % 24, ' * * *') where id = $1", schedule);

        Assert.Equal(started, (await _stack.Firing.FireDueAsync(10, Token)).Started);
        Assert.Equal(0, (await _stack.Firing.FireDueAsync(10, Token)).Schedules);
        Assert.Equal(outcomes, string.Join(',', await _stack.ListAsync("select outcome from schedule_fires order by tick")));
        Assert.True(await _stack.ScalarAsync<bool>("select next_tick > now() and next_tick < now() + interval '25 hours' from schedules where id = $1", schedule));
    }

    [Theory]
    [InlineData("update workflows set enabled = false", "the workflow is switched off")]
    [InlineData("update workflows set published_version = null", "the workflow has no published version")]
    [InlineData("update workflows set deleted_at = now()", "the workflow was deleted")]
    [InlineData("update schedules set time_zone = 'Mars/Olympus'", "timeZone: There is no time zone 'Mars/Olympus'.")]
    public async Task What_cannot_be_started_is_on_record_with_the_reason(string statement, string reason)
    {
        await AddAsync("0 0 1 1 *", "now() - interval '5 seconds'");
        await _stack.ExecuteAsync(statement);

        Assert.Empty((await _stack.Firing.FireDueAsync(10, Token)).Woken);
        Assert.Equal(["refused " + reason], await _stack.ListAsync("select outcome || ' ' || reason from schedule_fires"));
        Assert.Equal(0, (await _stack.Firing.FireDueAsync(10, Token)).Schedules);
    }

    [Fact]
    public async Task A_schedule_that_is_switched_off_or_deleted_does_not_fire()
    {
        await AddAsync("0 0 1 1 *", "now() - interval '5 seconds'", "enabled = false");
        await AddAsync("0 0 1 1 *", "now() - interval '5 seconds'", "deleted_at = now()");

        Assert.Equal(0, (await _stack.Firing.FireDueAsync(10, Token)).Schedules);
    }

    [Fact]
    public async Task With_overlap_skip_one_runs_and_the_others_are_left_out_until_it_has_ended()
    {
        var schedule = await AddAsync("* * * * * *", "date_trunc('second', now()) - interval '2 seconds'", "overlap = 'skip'");

        Assert.Equal(1, (await _stack.Firing.FireDueAsync(10, Token)).Started);
        await AgainAsync(schedule);
        Assert.Equal(0, (await _stack.Firing.FireDueAsync(10, Token)).Started);
        await EndAllAsync();
        await AgainAsync(schedule);
        Assert.Equal(1, (await _stack.Firing.FireDueAsync(10, Token)).Started);
        Assert.Equal(2, await CountAsync("executions"));
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from schedule_fires where is_open"));
    }

    [Fact]
    public async Task With_overlap_queue_they_come_one_after_the_other_and_none_is_lost()
    {
        // Three instants, however long it takes to write the schedule.
        var schedule = await AddAsync(
            "* * * * * *", "date_trunc('second', now()) - interval '3 seconds'",
            "overlap = 'queue', ends_at = next_tick + interval '2500 milliseconds'");
        await _stack.Firing.FireDueAsync(10, Token);
        var instants = await CountAsync("schedule_fires");
        Assert.Equal(3, instants);

        for (var started = 1; started < instants; started++)
        {
            Assert.Equal((started, 0), (await CountAsync("executions"), (await _stack.Firing.FireQueuedAsync(10, Token)).Started));
            await EndAllAsync();
            Assert.Equal(1, (await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _stack.Firing.FireQueuedAsync(10, Token)))).Sum(result => result.Started));
        }

        Assert.Equal(instants, await _stack.ScalarAsync<long>("select count(distinct execution_id) from schedule_fires where outcome = 'started'"));
        Assert.True(await _stack.ScalarAsync<bool>(
            "select array_agg(trigger ->> 'scheduledAt' order by id) = array_agg(trigger ->> 'scheduledAt' order by trigger ->> 'scheduledAt') from executions"));
        Assert.Null(await NextTickAsync(schedule));
    }

    [Fact]
    public async Task What_waits_is_left_out_when_its_schedule_is_switched_off()
    {
        await AddAsync("* * * * * *", "date_trunc('second', now()) - interval '2 seconds'", "overlap = 'queue'");
        await _stack.Firing.FireDueAsync(10, Token);
        await _stack.ExecuteAsync("update schedules set enabled = false");

        Assert.Equal(0, (await _stack.Firing.FireQueuedAsync(10, Token)).Started);
        Assert.Equal(["skipped", "started"], await _stack.ListAsync("select distinct outcome from schedule_fires order by 1"));
    }

    [Fact]
    public async Task With_overlap_cancelOldest_the_earlier_ones_are_asked_to_stop()
    {
        var schedule = await AddAsync("0 0 1 1 *", "now() - interval '5 seconds'", "overlap = 'cancelOldest'");
        var first = Assert.Single((await _stack.Firing.FireDueAsync(10, Token)).Woken).Key;
        await AgainAsync(schedule);

        var result = await _stack.Firing.FireDueAsync(10, Token);

        Assert.Equal(1, result.Started);
        Assert.Contains(result.Woken, woken => woken.Key == first);
        Assert.Equal(["cancel"], await _stack.ListAsync("select stop_request from executions where id = $1", first.Id));
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from executions where stop_request is null"));
    }

    [Fact]
    public async Task A_calendar_moves_what_falls_on_a_holiday()
    {
        var calendar = Guid.CreateVersion7();
        await _stack.ExecuteAsync("insert into calendars (tenant_id, id, name, business_days, created_at, updated_at) values ($1, $2, 'c', '{0,1,2,3,4,5,6}', now(), now())", _tenant.Id, calendar);
        await _stack.ExecuteAsync(
            "insert into calendar_days (tenant_id, calendar_id, day) select $1, $2, ((now() at time zone 'UTC')::date + n) from generate_series(1, 3) n", _tenant.Id, calendar);
        var schedule = await AddAsync("0 0 * * *", "date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'", $"calendar_id = '{calendar}', on_non_business_day = 'nextBusinessDay'");

        await _stack.Firing.FireDueAsync(10, Token);

        Assert.True(await _stack.ScalarAsync<bool>("select (next_tick at time zone 'UTC')::date = (now() at time zone 'UTC')::date + 4 from schedules where id = $1", schedule));
    }

    [Fact]
    public async Task The_time_until_the_next_one_is_known()
    {
        Assert.Null(await _stack.Firing.UntilNextAsync(Token));
        await AddAsync("0 0 1 1 *", "now() + interval '1 hour'");
        Assert.InRange((await _stack.Firing.UntilNextAsync(Token))!.Value.TotalMinutes, 58, 60);
    }

    private async Task<Guid> AddAsync(string cron, string next, string set = "description = ''")
    {
        var id = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            $"insert into schedules (tenant_id, id, name, workflow_id, cron, anchor_at, next_tick, next_fire_at, created_at, updated_at) values ($1, $2, $2::text, $3, $4, now(), {next}, {next}, now(), now())",
            _tenant.Id, id, _tenant.WorkflowId, cron);
        await _stack.ExecuteAsync($"update schedules set {set} where id = $1", id);
        return id;
    }

    private Task<int> AgainAsync(Guid schedule) => _stack.ExecuteAsync(
        "update schedules set next_tick = t.at, next_fire_at = t.at from (select max(tick) + interval '1 millisecond' as at from schedule_fires where schedule_id = $1) t where id = $1", schedule);

    private Task<int> EndAllAsync() => _stack.ExecuteAsync("update executions set status = 'completed', finished_at = now() where finished_at is null");

    private Task<long> CountAsync(string table) => _stack.ScalarAsync<long>($"select count(*) from {table}");

    private async Task<string?> NextTickAsync(Guid schedule) =>
        (await _stack.ListAsync("select coalesce(next_tick::text, '') from schedules where id = $1", schedule))[0] is { Length: > 0 } text ? text : null;
}

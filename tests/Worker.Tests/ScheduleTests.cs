using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>Schedules and job runs with real workers, also while they are killed.</summary>
public sealed class ScheduleTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private WorkerBed _bed = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bed = await WorkerBed.CreateAsync(postgres, redis);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    // One schedule of seconds, three workers, one of them killed again and again: every second from the first to the last is there, once, and ran.
    [Fact]
    public async Task Killed_workers_neither_lose_an_instant_nor_fire_one_twice()
    {
        await _bed.StartWorkerAsync();
        await _bed.StartWorkerAsync();
        var workflow = await _bed.PublishAsync("""{"id": "a", "type": "set", "parameters": {"value": "{{ trigger.scheduledAt }}"}}""", "", """, "output": "{{ steps.a.output }}" """);
        var schedule = await AddAsync(workflow, "* * * * * *", "date_trunc('second', now()) - interval '20 seconds'");
        for (var round = 0; round < 4; round++)
        {
            var victim = await _bed.StartWorkerAsync();
            var fired = await FiredAsync(schedule);
            await Eventually.TrueAsync(async () => await FiredAsync(schedule) > fired, Soon, Token);
            await victim.KillAsync();
        }

        await _bed.ExecuteAsync("update schedules set enabled = false");
        await Eventually.TrueAsync(() => _bed.ScalarAsync<bool>("select not exists (select from executions where finished_at is null)"), Soon, Token);
        Assert.True(await _bed.ScalarAsync<bool>("select count(*) = extract(epoch from max(tick) - min(tick)) + 1 and count(*) > 20 from schedule_fires"));
        Assert.True(await _bed.ScalarAsync<bool>(
            """
            select count(*) = (select count(*) from schedule_fires) and bool_and(status = 'completed') and count(distinct output) = count(*)
            from executions where workflow_id = $1 and trigger_type = 'schedule'
            """, workflow));
    }

    [Fact]
    public async Task A_due_schedule_starts_its_execution_within_a_second()
    {
        await _bed.StartWorkerAsync();
        var workflow = await _bed.PublishAsync("""{"id": "a", "type": "noop"}""");
        await AddAsync(workflow, "* * * * * *", "date_trunc('second', now()) + interval '2 seconds'");

        await Eventually.TrueAsync(async () => await _bed.ScalarAsync<long>("select count(*) from executions where status = 'completed'") >= 5, Soon, Token);

        var lag = await _bed.ScalarAsync<double>("select max(extract(epoch from fired_at - tick))::float8 from schedule_fires");
        TestContext.Current.TestOutputHelper?.WriteLine($"longest lag {lag * 1000:0} ms");
        Assert.InRange(lag, 0, 5);
    }

    [Fact]
    public async Task A_scheduled_job_runs_in_order_through_a_killed_worker()
    {
        await _bed.StartWorkerAsync();
        var victim = await _bed.StartWorkerAsync();
        var first = await _bed.PublishAsync("""{"id": "d", "type": "delay", "parameters": {"seconds": 1}}""");
        var second = await _bed.PublishAsync("""{"id": "a", "type": "noop"}""");
        await _bed.ExecuteAsync("insert into workflow_dependencies (tenant_id, workflow_id, depends_on_id) values ($1, $2, $3)", _bed.TenantId, second, first);
        await _bed.ExecuteAsync(
            "insert into schedules (tenant_id, id, name, job_id, at, anchor_at, next_tick, next_fire_at, created_at, updated_at) values ($1, $2, 's', $1, now(), now(), now(), now(), now(), now())",
            _bed.TenantId, Guid.CreateVersion7());
        await Eventually.TrueAsync(() => _bed.ScalarAsync<bool>("select exists (select from executions where status = 'waiting')"), Soon, Token);
        await victim.KillAsync();

        await Eventually.TrueAsync(() => _bed.ScalarAsync<bool>("select exists (select from job_runs where status = 'completed')"), Soon, Token);

        Assert.Equal([first.ToString(), second.ToString()], await _bed.ListAsync("select workflow_id::text from executions where trigger_type = 'job' order by queued_at"));
        Assert.True(await _bed.ScalarAsync<bool>("select (select finished_at from executions where workflow_id = $1) <= (select queued_at from executions where workflow_id = $2)", first, second));
        Assert.Equal(["over"], await _bed.ListAsync("select coalesce(next_fire_at::text, 'over') from schedules"));
    }

    private Task<long> FiredAsync(Guid schedule) => _bed.ScalarAsync<long>("select count(*) from schedule_fires where schedule_id = $1", schedule);

    private async Task<Guid> AddAsync(Guid workflow, string cron, string next)
    {
        var id = Guid.CreateVersion7();
        await _bed.ExecuteAsync(
            $"insert into schedules (tenant_id, id, name, workflow_id, cron, anchor_at, next_tick, next_fire_at, created_at, updated_at) values ($1, $2, $2::text, $3, $4, now(), {next}, {next}, now(), now())",
            _bed.TenantId, id, workflow, cron);
        return id;
    }
}

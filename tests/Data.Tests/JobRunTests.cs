using Npgsql;
using Workflows.Data.Jobs;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class JobRunTests(PostgresServer server) : IAsyncLifetime
{
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private Guid _job;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        _job = await _stack.ScalarAsync<Guid>("select id from jobs");
        await _stack.ExecuteAsync("update workflows set name = 'a'");
        await AddWorkflowAsync("b", "a");
        await AddWorkflowAsync("c", "a");
        await AddWorkflowAsync("d", "b", "c");
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task Workflows_run_in_the_order_of_their_dependencies_and_the_run_sums_up()
    {
        var run = await RunAsync();

        Assert.Equal("a running, b pending, c pending, d pending", await AdvanceAsync(run));
        await EndAsync("a", rows: 5);
        Assert.Equal("a completed, b running, c running, d pending", await AdvanceAsync(run));
        await EndAsync("b", rows: 7);
        Assert.Equal("a completed, b completed, c running, d pending", await AdvanceAsync(run));
        await EndAsync("c");
        await AdvanceAsync(run);
        await EndAsync("d", rows: 1);
        Assert.Equal("a completed, b completed, c completed, d completed", await AdvanceAsync(run));

        Assert.Equal(["completed 13"], await _stack.ListAsync("select status || ' ' || rows_processed from job_runs"));
        Assert.Equal(["job"], await _stack.ListAsync("select distinct trigger_type from executions"));
        Assert.True(await _stack.ScalarAsync<bool>("select bool_and(trigger ->> 'id' = $1::text and input = '{\"n\": 1}') from executions", run));
        Assert.Equal(0, (await _stack.JobRuns.AdvanceAsync(10, Token)).Runs);
    }

    [Fact]
    public async Task Each_item_is_started_once_however_many_workers_look()
    {
        var runs = new List<Guid>();
        for (var index = 0; index < 10; index++)
        {
            runs.Add(await RunAsync());
        }

        for (var step = 0; step < 4; step++)
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
            {
                while ((await _stack.JobRuns.AdvanceAsync(3, Token)).Runs > 0)
                {
                }
            }));
            await _stack.ExecuteAsync("update executions set status = 'completed', finished_at = now() where finished_at is null");
        }

        await _stack.JobRuns.AdvanceAsync(100, Token);
        Assert.Equal(["completed"], await _stack.ListAsync("select distinct status from job_runs"));
        Assert.Equal(40, await _stack.ScalarAsync<long>("select count(*) from executions"));
        Assert.Equal(40, await _stack.ScalarAsync<long>("select count(distinct execution_id) from job_run_items"));
    }

    [Fact]
    public async Task A_look_that_does_not_commit_starts_nothing()
    {
        var run = await RunAsync();
        await _stack.ExecuteAsync("alter table job_run_items add constraint dies check (status = 'pending')");
        Assert.False(Assert.Single((await _stack.JobRuns.AdvanceAsync(10, Token)).SetAside).IsForGood);
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from executions"));

        await _stack.ExecuteAsync("alter table job_run_items drop constraint dies");
        await _stack.ExecuteAsync("update job_runs set retry_at = now()");
        Assert.Equal("a running, b pending, c pending, d pending", await AdvanceAsync(run));
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from executions"));
    }

    [Theory]
    [InlineData("stop", "a completed, b failed, c skipped, d skipped, e completed")]
    [InlineData("continue", "a completed, b failed, c running, d skipped, e completed")]
    public async Task After_a_failure_the_policy_decides_whether_others_still_start(string policy, string after)
    {
        await AddWorkflowAsync("e");
        await _stack.ExecuteAsync("update workflow_dependencies set depends_on_id = (select id from workflows where name = 'e') where workflow_id = (select id from workflows where name = 'c')");
        var run = await RunAsync(policy);
        await AdvanceAsync(run);
        await EndAsync("a");
        await AdvanceAsync(run);
        await EndAsync("b", "timed_out");
        await EndAsync("e");

        Assert.Equal(after, await AdvanceAsync(run));
        await _stack.ExecuteAsync("update executions set status = 'completed', finished_at = now() where finished_at is null");
        await AdvanceAsync(run);
        Assert.Equal(["failed"], await _stack.ListAsync("select status from job_runs"));
    }

    [Fact]
    public async Task A_workflow_that_cannot_be_started_fails_its_item_and_the_run_goes_on_to_its_end()
    {
        var run = await RunAsync();
        await AdvanceAsync(run);
        await EndAsync("a");
        await _stack.ExecuteAsync("update workflows set published_version = null where name in ('b', 'c')");
        await AdvanceAsync(run);

        Assert.Equal("a completed, b failed, c failed, d skipped", await AdvanceAsync(run));
        Assert.Equal(["WORKFLOW_NOT_PUBLISHED"], await _stack.ListAsync("select distinct error ->> 'code' from job_run_items where error is not null"));
        Assert.Equal(["failed"], await _stack.ListAsync("select status from job_runs"));
    }

    [Fact]
    public async Task Cancelling_a_run_asks_its_executions_to_stop_and_skips_the_rest()
    {
        var run = await RunAsync();
        await AdvanceAsync(run);
        await _stack.ExecuteAsync("update job_runs set cancel_requested = true, is_due = true");

        Assert.Equal("a running, b skipped, c skipped, d skipped", await AdvanceAsync(run));
        Assert.Equal(["cancel"], await _stack.ListAsync("select stop_request from executions"));
        await EndAsync("a", "cancelled");
        Assert.Equal("a cancelled, b skipped, c skipped, d skipped", await AdvanceAsync(run));
        Assert.Equal(["cancelled"], await _stack.ListAsync("select status from job_runs"));
    }

    [Fact]
    public async Task A_package_runs_its_jobs_one_after_the_other()
    {
        var package = Guid.CreateVersion7();
        await _stack.ExecuteAsync("delete from workflow_dependencies");
        await _stack.ExecuteAsync("update workflows set enabled = false where name <> 'a'");
        await _stack.ExecuteAsync("insert into job_packages (tenant_id, id, name, created_at, updated_at) values ($1, $2, 'p', now(), now())", _tenant.Id, package);
        await _stack.ExecuteAsync("insert into job_package_steps (tenant_id, package_id, id, position, job_id) select $1, $2, gen_random_uuid(), n, $3 from generate_series(1, 3) n", _tenant.Id, package, _job);
        var run = await RunAsync(package: package);

        for (var step = 1; step <= 3; step++)
        {
            await _stack.JobRuns.AdvanceAsync(10, Token); // the package starts the job's run
            await _stack.JobRuns.AdvanceAsync(10, Token); // which starts its workflow
            Assert.Equal(step, await _stack.ScalarAsync<long>("select count(*) from executions"));
            Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from job_run_items where run_id = $1 and status = 'running'", run));
            await _stack.ExecuteAsync("update executions set status = 'completed', finished_at = now(), rows_processed = 2 where finished_at is null");
            await _stack.JobRuns.AdvanceAsync(10, Token);
        }

        await _stack.JobRuns.AdvanceAsync(10, Token);
        Assert.Equal(["completed 6"], await _stack.ListAsync("select status || ' ' || rows_processed from job_runs where id = $1", run));
        Assert.Equal(["completed 2", "completed 2", "completed 2"], await _stack.ListAsync("select status || ' ' || rows_processed from job_runs where parent_run_id = $1", run));
    }

    [Fact]
    public async Task A_schedule_of_a_job_starts_a_run_and_skips_while_it_goes_on()
    {
        var schedule = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            "insert into schedules (tenant_id, id, name, job_id, cron, overlap, input, anchor_at, next_tick, next_fire_at, created_at, updated_at) values ($1, $2, 's', $3, '0 0 1 1 *', 'skip', '{\"n\": 2}', now(), now(), now(), now(), now())",
            _tenant.Id, schedule, _job);
        Assert.Equal(1, (await _stack.Firing.FireDueAsync(10, Token)).Started);
        var run = await _stack.ScalarAsync<Guid>("select job_run_id from schedule_fires");
        await _stack.ExecuteAsync("update schedules set next_tick = now(), next_fire_at = now()");
        Assert.Equal(0, (await _stack.Firing.FireDueAsync(10, Token)).Started);

        Assert.Equal("a running, b pending, c pending, d pending", await AdvanceAsync(run));
        Assert.Equal(["{\"n\": 2}"], await _stack.ListAsync("select input::text from executions"));
        await _stack.ExecuteAsync("update job_runs set status = 'completed', finished_at = now()");
        await _stack.ExecuteAsync("update schedules set next_tick = now(), next_fire_at = now()");
        Assert.Equal(1, (await _stack.Firing.FireDueAsync(10, Token)).Started);
    }

    /// <summary>A run of it would have nothing to do, and look like a success.</summary>
    [Fact]
    public async Task A_job_that_was_deleted_meanwhile_fails_its_step_of_a_package()
    {
        var (package, now) = (Guid.CreateVersion7(), DateTimeOffset.UnixEpoch);
        await _stack.ExecuteAsync(
            "insert into job_packages (tenant_id, id, name, created_at, updated_at) values ($1, $2, 'p', $3, $3)",
            _tenant.Id, package, now);
        await _stack.ExecuteAsync(
            "insert into job_package_steps (tenant_id, package_id, id, position, job_id) values ($1, $2, $2, 1, $3)",
            _tenant.Id, package, _job);
        var run = await RunAsync(package: package);
        await _stack.ExecuteAsync("update jobs set deleted_at = now() where id = $1", _job);

        for (var look = 0; look < 2; look++)
        {
            await _stack.JobRuns.AdvanceAsync(10, Token);
        }

        Assert.Equal(
            ["failed JOB_NOT_FOUND"],
            await _stack.ListAsync("select status || ' ' || (error ->> 'code') from job_run_items where run_id = $1",
                run));
        Assert.Equal(["failed"], await _stack.ListAsync("select status from job_runs"));
    }

    private async Task<Guid> RunAsync(string policy = "stop", Guid? package = null)
    {
        var id = Guid.CreateVersion7();
        await using var connection = await _stack.Owner.OpenConnectionAsync(Token);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new($"insert into job_runs (tenant_id, id, job_id, package_id, on_failure, trigger_type, input, started_at) values ('{_tenant.Id}', '{id}', {(package is null ? $"'{_job}'" : "null")}, {(package is null ? "null" : $"'{package}'")}, '{policy}', 'manual', '{{\"n\": 1}}', now())"));
        batch.BatchCommands.Add(JobRunItems.Fill([(_tenant.Id, id)]));
        await batch.ExecuteNonQueryAsync(Token);
        return id;
    }

    private async Task<string> AdvanceAsync(Guid run)
    {
        await _stack.JobRuns.AdvanceAsync(10, Token);
        return string.Join(", ", await _stack.ListAsync(
            "select w.name || ' ' || i.status from job_run_items i join workflows w on w.id = i.workflow_id where i.run_id = $1 order by i.position", run));
    }

    private Task<int> EndAsync(string workflow, string status = "completed", long rows = 0) => _stack.ExecuteAsync(
        "update executions set status = $2, finished_at = now(), rows_processed = $3 where workflow_id = (select id from workflows where name = $1)", workflow, status, rows);

    private async Task AddWorkflowAsync(string name, params string[] dependsOn)
    {
        var id = Guid.CreateVersion7();
        await _stack.ExecuteAsync("insert into workflows (tenant_id, id, job_id, name, published_version, created_at, updated_at) values ($1, $2, $3, $4, 1, now(), now())", _tenant.Id, id, _job, name);
        await _stack.ExecuteAsync("insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at) values ($1, $2, 1, '{}', 'publish', now())", _tenant.Id, id);
        await _stack.ExecuteAsync("insert into workflow_dependencies (tenant_id, workflow_id, depends_on_id) select $1, $2, id from workflows where name = any ($3)", _tenant.Id, id, dependsOn);
    }
}

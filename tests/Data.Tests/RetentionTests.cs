using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>What leaves when, with all that is its own: by the workflow's setting, by the platform's time, and by the
/// options of a worker.</summary>
public sealed class RetentionTests(PostgresServer server) : IAsyncLifetime
{
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private TestTenant _other = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        (_tenant, _other) = (await _stack.AddTenantAsync(), await _stack.AddTenantAsync());
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task An_execution_leaves_with_all_that_is_its_own_after_the_days_of_its_workflow()
    {
        await KeepAsync(_tenant, 7);
        var old = await AddAsync(_tenant, days: 8, "failed");
        var young = await AddAsync(_tenant, days: 6, "failed");
        var unfinished = await AddAsync(_tenant, days: 8, "waiting");
        var ofOther = await AddAsync(_other, days: 8, "failed");

        Assert.Equal(1, await _stack.Maintenance.ExpireExecutionsAsync(100, Token));

        foreach (var (table, column) in Tables)
        {
            var left = await _stack.ListAsync($"select {column}::text from {table} order by 1");
            Assert.Equal(new[] { young, unfinished, ofOther }.Select(id => id.ToString()).Order(), left.Order());
        }

        Assert.Equal(["index_execution " + old],
            await _stack.ListAsync("select topic || ' ' || subject_id from outbox"));
        Assert.Equal(0, await _stack.Maintenance.ExpireExecutionsAsync(100, Token));
    }

    [Fact]
    public async Task An_event_stays_as_long_as_another_execution_that_it_started()
    {
        await KeepAsync(_tenant, 7);
        var old = await AddAsync(_tenant, days: 8, "completed");
        var young = await AddAsync(_tenant, days: 2, "completed");
        await _stack.ExecuteAsync("delete from event_matches where execution_id = $1", young);
        await _stack.ExecuteAsync(
            "insert into event_matches (tenant_id, event_id, target, execution_id, matched) values ($1, $2, "
                + "'second', $3, true)", _tenant.Id, old, young);

        await _stack.Maintenance.ExpireExecutionsAsync(100, Token);
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from events where id = $1", old));
        await _stack.ExecuteAsync("update workflows set start_settings = '{\"retentionDays\": 1}'");
        await _stack.Maintenance.ExpireExecutionsAsync(100, Token);
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from events where id = $1", old));
    }

    [Fact]
    public async Task Each_round_takes_no_more_than_it_is_told()
    {
        await KeepAsync(_tenant, 1);
        for (var index = 0; index < 5; index++)
        {
            await AddAsync(_tenant, days: 3, "completed");
        }

        foreach (var taken in new[] { 2, 2, 1, 0 })
        {
            Assert.Equal(taken, await _stack.Maintenance.ExpireExecutionsAsync(2, Token));
        }
    }

    [Fact]
    public async Task What_a_workflow_keeps_for_longer_stays_when_its_month_retires()
    {
        foreach (var (table, _) in Tables.Where(table => table.Name is not "execution_logs" and not "dead_letters"))
        {
            await _stack.ExecuteAsync("call make_partition($1, now() - interval '70 days')", table);
        }

        await KeepAsync(_tenant, 365);
        var kept = await AddAsync(_tenant, days: 70, "completed");
        var gone = await AddAsync(_other, days: 70, "failed");
        string[] tables = ["step_executions", "events", "event_matches", "executions"];
        foreach (var table in tables)
        {
            Assert.Equal(1, await _stack.Maintenance.RetirePartitionsAsync(table, TimeSpan.FromDays(30), Token));
        }

        Assert.Equal([$"{kept}"], await _stack.ListAsync("select id::text from executions"));
        Assert.Equal([$"{kept}"], await _stack.ListAsync("select execution_id::text from step_executions"));
        Assert.Equal([$"{kept}"], await _stack.ListAsync("select id::text from events"));
        Assert.Equal([$"{kept}"], await _stack.ListAsync("select execution_id::text from event_matches"));
        Assert.Equal(["index_execution " + gone],
            await _stack.ListAsync("select topic || ' ' || subject_id from outbox"));
        Assert.Equal(0, await _stack.Maintenance.RetirePartitionsAsync("executions", TimeSpan.FromDays(30),
            Token)); // not rewritten hour by hour

        await KeepAsync(_tenant, 60);
        Assert.Equal(1, await _stack.Maintenance.ExpireExecutionsAsync(10, Token));
        Assert.Equal(1, await _stack.Maintenance.RetirePartitionsAsync("executions", TimeSpan.FromDays(30), Token));
    }

    [Fact]
    public async Task Runs_dead_letters_and_sessions_leave_after_their_time_and_not_before()
    {
        var job = await _stack.ScalarAsync<Guid>("select id from jobs where tenant_id = $1", _tenant.Id);
        await _stack.ExecuteAsync(
            """
            insert into job_runs (tenant_id, id, job_id, trigger_type, started_at, status, finished_at)
            select $1, gen_random_uuid(), $2, 'manual', now() - make_interval(days => d), 'completed',
              now() - make_interval(days => d) from unnest(array[400, 300]) d
            """, _tenant.Id, job);
        await _stack.ExecuteAsync(
            "insert into job_run_items (tenant_id, run_id, id, position, workflow_id) select tenant_id, id, id, "
                + "1, $1 from job_runs", _tenant.WorkflowId);
        await _stack.ExecuteAsync(
            """
            insert into dead_letters (tenant_id, id, execution_id, workflow_id, error, created_at)
            select $1, gen_random_uuid(), gen_random_uuid(), $2, '{}',
              now() - make_interval(days => d) from unnest(array[400, 300]) d
            """, _tenant.Id, _tenant.WorkflowId);
        var user = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            "insert into users (tenant_id, id, email, username, name, created_at, updated_at) values ($1, $2, "
                + "'a@x.org', 'a', 'A', now(), now())", _tenant.Id, user);
        await _stack.ExecuteAsync(
            """
            insert into user_sessions (tenant_id, id, user_id, refresh_hash, created_at, refreshed_at, expires_at,
              revoked_at)
            select $1, gen_random_uuid(), $2, '\x00', now(), now(), now() + e * interval '1 day',
              now() + r * interval '1 day'
            from (values (-40, null), (-20, null), (10, -40), (10, -20), (10, null)) as s (e, r)
            """, _tenant.Id, user);
        var year = TimeSpan.FromDays(365);

        Assert.Equal(1, await _stack.Maintenance.DeleteOldRunsAsync(100, year, Token));
        Assert.Equal(1, await _stack.Maintenance.DeleteOldDeadLettersAsync(100, year, Token));
        Assert.Equal(2, await _stack.Maintenance.ForgetEndedSessionsAsync(100, TimeSpan.FromDays(30), Token));

        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from job_run_items"));
        Assert.Equal(3, await _stack.ScalarAsync<long>("select count(*) from user_sessions"));
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from dead_letters"));
    }

    [Fact]
    public async Task Metrics_leave_by_the_minute_and_their_names_once_none_is_left()
    {
        await _stack.ExecuteAsync(
            """
            insert into metric_minutes select $1, name, now() - make_interval(days => d), '{}', 1, 1, 1, 1, 1, now()
            from (values ('old', 92), ('both', 92), ('both', 89)) as m (name, d)
            """, _tenant.Id);
        await _stack.ExecuteAsync(
            """
            insert into metric_names select $1, name, now() - interval '99 days', now() - make_interval(days => d)
            from (values ('old', 92), ('both', 89)) as m (name, d)
            """, _tenant.Id);
        var keep = TimeSpan.FromDays(90);

        Assert.Equal(1, await _stack.Maintenance.DeleteOldMetricsAsync(1, keep, Token));
        Assert.Equal(1, await _stack.Maintenance.DeleteOldMetricsAsync(100, keep, Token));
        Assert.Equal(1, await _stack.Maintenance.DeleteUnusedMetricsAsync(100, keep, Token));

        Assert.Equal(["both"], await _stack.ListAsync("select name from metric_minutes"));
        Assert.Equal(["both"], await _stack.ListAsync("select name from metric_names"));
    }

    [Fact]
    public async Task The_run_of_a_job_stays_while_the_run_of_its_package_goes_on()
    {
        var job = await _stack.ScalarAsync<Guid>("select id from jobs where tenant_id = $1", _tenant.Id);
        var package = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            "insert into job_packages (tenant_id, id, name, created_at, updated_at) values ($1, $2, 'p', now(), "
                + "now())", _tenant.Id, package);
        await _stack.ExecuteAsync(
            "insert into job_runs (tenant_id, id, package_id, trigger_type, started_at) values ($1, $2, $2, "
                + "'manual', now())", _tenant.Id, package);
        await _stack.ExecuteAsync(
            """
            insert into job_runs (tenant_id, id, job_id, parent_run_id, trigger_type, started_at, status, finished_at)
            values ($1, gen_random_uuid(), $2, $3, 'package', now(), 'completed', now() - interval '400 days')
            """, _tenant.Id, job, package);

        Assert.Equal(0, await _stack.Maintenance.DeleteOldRunsAsync(100, TimeSpan.FromDays(365), Token));
    }

    // Each row of these is named after the execution it belongs to.
    private static readonly (string Name, string Column)[] Tables =
    [
        ("executions", "id"), ("step_executions", "execution_id"), ("execution_logs", "execution_id"),
            ("dead_letters", "execution_id"),
        ("events", "id"), ("event_matches", "execution_id"),
    ];

    private Task<int> KeepAsync(TestTenant tenant, int days) => _stack.ExecuteAsync(
        "update workflows set start_settings = jsonb_build_object('retentionDays', $2) where tenant_id = $1",
            tenant.Id, days);

    /// <summary>An execution that ended some days ago, with a row of everything that belongs to it.</summary>
    private async Task<Guid> AddAsync(TestTenant tenant, int days, string status)
    {
        var id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(days));
        await _stack.ExecuteAsync(
            """
            with e as (
              insert into executions (tenant_id, id, workflow_id, version, trigger_type, input, queued_at, status,
                finished_at)
              values ($1, $2, $3, 1, 'manual', '{}', now(), $4,
                case when $4 <> 'waiting' then now() - make_interval(days => $5) end)
            ),
            s as (
              insert into step_executions (tenant_id, execution_id, node_id, attempt, sequence, node_type, status,
                started_at, finished_at)
              values ($1, $2, 'n', 1, 1, 'noop', 'completed', now(), now())
            ),
            l as (insert into execution_logs (tenant_id, id, execution_id, level, message, at) values ($1, $2, $2,
              'info', 'm', now())),
            d as (insert into dead_letters (tenant_id, id, execution_id, workflow_id, error, created_at) values ($1,
              $2, $2, $3, '{}', now())),
            v as (insert into events (tenant_id, id, event_id, source, type, received_at) values ($1, $2, $2::text,
              '/s', 't', now())),
            c as (
              insert into search.corpora (tenant_id, model, updated_at) values ($1, 'm',
                now()) on conflict do nothing returning 1
            )
            insert into event_matches (tenant_id, event_id, target, execution_id, matched) values ($1, $2, 'first',
              $2, true)
            """, tenant.Id, id, tenant.WorkflowId, status, days);
        await _stack.ExecuteAsync(
            """
            insert into search.documents (tenant_id, id, content_type, content_id, title, content_hash,
              source_version, content_at, revision, indexed_at)
            values ($1, $2, 'execution', $2, 'T', '', 1, now(), (select count(*) from search.documents), now())
            """, tenant.Id, id);
        return id;
    }
}

using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class MaintenanceTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly DateTimeOffset LongAgo = new(2024, 3, 10, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private DataStack _stack = null!;
    private TestTenant _tenant = null!;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task Partitions_are_made_ahead_once_by_whoever_comes_first()
    {
        var made = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _stack.Maintenance.MakePartitionsAsync(5, TestContext.Current.CancellationToken)));

        Assert.Equal(5 * 3, made.Sum()); // five tables, three months beyond those of the migration
        Assert.Equal(0, await _stack.Maintenance.MakePartitionsAsync(5, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_row_lies_in_the_partition_of_the_time_in_its_key()
    {
        await MakePartitionAsync("executions", LongAgo);
        await AddExecutionAsync(LongAgo, "completed");
        await AddExecutionAsync(new DateTimeOffset(2024, 3, 1, 0, 0, 0, TimeSpan.Zero), "completed");
        await AddExecutionAsync(new DateTimeOffset(2024, 3, 31, 23, 59, 59, 999, TimeSpan.Zero), "completed");

        Assert.Equal(["executions_2024_03"], await _stack.ListAsync("select distinct tableoid::regclass::text from executions"));
    }

    [Fact]
    public async Task A_finished_month_goes_with_its_rows()
    {
        await MakePartitionAsync("executions", LongAgo);
        await AddExecutionAsync(LongAgo, "completed");
        var recent = await AddExecutionAsync(TimeProvider.System.GetUtcNow(), "completed");

        Assert.Equal(1, await RetireAsync("executions"));
        Assert.Equal([recent.ToString()], await _stack.ListAsync("select id::text from executions"));
        Assert.Equal(0, await RetireAsync("executions"));
    }

    [Fact]
    public async Task Days_of_logs_are_dropped_a_week_after_they_ended()
    {
        await _stack.ExecuteAsync("call make_day_partition('execution_logs', now() - interval '9 days'); call make_day_partition('execution_logs', now() - interval '6 days')");

        Assert.Equal(1, await _stack.Maintenance.RetireDayPartitionsAsync("execution_logs", TimeSpan.FromDays(7), TestContext.Current.CancellationToken));

        Assert.True(await _stack.ScalarAsync<bool>(
            """
            select to_regclass('execution_logs' || to_char(now() at time zone 'UTC' - interval '9 days', '_YYYY_MM_DD')) is null
               and to_regclass('execution_logs' || to_char(now() at time zone 'UTC' - interval '6 days', '_YYYY_MM_DD')) is not null
            """));
    }

    [Theory]
    [InlineData("queued")]
    [InlineData("running")]
    [InlineData("waiting")]
    [InlineData("paused")]
    [InlineData("held")]
    public async Task Unfinished_executions_and_their_steps_are_carried_over(string status)
    {
        await MakePartitionAsync("executions", LongAgo);
        await MakePartitionAsync("step_executions", LongAgo);
        var unfinished = await AddExecutionAsync(LongAgo, status);
        var finished = await AddExecutionAsync(LongAgo, "failed");
        await AddStepAsync(unfinished);
        await AddStepAsync(finished);

        Assert.Equal(1, await RetireAsync("step_executions"));
        Assert.Equal(1, await RetireAsync("executions"));

        Assert.Equal([unfinished.ToString()], await _stack.ListAsync("select id::text from executions"));
        Assert.Equal([unfinished.ToString()], await _stack.ListAsync("select execution_id::text from step_executions"));
        Assert.Equal(["executions_2024_03"], await _stack.ListAsync("select tableoid::regclass::text from executions"));
        Assert.Empty(await _stack.Maintenance.TablesWithStraysAsync(TestContext.Current.CancellationToken));

        // Nothing in it may go now; once it is finished, it goes.
        Assert.Equal(0, await RetireAsync("executions"));
        await _stack.ExecuteAsync("update executions set status = 'completed', lease_owner = null, finished_at = now()");
        Assert.Equal(1, await RetireAsync("step_executions"));
        Assert.Equal(1, await RetireAsync("executions"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from executions"));
    }

    [Fact]
    public async Task A_carried_over_partition_can_be_read_and_claimed_as_before()
    {
        await MakePartitionAsync("executions", LongAgo);
        var queued = await AddExecutionAsync(LongAgo, "queued");
        await AddExecutionAsync(LongAgo, "completed");
        await RetireAsync("executions");

        var claimed = await _stack.ClaimAsync(new Executions.ExecutionKey(_tenant.Id, queued), await _stack.AddWorkerAsync());

        Assert.Equal(queued, claimed.Key.Id);
    }

    // The table cannot be locked while somebody reads it for long; the retirement must give up instead of holding up every other statement behind it.
    [Fact]
    public async Task A_retirement_that_has_to_wait_gives_up_soon()
    {
        await MakePartitionAsync("executions", LongAgo);
        await AddExecutionAsync(LongAgo, "completed");
        await using var reader = await _stack.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await reader.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var read = new Npgsql.NpgsqlCommand("select count(*) from executions", reader))
        {
            await read.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var error = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => RetireAsync("executions"));

        Assert.Equal("55P03", error.SqlState);
        Assert.True(PostgresErrors.IsTransient(error));
    }

    [Fact]
    public async Task The_current_month_is_never_retired()
    {
        await AddExecutionAsync(TimeProvider.System.GetUtcNow(), "completed");

        Assert.Equal(0, await _stack.Maintenance.RetirePartitionsAsync("executions", TimeSpan.Zero, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_row_without_a_partition_is_reported()
    {
        Assert.Empty(await _stack.Maintenance.TablesWithStraysAsync(TestContext.Current.CancellationToken));
        await AddExecutionAsync(LongAgo, "completed");

        Assert.Equal(["executions"], await _stack.Maintenance.TablesWithStraysAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Only_expired_rows_are_deleted()
    {
        await _stack.ExecuteAsync(
            """
            insert into idempotency_keys (tenant_id, scope, key, request_hash, created_at, expires_at)
            select $1, 's', n::text, '', now(), now() + make_interval(mins => n) from unnest(array[-5, -4, -3, -2, -1, 1, 2, 3, 4]) n
            """, _tenant.Id);
        await _stack.ExecuteAsync(
            """
            insert into event_dedupe (tenant_id, source, event_id, id, expires_at)
            select $1, 's', n::text, gen_random_uuid(), now() + make_interval(mins => n) from unnest(array[-5, -4, -3, -2, -1, 1, 2, 3, 4]) n
            """, _tenant.Id);

        var deleted = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _stack.Maintenance.DeleteExpiredAsync(100, TestContext.Current.CancellationToken)));

        Assert.Equal(10, deleted.Sum());
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from idempotency_keys where expires_at < now() - interval '30 seconds'"));
        Assert.Equal(4, await _stack.ScalarAsync<long>("select count(*) from event_dedupe where expires_at > now() + interval '30 seconds'"));
    }

    [Fact]
    public async Task Transactions_go_with_what_they_staged_a_week_after_their_time()
    {
        await _stack.ExecuteAsync(
            """
            insert into edit_transactions (tenant_id, id, holder_type, holder_id, created_at, expires_at)
            select $1, new_uuid_v7(), 'user', $1, now() - interval '30 days', now() - make_interval(days => n)
            from unnest(array[-1, 0, 6, 8, 9]) n
            """, _tenant.Id);
        await _stack.ExecuteAsync(
            """
            insert into staged_writes (tenant_id, transaction_id, number, method, path, route, object_type, object_id,
              seed, staged_at)
            select tenant_id, id, 1, 'POST', '/x', 'x', 'job', id, id, now() from edit_transactions
            """);

        Assert.Equal(
            2, await _stack.Maintenance.DeleteOldTransactionsAsync(100, TestContext.Current.CancellationToken));

        Assert.Equal(3, await _stack.ScalarAsync<long>("select count(*) from edit_transactions"));
        Assert.Equal(3, await _stack.ScalarAsync<long>("select count(*) from staged_writes"));
    }

    private Task<int> RetireAsync(string table) => _stack.Maintenance.RetirePartitionsAsync(table, Kept, TestContext.Current.CancellationToken);

    private Task<int> MakePartitionAsync(string table, DateTimeOffset month) =>
        _stack.ExecuteAsync("call make_partition($1, $2)", table, month.UtcDateTime);

    private async Task<Guid> AddExecutionAsync(DateTimeOffset at, string status)
    {
        var id = Guid.CreateVersion7(at);
        await _stack.ExecuteAsync(
            """
            insert into executions (tenant_id, id, workflow_id, version, trigger_type, input, queued_at, status, lease_owner, finished_at)
            values ($1, $2, $3, 1, 'manual', '{}', now(), $4, case when $4 = 'running' then $2 end, case when $4 in ('completed', 'failed') then now() end)
            """, _tenant.Id, id, _tenant.WorkflowId, status);
        return id;
    }

    private Task<int> AddStepAsync(Guid execution) => _stack.ExecuteAsync(
        """
        insert into step_executions (tenant_id, execution_id, node_id, attempt, sequence, node_type, status, started_at, finished_at)
        values ($1, $2, 'n', 1, 1, 'noop', 'completed', now(), now())
        """, _tenant.Id, execution);
}

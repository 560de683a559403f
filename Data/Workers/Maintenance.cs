using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Workers;

/// <summary>
/// Housekeeping of the database: partitions ahead, retention, expired rows. Guarantees: runs in one place at a time (each procedure takes a lock), may stop at any
/// point and be run again.
/// </summary>
public sealed class Maintenance(WorkflowsDatabase database)
{
    private const string AheadSql = "select make_partitions_ahead(now(), $1)";

    /// <summary>Makes the partitions of this month and the next <paramref name="months"/>.</summary>
    /// <returns>How many were made.</returns>
    public async Task<int> MakePartitionsAsync(int months, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(AheadSql);
        command.Parameters.Add(Sql.Int(months));
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string RetireSql = "select retire_partitions($1, now() - $2::interval)";

    /// <summary>Drops partitions of a table that ended longer ago than <paramref name="keep"/>; unfinished executions are carried over.</summary>
    public async Task<int> RetirePartitionsAsync(string table, TimeSpan keep, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(RetireSql);
        command.Parameters.Add(Sql.Text(table));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = keep });
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string RetireDaysSql = "select retire_day_partitions($1, now() - $2::interval)";

    /// <summary>Drops daily partitions of a table that ended longer ago than <paramref name="keep"/>.</summary>
    public async Task<int> RetireDayPartitionsAsync(string table, TimeSpan keep, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(RetireDaysSql);
        command.Parameters.Add(Sql.Text(table));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = keep });
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string StraysSql = "select table_name from rows_without_partition() where has_rows";

    /// <summary>Tables whose default partition holds rows: a partition was missing when they came.</summary>
    public async Task<IReadOnlyList<string>> TablesWithStraysAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(StraysSql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tables = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            tables.Add(reader.GetString(0));
        }

        return tables;
    }

    private const string ReadOnlySql = "select current_setting('transaction_read_only') = 'on'";

    /// <summary>Whether nothing can be written: a standby, or a server that is set so.</summary>
    public async Task<bool> IsReadOnlyAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ReadOnlySql);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string ExpiredFamiliesSql = """
        delete from execution_families f
        using (select tenant_id, root_id from execution_families where expires_at < now()
          order by expires_at limit $1 for update skip locked) x
        where f.tenant_id = x.tenant_id and f.root_id = x.root_id
        """;

    /// <summary>Deletes up to <paramref name="limit"/> counts of descendants whose time is over.</summary>
    public async Task<int> DeleteExpiredFamiliesAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ExpiredFamiliesSql);
        command.Parameters.Add(Sql.Int(limit));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string ExpiredKeysSql = """
        delete from idempotency_keys k
        using (select tenant_id, scope, key from idempotency_keys where expires_at < now() order by expires_at limit $1 for update skip locked) x
        where k.tenant_id = x.tenant_id and k.scope = x.scope and k.key = x.key
        """;

    private const string ExpiredEventsSql = """
        delete from event_dedupe d
        using (select tenant_id, source, event_id from event_dedupe where expires_at < now() order by expires_at limit $1 for update skip locked) x
        where d.tenant_id = x.tenant_id and d.source = x.source and d.event_id = x.event_id
        """;

    private const string ExpiredFiresSql = """
        delete from schedule_fires f
        using (select tenant_id, schedule_id, tick from schedule_fires where tick < now() - $2::interval and not is_open and outcome <> 'queued'
               order by tick limit $1 for update skip locked) x
        where f.tenant_id = x.tenant_id and f.schedule_id = x.schedule_id and f.tick = x.tick
        """;

    /// <summary>Deletes up to <paramref name="limit"/> firings of schedules that are older than <paramref name="keep"/> and over.</summary>
    public Task<int> DeleteOldFiresAsync(int limit, TimeSpan keep, CancellationToken cancellationToken) =>
        DeleteOlderAsync(ExpiredFiresSql, limit, keep, cancellationToken);

    private const string ExpireTestsSql = "select expire_tests($1, now() - $2::interval)";

    /// <summary>Takes away up to <paramref name="limit"/> tests that are over and older than <paramref name="keep"/>,
    /// with all that is theirs.</summary>
    public async Task<int> ExpireTestsAsync(int limit, TimeSpan keep, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ExpireTestsSql);
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = keep });
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string ExpireExecutionsSql = "select expire_executions($1)";

    /// <summary>
    /// Takes away up to <paramref name="limit"/> executions whose workflow's <c>settings.retentionDays</c> have passed
    /// since their end, with
    /// steps, logs, dead letters and the events that did nothing else; the search service forgets them.
    /// </summary>
    public async Task<int> ExpireExecutionsAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ExpireExecutionsSql);
        command.Parameters.Add(Sql.Int(limit));
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    // The run of a package's job stays as long as the package's run goes on, which asks for its end.
    private const string OldRunsSql = """
        with gone as (
          select r.tenant_id, r.id from job_runs r
          where r.finished_at < now() - $2::interval
            and not exists (select from job_runs p where p.tenant_id = r.tenant_id and p.id = r.parent_run_id
              and p.finished_at is null)
          order by r.finished_at limit $1 for update skip locked
        ),
        items as (
          delete from job_run_items i using gone g where i.tenant_id = g.tenant_id and i.run_id = g.id
        )
        delete from job_runs r using gone g where r.tenant_id = g.tenant_id and r.id = g.id
        """;

    /// <summary>Deletes up to <paramref name="limit"/> runs of jobs and packages that ended longer ago than <paramref
    /// name="keep"/>, with their items.</summary>
    public Task<int> DeleteOldRunsAsync(int limit, TimeSpan keep, CancellationToken cancellationToken) =>
        DeleteOlderAsync(OldRunsSql, limit, keep, cancellationToken);

    private const string OldMetricsSql = """
        delete from metric_minutes m
        using (
          select tenant_id, name, minute, dimensions from metric_minutes
          where minute < now() - $2::interval order by minute limit $1 for update skip locked
        ) x
        where m.tenant_id = x.tenant_id and m.name = x.name and m.minute = x.minute and m.dimensions = x.dimensions
        """;

    /// <summary>Deletes up to <paramref name="limit"/> minutes of metrics longer ago than <paramref name="keep"/>.
    /// </summary>
    public Task<int> DeleteOldMetricsAsync(int limit, TimeSpan keep, CancellationToken cancellationToken) =>
        DeleteOlderAsync(OldMetricsSql, limit, keep, cancellationToken);

    // A day longer than its last minute, so that none of its minutes is left.
    private const string UnusedMetricsSql = """
        delete from metric_names n
        using (
          select tenant_id, name from metric_names
          where last_at < now() - $2::interval - interval '1 day' limit $1 for update skip locked
        ) x
        where n.tenant_id = x.tenant_id and n.name = x.name
        """;

    /// <summary>Deletes up to <paramref name="limit"/> names of metrics under which nothing is kept any more.</summary>
    public Task<int> DeleteUnusedMetricsAsync(int limit, TimeSpan keep, CancellationToken cancellationToken) =>
        DeleteOlderAsync(UnusedMetricsSql, limit, keep, cancellationToken);

    private const string OldDeadLettersSql = """
        delete from dead_letters d
        using (select tenant_id,
          id from dead_letters where created_at < now() - $2::interval order by created_at limit $1) x
        where d.tenant_id = x.tenant_id and d.id = x.id
        """;

    /// <summary>Deletes up to <paramref name="limit"/> dead letters older than <paramref name="keep"/>.</summary>
    public Task<int> DeleteOldDeadLettersAsync(int limit, TimeSpan keep, CancellationToken cancellationToken) =>
        DeleteOlderAsync(OldDeadLettersSql, limit, keep, cancellationToken);

    private const string EndedSessionsSql = "select forget_ended_sessions(now() - $2::interval, $1)";

    /// <summary>Deletes up to <paramref name="limit"/> sessions of people that expired or were ended longer ago than
    /// <paramref name="keep"/>.</summary>
    public async Task<int> ForgetEndedSessionsAsync(int limit, TimeSpan keep, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(EndedSessionsSql);
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = keep });
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<int> DeleteOlderAsync(string sql, int limit, TimeSpan keep, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(sql);
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = keep });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string ExpiredContextSql = """
        delete from context_entries c
        using (select tenant_id, id from context_entries where expires_at < now() order by expires_at limit $1 for update skip locked) x
        where c.tenant_id = x.tenant_id and c.id = x.id
        """;

    private const string ExpiredContextWritesSql = """
        delete from context_writes w
        using (select tenant_id, operation from context_writes where expires_at < now() order by expires_at limit $1 for update skip locked) x
        where w.tenant_id = x.tenant_id and w.operation = x.operation
        """;

    private const string ExpiredJoinsSql = """
        delete from rule_joins j
        using (select tenant_id, rule_id, correlation_key from rule_joins where expires_at < now() order by expires_at limit $1 for update skip locked) x
        where j.tenant_id = x.tenant_id and j.rule_id = x.rule_id and j.correlation_key = x.correlation_key
        """;

    private const string ExpiredRatesSql = """
        delete from rate_slots s
        using (select tenant_id, workflow_id, key, n from rate_slots where expires_at < now() order by expires_at limit $1 for update skip locked) x
        where s.tenant_id = x.tenant_id and s.workflow_id = x.workflow_id and s.key = x.key and s.n = x.n
        """;

    private const string ExpiredCallsSql = """
        delete from callback_calls c
        using (select tenant_id, execution_id, node_id, iteration from callback_calls where expires_at < now() order by expires_at limit $1 for update skip locked) x
        where c.tenant_id = x.tenant_id and c.execution_id = x.execution_id and c.node_id = x.node_id and c.iteration = x.iteration
        """;

    private const string OldNotificationsSql = """
        delete from notifications n
        using (select tenant_id, user_id, id from notifications where created_at < now() - $2::interval order by created_at limit $1 for update skip locked) x
        where n.tenant_id = x.tenant_id and n.user_id = x.user_id and n.id = x.id
        """;

    private const string OldApprovalsSql = """
        delete from approval_requests r
        using (select tenant_id, id from approval_requests where closed_at < now() - $2::interval order by closed_at limit $1 for update skip locked) x
        where r.tenant_id = x.tenant_id and r.id = x.id
        """;

    /// <summary>Deletes up to <paramref name="limit"/> rows each of notifications, closed approval requests and early calls whose time is over.</summary>
    public async Task<int> DeleteOldPeopleRowsAsync(int limit, CancellationToken cancellationToken)
    {
        await using var calls = database.Source.CreateCommand(ExpiredCallsSql);
        calls.Parameters.Add(Sql.Int(limit));
        await using var notifications = database.Source.CreateCommand(OldNotificationsSql);
        notifications.Parameters.Add(Sql.Int(limit));
        notifications.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Limits.NotificationLifetime });
        await using var approvals = database.Source.CreateCommand(OldApprovalsSql);
        approvals.Parameters.Add(Sql.Int(limit));
        approvals.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Limits.ApprovalLifetime });
        return await calls.ExecuteNonQueryAsync(cancellationToken) + await notifications.ExecuteNonQueryAsync(cancellationToken)
            + await approvals.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string OldTransactionsSql = """
        delete from edit_transactions t
        using (select tenant_id, id from edit_transactions where expires_at < now() - $2::interval
          order by expires_at limit $1) x
        where t.tenant_id = x.tenant_id and t.id = x.id
        """;

    /// <summary>Deletes up to <paramref name="limit"/> transactions with all they staged, a while after the end of
    /// their time, committed or not.</summary>
    public Task<int> DeleteOldTransactionsAsync(int limit, CancellationToken cancellationToken) =>
        DeleteOlderAsync(OldTransactionsSql, limit, Limits.EditTransactionLifetime, cancellationToken);

    /// <summary>
    /// Deletes up to <paramref name="limit"/> rows each of expired idempotency keys, event ids, sets of events that did not become complete, context entries and
    /// their writes, and moments of rate limits that bound nothing any more.
    /// </summary>
    public async Task<int> DeleteExpiredAsync(int limit, CancellationToken cancellationToken)
    {
        await using var keys = database.Source.CreateCommand(ExpiredKeysSql);
        keys.Parameters.Add(Sql.Int(limit));
        await using var context = database.Source.CreateCommand(ExpiredContextSql);
        context.Parameters.Add(Sql.Int(limit));
        await using var writes = database.Source.CreateCommand(ExpiredContextWritesSql);
        writes.Parameters.Add(Sql.Int(limit));
        await using var events = database.Source.CreateCommand(ExpiredEventsSql);
        events.Parameters.Add(Sql.Int(limit));
        await using var joins = database.Source.CreateCommand(ExpiredJoinsSql);
        joins.Parameters.Add(Sql.Int(limit));
        await using var rates = database.Source.CreateCommand(ExpiredRatesSql);
        rates.Parameters.Add(Sql.Int(limit));
        return await rates.ExecuteNonQueryAsync(cancellationToken) + await keys.ExecuteNonQueryAsync(cancellationToken) + await events.ExecuteNonQueryAsync(cancellationToken)
            + await joins.ExecuteNonQueryAsync(cancellationToken) + await context.ExecuteNonQueryAsync(cancellationToken)
            + await writes.ExecuteNonQueryAsync(cancellationToken);
    }
}

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

    private const string ExpiredJoinsSql = """
        delete from rule_joins j
        using (select tenant_id, rule_id, correlation_key from rule_joins where expires_at < now() order by expires_at limit $1 for update skip locked) x
        where j.tenant_id = x.tenant_id and j.rule_id = x.rule_id and j.correlation_key = x.correlation_key
        """;

    /// <summary>Deletes up to <paramref name="limit"/> rows each of expired idempotency keys, event ids and sets of events that did not become complete.</summary>
    public async Task<int> DeleteExpiredAsync(int limit, CancellationToken cancellationToken)
    {
        await using var keys = database.Source.CreateCommand(ExpiredKeysSql);
        keys.Parameters.Add(Sql.Int(limit));
        await using var events = database.Source.CreateCommand(ExpiredEventsSql);
        events.Parameters.Add(Sql.Int(limit));
        await using var joins = database.Source.CreateCommand(ExpiredJoinsSql);
        joins.Parameters.Add(Sql.Int(limit));
        return await keys.ExecuteNonQueryAsync(cancellationToken) + await events.ExecuteNonQueryAsync(cancellationToken)
            + await joins.ExecuteNonQueryAsync(cancellationToken);
    }
}

using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Budgets;

/// <summary>
/// What tenants take up, by day. Guarantees: of several processes one measures, and none again until the figures are as
/// old as they may get. Executions and steps are added up by <see cref="Executions.PerformanceStore"/>.
/// </summary>
public sealed class UsageStore(WorkflowsDatabase database)
{
    // The lock goes with the transaction; who does not get it has somebody who measures.
    private const string MayMeasureSql = """
        select pg_try_advisory_xact_lock(hashtextextended('workflows.storage', 0))
          and not exists (
            select from usage_daily u
            where u.day >= (now() at time zone 'UTC')::date - 1 and u.measured_at > now() - $1::interval)
        """;

    private const string MeasureSql = """
        insert into usage_daily as u (tenant_id, day, storage_bytes, measured_at)
        select t.tenant_id, (now() at time zone 'UTC')::date, coalesce(m.bytes, 0), now()
        from tenants t
        left join (select s.tenant_id, sum(s.bytes)::bigint as bytes from measure_storage($1) s group by 1) m
          on m.tenant_id = t.tenant_id
        order by 1
        on conflict (tenant_id, day) do update
          set storage_bytes = excluded.storage_bytes, measured_at = excluded.measured_at
        """;

    /// <summary>Measures the storage of all tenants.</summary>
    /// <param name="fresh">Figures that are younger are not measured again.</param>
    /// <returns>Whether it was measured now.</returns>
    public async Task<bool> MeasureStorageAsync(TimeSpan fresh, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var may = new NpgsqlCommand(MayMeasureSql, connection, transaction))
        {
            may.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = fresh });
            if (await may.ExecuteScalarAsync(cancellationToken) is not true)
            {
                return false;
            }
        }

        await using var measure = new NpgsqlCommand(MeasureSql, connection, transaction);
        measure.Parameters.Add(Sql.Int(Limits.StorageSamplePages));
        await measure.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private const string ExpireSql = """
        delete from usage_daily u
        using (select tenant_id, day from usage_daily
               where day < (now() at time zone 'UTC' - $2::interval)::date order by day limit $1
               for update skip locked) x
        where u.tenant_id = x.tenant_id and u.day = x.day
        """;

    /// <summary>Deletes up to <paramref name="limit"/> days longer ago than <paramref name="keep"/>.</summary>
    public async Task<int> ExpireAsync(int limit, TimeSpan keep, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ExpireSql);
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = keep });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

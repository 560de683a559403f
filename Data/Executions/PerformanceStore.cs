using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>
/// Adds up what checkpoints noted about executions that ended. Guarantees: each end counts once, since the rows that say it are taken away by the statement that
/// adds them; any number of processes may do it at once. Reads no execution. The same statement adds up what tenants
/// have used by day, so both count the same ends.
/// </summary>
public sealed class PerformanceStore(WorkflowsDatabase database)
{
    // In the order of the key, so that two who add up at the same moment never wait for each other crosswise.
    private const string FoldSql = """
        with picked as (
          select d.tenant_id, d.id from performance_deltas d limit $1 for update skip locked
        ),
        taken as (
          delete from performance_deltas d using picked p where d.tenant_id = p.tenant_id and d.id = p.id returning d.*
        ),
        folded as (
          insert into workflow_performance as w (tenant_id, workflow_id, hour, trigger_type, status, bucket, executions, total_ms)
          select t.tenant_id, t.workflow_id, t.hour, t.trigger_type, t.status, t.bucket, sum(t.executions), sum(t.total_ms)
          from taken t group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
          on conflict (tenant_id, workflow_id, hour, trigger_type, status, bucket)
            do update set executions = w.executions + excluded.executions, total_ms = w.total_ms + excluded.total_ms
        ),
        used as (
          insert into usage_daily as u (tenant_id, day, executions, failures, steps)
          select t.tenant_id, (t.hour at time zone 'UTC')::date, sum(t.executions),
            coalesce(sum(t.executions) filter (where t.status in ('failed', 'timed_out')), 0), sum(t.steps)
          from taken t group by 1, 2 order by 1, 2
          on conflict (tenant_id, day) do update set executions = u.executions + excluded.executions,
            failures = u.failures + excluded.failures, steps = u.steps + excluded.steps
        )
        select count(*)::int from taken
        """;

    /// <returns>How many rows were added up, at most <paramref name="limit"/>.</returns>
    public async Task<int> FoldAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(FoldSql);
        command.Parameters.Add(Sql.Int(limit));
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string ExpireSql = """
        delete from workflow_performance w
        using (
          select tenant_id, workflow_id, hour, trigger_type, status, bucket from workflow_performance
          where hour < now() - $1::interval order by hour limit $2 for update skip locked
        ) x
        where w.tenant_id = x.tenant_id and w.workflow_id = x.workflow_id and w.hour = x.hour
          and w.trigger_type = x.trigger_type and w.status = x.status and w.bucket = x.bucket
        """;

    /// <summary>Deletes up to <paramref name="limit"/> rows of hours longer ago than <paramref name="keep"/>.</summary>
    public async Task<int> ExpireAsync(TimeSpan keep, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ExpireSql);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = keep });
        command.Parameters.Add(Sql.Int(limit));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string QueueSql = """
        select count(*)::int, coalesce(extract(epoch from now() - min(q.queued_at)), 0)::float8
        from (select e.queued_at from executions e where e.status = 'queued' limit $1) q
        """;

    /// <summary>How many executions of all tenants wait for a worker, and for how long the one that waits longest; over up to <paramref name="limit"/> of them.</summary>
    public async Task<(int Depth, TimeSpan OldestAge)> MeasureQueueAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(QueueSql);
        command.Parameters.Add(Sql.Int(limit));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt32(0), TimeSpan.FromSeconds(Math.Max(0, reader.GetDouble(1))));
    }
}

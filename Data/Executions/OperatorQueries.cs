using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>What of a tenant waits for a worker, by priority.</summary>
/// <param name="Depth">Counted over the oldest <see cref="Limits.CountedQueue"/>.</param>
public sealed record QueueDepth(ExecutionPriority Priority, int Depth, DateTimeOffset OldestAt);

/// <summary>How many executions of a tenant are in each state of those that are not over, each counted up to <see cref="Limits.CountedQueue"/>.</summary>
public sealed record LiveCounts(int Queued, int Running, int Waiting, int Paused, int Held);

/// <summary>A process that takes executions.</summary>
public sealed record LiveWorker(Guid Id, string Name, DateTimeOffset StartedAt, DateTimeOffset HeartbeatAt, int InFlight);

/// <summary>Ends of executions in one hour, by trigger, status and range of durations (<c>duration_bucket</c>).</summary>
public sealed record PerformanceRow(DateTimeOffset Hour, string TriggerType, string Status, short Bucket, long Executions, long TotalMs);

/// <summary>
/// What an operator looks at again and again: bounded index scans and sums that are kept, never a count over history.
/// </summary>
public sealed class OperatorQueries(WorkflowsDatabase database)
{
    private const string DepthsSql = """
        select p.priority::smallint, d.depth, d.oldest
        from (values (1), (0), (-1)) as p (priority)
        cross join lateral (
          select count(*)::int as depth, min(q.queued_at) as oldest
          from (
            select e.queued_at from executions e
            where e.tenant_id = $1 and e.status = 'queued' and e.priority = p.priority::smallint order by e.id limit $2
          ) q
        ) d
        where d.depth > 0
        order by p.priority desc
        """;

    /// <summary>The queue of a tenant, highest priority first.</summary>
    public Task<List<QueueDepth>> QueueAsync(Guid tenantId, CancellationToken cancellationToken) => database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(DepthsSql) { Parameters = { Sql.Uuid(tenantId), Sql.Int(Limits.CountedQueue) } },
        reader => new QueueDepth((ExecutionPriority)reader.GetInt16(0), reader.GetInt32(1), reader.GetFieldValue<DateTimeOffset>(2)),
        cancellationToken);

    private const string LiveSql = """
        select
          (select count(*)::int from (select from executions e where e.tenant_id = $1 and e.status = 'queued' limit $2) q),
          (select count(*)::int from (select from executions e where e.lease_owner is not null and e.status = 'running' and e.tenant_id = $1 limit $2) q),
          (select count(*)::int from (select from executions e where e.tenant_id = $1 and e.status = 'waiting' limit $2) q),
          (select count(*)::int from (select from executions e where e.tenant_id = $1 and e.status = 'paused' limit $2) q),
          (select count(*)::int from (select from executions e where e.tenant_id = $1 and e.status = 'held' limit $2) q)
        """;

    public async Task<LiveCounts> LiveAsync(Guid tenantId, CancellationToken cancellationToken) => (await database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(LiveSql) { Parameters = { Sql.Uuid(tenantId), Sql.Int(Limits.CountedQueue) } },
        reader => new LiveCounts(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetInt32(4)),
        cancellationToken))[0];

    private const string WorkersSql = """
        select w.id, w.name, w.started_at, w.heartbeat_at, w.in_flight from workers w where w.status = 'active' order by w.started_at limit $1
        """;

    /// <summary>The processes that take executions at the moment, at most <paramref name="limit"/>.</summary>
    public Task<List<LiveWorker>> WorkersAsync(Guid tenantId, int limit, CancellationToken cancellationToken) => database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(WorkersSql) { Parameters = { Sql.Int(limit) } },
        reader => new LiveWorker(
            reader.GetGuid(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetFieldValue<DateTimeOffset>(3), reader.GetInt32(4)),
        cancellationToken);

    private const string WorkflowPerformanceSql = """
        select p.hour, p.trigger_type, p.status, p.bucket, sum(p.executions)::bigint, sum(p.total_ms)::bigint
        from workflow_performance p
        where p.tenant_id = $1 and p.workflow_id = $2 and p.hour >= $3 and p.hour < $4
        group by p.hour, p.trigger_type, p.status, p.bucket order by p.hour
        """;

    /// <summary>Ends of one workflow's executions from an hour on until another.</summary>
    public Task<List<PerformanceRow>> PerformanceAsync(
        Guid tenantId, Guid workflowId, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(WorkflowPerformanceSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(workflowId), Sql.Instant(from), Sql.Instant(to) } },
        ReadPerformance,
        cancellationToken);

    private const string TenantPerformanceSql = """
        select p.hour, p.trigger_type, p.status, p.bucket, sum(p.executions)::bigint, sum(p.total_ms)::bigint
        from workflow_performance p
        where p.tenant_id = $1 and p.hour >= $2 and p.hour < $3
        group by p.hour, p.trigger_type, p.status, p.bucket order by p.hour
        """;

    /// <summary>Ends of all executions of a tenant from an hour on until another.</summary>
    public Task<List<PerformanceRow>> PerformanceAsync(Guid tenantId, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(TenantPerformanceSql) { Parameters = { Sql.Uuid(tenantId), Sql.Instant(from), Sql.Instant(to) } },
        ReadPerformance,
        cancellationToken);

    private static PerformanceRow ReadPerformance(NpgsqlDataReader reader) => new(
        reader.GetFieldValue<DateTimeOffset>(0), reader.GetString(1), reader.GetString(2), reader.GetInt16(3), reader.GetInt64(4), reader.GetInt64(5));
}

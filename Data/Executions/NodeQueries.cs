using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>What one node of an execution did, over all its iterations and attempts.</summary>
/// <param name="Completed">Recorded attempts of this status; so are the next two.</param>
/// <param name="Retries">Attempts after the first of their iteration.</param>
/// <param name="Waiting">Iterations in which it waits now.</param>
/// <param name="FirstAt">When the first attempt began; null while it only waits.</param>
/// <param name="LastAt">When the last recorded attempt ended.</param>
/// <param name="P50Ms">Half of the attempts took at most so long.</param>
public sealed record NodeSummary(
    string NodeId,
    string? NodeType,
    int Completed,
    int Failed,
    int Cancelled,
    int Retries,
    int Waiting,
    DateTimeOffset? FirstAt,
    DateTimeOffset? LastAt,
    double? P50Ms,
    double? MaxMs);

/// <summary>A failure that was not made good, and how many there are from it on.</summary>
public sealed record FailedIteration(
    string Iteration, int Attempt, int Sequence, byte[]? Error, DateTimeOffset FinishedAt, int Remaining);

/// <summary>
/// Adds up the steps of one execution by node: reads each step of it once, and of failures only those of the node.
/// </summary>
public sealed class NodeQueries(WorkflowsDatabase database)
{
    private const string NodesSql = """
        with done as (
          select s.node_id, min(s.node_type) as node_type,
            count(*) filter (where s.status = 'completed')::int as completed,
            count(*) filter (where s.status = 'failed')::int as failed,
            count(*) filter (where s.status = 'cancelled')::int as cancelled,
            count(*) filter (where s.attempt > 1)::int as retries,
            min(s.started_at) as first_at, max(s.finished_at) as last_at,
            percentile_disc(0.5) within group (order by s.finished_at - s.started_at) as p50,
            max(s.finished_at - s.started_at) as longest, min(s.sequence) as first
          from step_executions s where s.tenant_id = $1 and s.execution_id = $2
          group by s.node_id
        ),
        open as (
          select w.node_id, count(*)::int as waiting from waits w
          where w.tenant_id = $1 and w.execution_id = $2 and w.status = 'open' group by w.node_id
        )
        select coalesce(d.node_id, o.node_id), d.node_type, coalesce(d.completed, 0), coalesce(d.failed, 0),
          coalesce(d.cancelled, 0), coalesce(d.retries, 0), coalesce(o.waiting, 0), d.first_at, d.last_at,
          date_part('epoch', d.p50) * 1000, date_part('epoch', d.longest) * 1000
        from done d full join open o on o.node_id = d.node_id
        order by d.first nulls last, 1
        """;

    /// <summary>Nodes that have done something or wait, in the order in which they first did.</summary>
    public Task<List<NodeSummary>> ListAsync(
        Guid tenantId, Guid executionId, CancellationToken cancellationToken) => database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(NodesSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(executionId) } },
        reader => new NodeSummary(
            reader.GetString(0),
            reader.IsDBNull(1) ? null : reader.GetString(1),
            reader.GetInt32(2),
            reader.GetInt32(3),
            reader.GetInt32(4),
            reader.GetInt32(5),
            reader.GetInt32(6),
            reader.IsDBNull(7) ? null : reader.GetFieldValue<DateTimeOffset>(7),
            reader.IsDBNull(8) ? null : reader.GetFieldValue<DateTimeOffset>(8),
            reader.IsDBNull(9) ? null : reader.GetDouble(9),
            reader.IsDBNull(10) ? null : reader.GetDouble(10)),
        cancellationToken);

    // Iterations are paths of numbers, and 10 comes after 9.
    private const string NextFailedSql = """
        select s.iteration, s.attempt, s.sequence, s.error, s.finished_at, f.remaining
        from (
          select x.iteration, x.attempt, count(*) over ()::int as remaining
          from step_executions x
          where x.tenant_id = $1 and x.execution_id = $2 and x.node_id = $3 and x.status = 'failed'
            and ($4::int[] is null or string_to_array(x.iteration, '/')::int[] > $4)
            and not exists (
              select from step_executions l
              where l.tenant_id = $1 and l.execution_id = $2 and l.node_id = $3 and l.iteration = x.iteration
                and l.attempt > x.attempt)
          order by string_to_array(x.iteration, '/')::int[] limit 1
        ) f
        join step_executions s on s.tenant_id = $1 and s.execution_id = $2 and s.node_id = $3
          and s.iteration = f.iteration and s.attempt = f.attempt
        """;

    /// <summary>The first iteration in which the node failed and was not made good by a later attempt.</summary>
    /// <param name="after">Behind this iteration; null = from the start.</param>
    public async Task<FailedIteration?> NextFailedAsync(
        Guid tenantId, Guid executionId, string nodeId, int[]? after,
        CancellationToken cancellationToken) => (await database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(NextFailedSql)
        {
            Parameters = { Sql.Uuid(tenantId), Sql.Uuid(executionId), Sql.Text(nodeId), Sql.IntsOrNull(after) },
        },
        reader => new FailedIteration(
            reader.GetString(0),
            reader.GetInt32(1),
            reader.GetInt32(2),
            reader.IsDBNull(3) ? null : reader.GetFieldValue<byte[]>(3),
            reader.GetFieldValue<DateTimeOffset>(4),
            reader.GetInt32(5)),
        cancellationToken)).SingleOrDefault();
}

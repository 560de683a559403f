using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Numbers;

/// <summary>How one workflow did over a time, from the sums that are kept by hour.</summary>
/// <param name="P95Ms">To 10 %; null without executions.</param>
public sealed record WorkflowFigures(
    Guid WorkflowId, string? Name, long Executions, long Completed, long Failed, long TimedOut, long Cancelled,
    double? SuccessRate, double? AverageMs, double? P50Ms, double? P95Ms, DateTimeOffset LastHour);

/// <summary>How one node of a workflow did in the executions looked at.</summary>
/// <param name="ShareOfTime">Of all that the nodes of these executions took.</param>
/// <param name="AverageBytes">Of the outputs.</param>
public sealed record NodeFigures(
    string NodeId, string NodeType, int Attempts, int Failed, int Retries, double AverageMs, double P50Ms, double P95Ms,
    double MaxMs, double ShareOfTime, double? AverageBytes);

/// <summary>
/// Numbers for people: of workflows from <c>workflow_performance</c>, which is kept as executions end; of nodes from a
/// bounded number of the newest executions. Neither reads the history.
/// </summary>
public sealed class AnalyticsQueries(WorkflowsDatabase database)
{
    // A range of durations is a quarter of a doubling wide; its middle stands for it.
    private const string WorkflowsSql = """
        with sums as (
          select p.workflow_id, p.bucket, sum(p.executions) as n,
            sum(p.executions) filter (where p.status = 'completed') as completed,
            sum(p.executions) filter (where p.status = 'failed') as failed,
            sum(p.executions) filter (where p.status = 'timed_out') as timed_out,
            sum(p.executions) filter (where p.status = 'cancelled') as cancelled,
            sum(p.total_ms) as total_ms, max(p.hour) as last_hour
          from workflow_performance p
          where p.tenant_id = $1 and p.hour >= $2 and p.hour < $3
            and ($4::text is null or p.trigger_type = $4)
            and ($5::uuid is null or exists (
              select from workflows w join jobs j on j.tenant_id = $1 and j.id = w.job_id
              join folders f on f.tenant_id = $1 and f.id = j.folder_id
              where w.tenant_id = $1 and w.id = p.workflow_id and f.workspace_id = $5))
          group by 1, 2
        ),
        ranked as (
          select s.*, sum(s.n) over (partition by s.workflow_id order by s.bucket) as upto,
            sum(s.n) over (partition by s.workflow_id) as all_n
          from sums s
        ),
        figures as (
          select r.workflow_id, sum(r.n)::bigint as n, coalesce(sum(r.completed), 0)::bigint as completed,
            coalesce(sum(r.failed), 0)::bigint as failed, coalesce(sum(r.timed_out), 0)::bigint as timed_out,
            coalesce(sum(r.cancelled), 0)::bigint as cancelled, sum(r.total_ms)::float8 / sum(r.n)::float8 as average,
            min(r.bucket) filter (where r.upto >= ceil(r.all_n * 0.5)) as p50,
            min(r.bucket) filter (where r.upto >= ceil(r.all_n * 0.95)) as p95, max(r.last_hour) as last_hour
          from ranked r group by 1
        )
        select f.workflow_id, w.name, f.n, f.completed, f.failed, f.timed_out, f.cancelled,
          f.completed::float8 / nullif(f.n - f.cancelled, 0), f.average, round(power(2, (f.p50 + 0.5) / 4)::numeric,
            1)::float8,
          round(power(2, (f.p95 + 0.5) / 4)::numeric, 1)::float8, f.last_hour
        from figures f left join workflows w on w.tenant_id = $1 and w.id = f.workflow_id
        order by case $6
          when 'failures' then (f.failed + f.timed_out)::float8
          when 'failure_rate' then (f.failed + f.timed_out)::float8 / nullif(f.n - f.cancelled, 0)
          when 'p95' then f.p95::float8
          when 'total_time' then f.average * f.n
          else f.n::float8 end desc nulls last, f.workflow_id
        limit $7
        """;

    /// <summary>Workflows by one of their figures, the largest first.</summary>
    /// <param name="sort">executions, failures, failure_rate, p95 or total_time.</param>
    public Task<List<WorkflowFigures>> WorkflowsAsync(
        Guid tenantId, DateTimeOffset from, DateTimeOffset to, string? triggerType, Guid? workspaceId, string sort,
        int limit, CancellationToken cancellationToken) => database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(WorkflowsSql)
        {
            Parameters =
            {
                Sql.Uuid(tenantId), Sql.Instant(from), Sql.Instant(to), Sql.Text(triggerType),
                Sql.UuidOrNull(workspaceId), Sql.Text(sort), Sql.Int(limit),
            },
        },
        reader => new WorkflowFigures(
            reader.GetGuid(0), reader.MaybeText(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4),
            reader.GetInt64(5), reader.GetInt64(6), reader.Maybe<double>(7), reader.Maybe<double>(8),
            reader.Maybe<double>(9), reader.Maybe<double>(10), reader.GetFieldValue<DateTimeOffset>(11)),
        cancellationToken);

    private const string NodesSql = """
        with newest as (
          select e.id from executions e
          where e.tenant_id = $1 and e.workflow_id = $2 and e.finished_at is not null and e.trigger_type <> 'test'
          order by e.id desc limit $3
        ),
        steps as (
          select s.node_id, s.node_type, s.status, s.attempt, octet_length(s.output::text) as bytes,
            date_part('epoch', s.finished_at - s.started_at) * 1000 as ms
          from newest n cross join lateral (
            select x.* from step_executions x where x.tenant_id = $1 and x.execution_id = n.id limit $4
          ) s
        )
        select s.node_id, min(s.node_type), count(*)::int, count(*) filter (where s.status = 'failed')::int,
          count(*) filter (where s.attempt > 1)::int, avg(s.ms), percentile_disc(0.5) within group (order by s.ms),
          percentile_disc(0.95) within group (order by s.ms), max(s.ms),
          coalesce(sum(s.ms) / nullif((select sum(t.ms) from steps t), 0), 0), avg(s.bytes)::float8,
          (select count(*)::int from newest)
        from steps s group by s.node_id order by sum(s.ms) desc, s.node_id
        """;

    /// <summary>Nodes by the time that they took together, and over how many executions.</summary>
    /// <param name="last">The newest executions that have ended.</param>
    public async Task<(IReadOnlyList<NodeFigures> Nodes, int Executions)> NodesAsync(
        Guid tenantId, Guid workflowId, int last, CancellationToken cancellationToken)
    {
        var executions = 0;
        var rows = await database.ReadHotAsync(
            tenantId,
            new NpgsqlBatchCommand(NodesSql)
            {
                Parameters =
                {
                    Sql.Uuid(tenantId), Sql.Uuid(workflowId), Sql.Int(last), Sql.Int(Limits.StepsPerFigured),
                },
            },
            reader =>
            {
                executions = reader.GetInt32(11);
                return new NodeFigures(
                    reader.GetString(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3),
                        reader.GetInt32(4),
                    reader.GetDouble(5), reader.GetDouble(6), reader.GetDouble(7), reader.GetDouble(8),
                    reader.GetDouble(9), reader.Maybe<double>(10));
            },
            cancellationToken);
        return (rows, executions);
    }
}

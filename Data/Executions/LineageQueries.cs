using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>One execution or event related to another execution.</summary>
/// <param name="Relation">parent, child, origin (rerun of), rerun, cause (the event that started it), emitted (an event of it) or started (by an event of it).</param>
/// <param name="Distance">Steps away, from 1.</param>
/// <param name="ExecutionId">Null for events.</param>
/// <param name="EventId">Null for executions.</param>
/// <param name="Name">The node that started a child or emitted an event; null for others.</param>
public sealed record Relative(string Relation, int Distance, Guid? ExecutionId, Guid? EventId, Guid? WorkflowId, string? Status, string? Name);

/// <summary>Where an execution comes from and what came of it. Bounded in depth and number; by indexes only.</summary>
public sealed class LineageQueries(WorkflowsDatabase database)
{
    private const string RelativesSql = """
        with recursive parents as (
          select e.parent_execution_id as id, 1 as distance from executions e where e.tenant_id = $1 and e.id = $2 and e.parent_execution_id is not null
          union all
          select e.parent_execution_id, p.distance + 1 from parents p
          join executions e on e.tenant_id = $1 and e.id = p.id where e.parent_execution_id is not null and p.distance < $3
        ),
        origins as (
          select e.forked_from as id, 1 as distance from executions e where e.tenant_id = $1 and e.id = $2 and e.forked_from is not null
          union all
          select e.forked_from, o.distance + 1 from origins o
          join executions e on e.tenant_id = $1 and e.id = o.id where e.forked_from is not null and o.distance < $3
        ),
        children as (
          select c.id, 1 as distance, c.parent_node_id as name from executions c where c.tenant_id = $1 and c.parent_execution_id = $2
          union all
          select c.id, p.distance + 1, c.parent_node_id from children p
          join executions c on c.tenant_id = $1 and c.parent_execution_id = p.id where p.distance < $3
        ),
        reruns as (
          select r.id, 1 as distance from executions r where r.tenant_id = $1 and r.forked_from = $2
          union all
          select r.id, p.distance + 1 from reruns p join executions r on r.tenant_id = $1 and r.forked_from = p.id where p.distance < $3
        ),
        cause as (
          select d.id from executions e
          join event_dedupe d on d.tenant_id = $1 and d.source = e.trigger #>> '{event,source}' and d.event_id = e.trigger #>> '{event,id}'
          where e.tenant_id = $1 and e.id = $2 and e.trigger ? 'event'
        ),
        emitted as (
          select d.id, s.node_id as name
          from step_executions s
          join event_dedupe d on d.tenant_id = $1 and d.source = s.output ->> 'source' and d.event_id = s.output ->> 'id'
          where s.tenant_id = $1 and s.execution_id = $2 and s.node_type = 'emitEvent' and s.status = 'completed'
          limit $4
        ),
        executions_found as (
          (select 'parent' as relation, p.distance, p.id, null::uuid as event_id, null::text as name from parents p)
          union all
          (select 'origin', o.distance, o.id, null, null from origins o)
          union all
          (select 'child', c.distance, c.id, null, c.name from children c limit $4)
          union all
          (select 'rerun', r.distance, r.id, null, null from reruns r limit $4)
          union all
          (select 'started', 1, m.execution_id, m.event_id, null from emitted e
           join event_matches m on m.tenant_id = $1 and m.event_id = e.id and m.matched and m.target like 'trigger:%' limit $4)
        )
        select f.relation, f.distance, f.id, f.event_id, e.workflow_id, e.status, f.name
        from executions_found f left join executions e on e.tenant_id = $1 and e.id = f.id
        union all
        select 'cause', 1, null, c.id, null, null, null from cause c
        union all
        select 'emitted', 1, null, e.id, null, null, e.name from emitted e
        """;

    /// <summary>Relatives of one execution in both directions: chains to a depth of <see cref="Limits.LineageDepth"/>, of each kind at most <see cref="Limits.LineageRelatives"/>.</summary>
    public async Task<IReadOnlyList<Relative>> FindAsync(Guid tenantId, Guid executionId, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(RelativesSql)
        {
            Parameters = { Sql.Uuid(tenantId), Sql.Uuid(executionId), Sql.Int(Limits.LineageDepth), Sql.Int(Limits.LineageRelatives) },
        };
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantScope.SetTenant(tenantId), command } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var relatives = new List<Relative>();
        while (await reader.ReadAsync(cancellationToken))
        {
            relatives.Add(new Relative(
                reader.GetString(0),
                reader.GetInt32(1),
                reader.IsDBNull(2) ? null : reader.GetGuid(2),
                reader.IsDBNull(3) ? null : reader.GetGuid(3),
                reader.IsDBNull(4) ? null : reader.GetGuid(4),
                reader.IsDBNull(5) ? null : reader.GetString(5),
                reader.IsDBNull(6) ? null : reader.GetString(6)));
        }

        return relatives;
    }
}

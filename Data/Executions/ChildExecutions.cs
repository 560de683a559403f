using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>An execution to be started by the wait that <see cref="Parent"/> names.</summary>
/// <param name="Id">Chosen once, with the wait: a checkpoint that is sent again names the same child.</param>
/// <param name="WorkflowId">By id; else by <paramref name="WorkflowName"/>.</param>
/// <param name="Version">Null = the published one.</param>
/// <param name="Trigger">JSON with <c>mode</c> (wait or fire) and <c>depth</c>.</param>
public sealed record ChildStart(
    WaitKey Parent, Guid Id, Guid? WorkflowId, string WorkflowName, int? Version, byte[] Input, byte[] Trigger, bool IsAwaited);

/// <summary>
/// Parents and children, as statements of the checkpoint. Guarantees: a child is inserted in the transaction that opens its parent's wait, and the wait is resolved in
/// the transaction that ends the child; so whoever dies when, a started child is found and an ended one is heard of, once. A child that cannot be started
/// resolves the wait with the reason. The parent may be owned by anybody, waiting or paused: its wake count is raised, as by every wake-up.
/// Lock order: waits, then executions; parents before their children, which are younger.
/// </summary>
internal static class ChildExecutions
{
    private const string StartSql = """
        with wanted as (
          select c.*, p.priority, p.correlation_id, o.job_id
          from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::uuid[], $8::uuid[], $9::text[], $10::int[], $11::jsonb[], $12::jsonb[], $13::boolean[])
            as c (tenant_id, parent_id, node_id, iteration, attempt, id, workflow_id, workflow_name, version, input, trigger, is_awaited)
          join executions p on p.tenant_id = c.tenant_id and p.id = c.parent_id and p.lease_owner = $1
          join waits w on w.tenant_id = c.tenant_id and w.execution_id = c.parent_id and w.node_id = c.node_id and w.iteration = c.iteration
            and w.attempt = c.attempt and w.kind = 'child' and w.status = 'open'
          left join workflows o on o.tenant_id = p.tenant_id and o.id = p.workflow_id
        ),
        found as (
          select c.*, t.id as found_id, v.number as found_version,
            case when t.id is null then 'WORKFLOW_NOT_FOUND'
                 when t.candidates > 1 and t.job_id is distinct from c.job_id then 'WORKFLOW_AMBIGUOUS'
                 when not t.enabled then 'WORKFLOW_DISABLED'
                 when coalesce(nullif(c.version, 0), t.published_version) is null then 'WORKFLOW_NOT_PUBLISHED'
                 when v.number is null then 'WORKFLOW_VERSION_NOT_FOUND' end as refusal
          from wanted c
          left join lateral (
            select x.*, count(*) over () as candidates
            from (
              select w.id, w.job_id, w.enabled, w.published_version from workflows w
              where w.tenant_id = c.tenant_id and w.id = c.workflow_id and w.deleted_at is null
              union all
              select w.id, w.job_id, w.enabled, w.published_version from workflows w
              where c.workflow_id is null and w.tenant_id = c.tenant_id and lower(w.name) = lower(c.workflow_name) and w.deleted_at is null
            ) x
            order by x.job_id is not distinct from c.job_id desc, x.id
            limit 1
          ) t on true
          left join workflow_versions v on v.tenant_id = c.tenant_id and v.workflow_id = t.id and v.number = coalesce(nullif(c.version, 0), t.published_version)
        ),
        started as (
          insert into executions
            (tenant_id, id, workflow_id, version, priority, trigger_type, trigger, correlation_id, parent_execution_id, parent_node_id, parent_iteration, parent_attempt,
             input, queued_at)
          select f.tenant_id, f.id, f.found_id, f.found_version, f.priority, 'sub_workflow', f.trigger, f.correlation_id, f.parent_id, f.node_id, f.iteration, f.attempt,
            f.input, now()
          from found f where f.refusal is null
          on conflict do nothing
          returning tenant_id, id, status, priority, lease_owner
        ),
        resolved as (
          update waits w
          set status = 'resolved', outcome = 'answered', resolved_at = now(),
              payload = case when f.refusal is null then jsonb_build_object('status', 'started', 'executionId', f.id)
                else jsonb_build_object('status', 'refused', 'error', jsonb_build_object('code', f.refusal, 'message',
                  format('The workflow ''%s'' cannot be started.', coalesce(f.workflow_id::text, f.workflow_name)))) end
          from found f
          where (f.refusal is not null or not f.is_awaited) and w.tenant_id = f.tenant_id and w.execution_id = f.parent_id and w.node_id = f.node_id
            and w.iteration = f.iteration and w.attempt = f.attempt and w.status = 'open'
          returning w.tenant_id, w.execution_id
        ),
        woken as (
          update executions e set wakes = e.wakes + 1
          from (select distinct tenant_id, execution_id from resolved order by tenant_id, execution_id) r
          where e.tenant_id = r.tenant_id and e.id = r.execution_id
          returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        )
        select s.tenant_id, s.id, s.status, s.priority, s.lease_owner from started s
        union all
        select w.tenant_id, w.id, w.status, w.priority, w.lease_owner from woken w
        """;

    /// <summary>Starts children whose waits were opened by a statement before this one. Answers what was woken, as five columns.</summary>
    public static NpgsqlBatchCommand Start(Guid workerId, List<ChildStart> children)
    {
        var command = new NpgsqlBatchCommand(StartSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        AddKeys(command, children.ConvertAll(child => child.Parent));
        command.Parameters.Add(Sql.Uuids(children, child => child.Id));
        command.Parameters.Add(Sql.UuidsOrNull(children, child => child.WorkflowId));
        command.Parameters.Add(Sql.Texts(children, child => child.WorkflowName));
        command.Parameters.Add(Sql.Ints(children, child => child.Version ?? 0));
        command.Parameters.Add(Sql.Jsons(children, child => child.Input));
        command.Parameters.Add(Sql.Jsons(children, child => child.Trigger));
        command.Parameters.Add(new NpgsqlParameter<bool[]> { TypedValue = [.. children.Select(child => child.IsAwaited)] });
        return command;
    }

    // Only of executions that this worker still owns under their fence: the statement that ends them comes after this one and asks the same.
    private const string ResolveParentsSql = """
        with ended as (
          select c.tenant_id, c.parent_execution_id as execution_id, c.parent_node_id as node_id, c.parent_iteration as iteration, c.parent_attempt as attempt,
            jsonb_build_object('executionId', c.id, 'status', f.status) || case when f.status = 'completed'
              then jsonb_build_object('output', f.output) else jsonb_build_object('error', f.error) end as payload
          from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::jsonb[], $7::jsonb[]) as f (tenant_id, id, fence, status, output, error)
          join executions c on c.tenant_id = f.tenant_id and c.id = f.id and c.fence = f.fence and c.lease_owner = $1
          where c.parent_execution_id is not null
          order by c.tenant_id, c.parent_execution_id, c.parent_node_id, c.parent_iteration
        ),
        resolved as (
          update waits w set status = 'resolved', outcome = 'answered', payload = x.payload, resolved_at = now()
          from ended x
          where w.tenant_id = x.tenant_id and w.execution_id = x.execution_id and w.node_id = x.node_id and w.iteration = x.iteration
            and w.attempt = x.attempt and w.kind = 'child' and w.status = 'open'
          returning w.tenant_id, w.execution_id
        )
        update executions e
        set wakes = e.wakes + 1,
            status = case when e.status = 'waiting' then 'queued' else e.status end,
            queued_at = case when e.status = 'waiting' then now() else e.queued_at end
        from (select distinct tenant_id, execution_id from resolved order by tenant_id, execution_id) r
        where e.tenant_id = r.tenant_id and e.id = r.execution_id and e.finished_at is null
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    /// <summary>Tells parents of the end of their children; before the statement that ends them. Answers what was woken.</summary>
    public static NpgsqlBatchCommand ResolveParents(Guid workerId, List<FinishedExecution> children)
    {
        var command = new NpgsqlBatchCommand(ResolveParentsSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(children, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(children, row => row.Key.Id));
        command.Parameters.Add(Sql.Longs(children, row => row.Fence));
        command.Parameters.Add(Sql.Texts(children, row => row.Status));
        command.Parameters.Add(Sql.Jsons(children, row => row.Output));
        command.Parameters.Add(Sql.Jsons(children, row => row.Error));
        return command;
    }

    // An empty node means every child that the execution waits for.
    private const string CancelSql = """
        update executions e
        set stop_request = 'cancel', stop_reason = 'Nobody waits for it any more.', wakes = e.wakes + 1,
            status = case when e.status in ('waiting', 'paused', 'held') then 'queued' else e.status end,
            queued_at = case when e.status in ('waiting', 'paused', 'held') then now() else e.queued_at end
        from (
          select c.tenant_id, c.id
          from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[]) as k (tenant_id, execution_id, node_id, iteration, attempt)
          join executions c on c.tenant_id = k.tenant_id and c.parent_execution_id = k.execution_id
            and (k.node_id = '' or (c.parent_node_id = k.node_id and c.parent_iteration = k.iteration and c.parent_attempt = k.attempt))
          where c.finished_at is null and c.trigger ->> 'mode' = 'wait'
          order by c.tenant_id, c.id
        ) x
        where e.tenant_id = x.tenant_id and e.id = x.id and e.finished_at is null and e.stop_request is distinct from 'cancel'
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    /// <summary>Asks children to stop whose waits are given up. Answers what was woken.</summary>
    public static NpgsqlBatchCommand Cancel(List<WaitKey> waits)
    {
        var command = new NpgsqlBatchCommand(CancelSql);
        AddKeys(command, waits);
        return command;
    }

    private static void AddKeys(NpgsqlBatchCommand command, List<WaitKey> waits)
    {
        command.Parameters.Add(Sql.Uuids(waits, wait => wait.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(waits, wait => wait.Key.Id));
        command.Parameters.Add(Sql.Texts(waits, wait => wait.NodeId));
        command.Parameters.Add(Sql.Texts(waits, wait => wait.Iteration));
        command.Parameters.Add(Sql.Ints(waits, wait => wait.Attempt));
    }
}

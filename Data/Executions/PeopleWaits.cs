using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>
/// The part of a checkpoint that concerns waits for people and callers. Guarantees: an approval's request, assignees and tasks are written in the transaction that
/// opens its wait, once, and only while the worker owns the execution; a call that came before its wait was open resolves it in that transaction; a request that nobody
/// could ever decide ends at once. How requests end is not here: a trigger on waits sees to it on every path.
/// </summary>
internal static class PeopleWaits
{
    // Names become ids here, so that a renamed group or a changed address leaves the request where it is. What nobody bears is kept to be shown.
    private const string OpenSql = """
        with asked as (
          select o.id, w.*, e.workflow_id, e.created_by
          from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::uuid[]) as o (tenant_id, execution_id, node_id, iteration, attempt, id)
          join waits w on w.tenant_id = o.tenant_id and w.execution_id = o.execution_id and w.node_id = o.node_id
            and w.iteration = o.iteration and w.attempt = o.attempt and w.status = 'open'
          join executions e on e.tenant_id = o.tenant_id and e.id = o.execution_id and e.lease_owner = $1
        ),
        named as materialized (
          select a.tenant_id, a.id, k.kind, n.name, find_principal(a.tenant_id, k.kind, n.name) as principal_id
          from asked a
          cross join (values ('user', 'users'), ('group', 'groups'), ('role', 'roles')) as k (kind, member)
          cross join lateral jsonb_array_elements_text(a.request -> k.member) as n (name)
        ),
        opened as (
          insert into approval_requests
            (tenant_id, id, execution_id, workflow_id, node_id, iteration, attempt, title, description, mode, required, excluded_user_id, unknown_assignees,
             due_at, expires_at, form, data, escalation, created_at)
          select a.tenant_id, a.id, a.execution_id, a.workflow_id, a.node_id, a.iteration, a.attempt, a.request ->> 'title', a.request ->> 'description',
            a.request ->> 'mode', (a.request ->> 'count')::int,
            case when not (a.request ->> 'allowSelfApproval')::boolean then find_principal(a.tenant_id, 'user', a.created_by) end,
            array(select n.kind || ':' || n.name from named n where n.tenant_id = a.tenant_id and n.id = a.id and n.principal_id is null),
            a.created_at + make_interval(secs => (a.request ->> 'dueSeconds')::float8), a.due_at, nullif(a.request -> 'form', 'null'), nullif(a.request -> 'data', 'null'),
            a.request -> 'escalation', a.created_at
          from asked a
          on conflict do nothing
          returning tenant_id, id
        ),
        addressed as (
          insert into approval_assignees (tenant_id, request_id, kind, principal_id, created_at)
          select distinct n.tenant_id, n.id, n.kind, n.principal_id, now()
          from opened o join named n on n.tenant_id = o.tenant_id and n.id = o.id
          where n.principal_id is not null
          on conflict do nothing
        )
        insert into approval_tasks (tenant_id, request_id, kind, due_at, every_seconds, remaining)
        select o.tenant_id, o.id, t.kind, a.created_at + make_interval(secs => t.after), case when t.kind = 'remind' then t.after end, t.times
        from opened o
        join asked a on a.tenant_id = o.tenant_id and a.id = o.id
        cross join lateral (values
          ('announce', 0::float8, 1),
          ('remind', (a.request ->> 'reminderSeconds')::float8, (a.request ->> 'maxReminders')::int),
          ('escalate', case when a.request ? 'escalation' then (a.request ->> 'escalationSeconds')::float8 end, 1)) as t (kind, after, times)
        where t.after is not null
        on conflict do nothing
        """;

    /// <summary>After the waits were inserted.</summary>
    public static void AddOpened(Round round, Guid workerId, List<WaitRow> opened)
    {
        var approvals = opened.FindAll(wait => wait.Kind == "approval");
        if (approvals.Count == 0)
        {
            return;
        }

        var command = new NpgsqlBatchCommand(OpenSql);
        AddKeys(command, workerId, approvals);
        command.Parameters.Add(Sql.Uuids(approvals, wait => Guid.CreateVersion7(wait.CreatedAt)));
        round.Add(command);
    }

    private const string EndUnassignedSql = $"""
        with ended as (
          update waits w
          set status = 'resolved', outcome = 'answered', resolved_at = now(), payload = approval_result(r.tenant_id, r.id, 'unassigned')
          from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[]) as o (tenant_id, execution_id, node_id, iteration, attempt)
          join approval_requests r on r.tenant_id = o.tenant_id and r.execution_id = o.execution_id and r.node_id = o.node_id
            and r.iteration = o.iteration and r.attempt = o.attempt and r.status = 'open'
          where w.tenant_id = o.tenant_id and w.execution_id = o.execution_id and w.node_id = o.node_id
            and w.iteration = o.iteration and w.attempt = o.attempt and w.status = 'open'
            and not exists (select from approval_assignees a where a.tenant_id = r.tenant_id and a.request_id = r.id)
          returning w.tenant_id, w.execution_id
        )
        update executions e set {StateRules.Wake}
        from (select distinct tenant_id, execution_id from ended order by tenant_id, execution_id) x
        where e.tenant_id = x.tenant_id and e.id = x.execution_id and e.lease_owner = $1
        """;

    // Held until the commit by whoever opens a wait or brings its call: so one of the two sees the other.
    private const string HoldCallsSql = """
        select count(pg_advisory_xact_lock(callback_lock(o.execution_id, o.node_id, o.iteration)))
        from (select * from unnest($1::uuid[], $2::text[], $3::text[]) as k (execution_id, node_id, iteration) order by 1, 2, 3) o
        """;

    private const string TakeCallsSql = $"""
        with called as (
          delete from callback_calls c
          using unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[]) as o (tenant_id, execution_id, node_id, iteration, attempt)
          join executions e on e.tenant_id = o.tenant_id and e.id = o.execution_id and e.lease_owner = $1
          where c.tenant_id = o.tenant_id and c.execution_id = o.execution_id and c.node_id = o.node_id and c.iteration = o.iteration
          returning c.tenant_id, c.execution_id, c.node_id, c.iteration, o.attempt, c.call
        ),
        answered as (
          update waits w set status = 'resolved', outcome = 'answered', payload = c.call, resolved_at = now()
          from called c
          where w.tenant_id = c.tenant_id and w.execution_id = c.execution_id and w.node_id = c.node_id
            and w.iteration = c.iteration and w.attempt = c.attempt and w.status = 'open'
          returning w.tenant_id, w.execution_id
        )
        update executions e set {StateRules.Wake}
        from (select distinct tenant_id, execution_id from answered order by tenant_id, execution_id) x
        where e.tenant_id = x.tenant_id and e.id = x.execution_id and e.lease_owner = $1
        """;

    /// <summary>
    /// After all waits were opened and closed, before executions park: what resolved at once raises <c>wakes</c>, which turns the parking into a return to the queue.
    /// </summary>
    public static void AddResolvedAtOnce(Round round, Guid workerId, List<WaitRow> opened)
    {
        if (opened.FindAll(wait => wait.Kind == "approval") is { Count: > 0 } approvals)
        {
            var command = new NpgsqlBatchCommand(EndUnassignedSql);
            AddKeys(command, workerId, approvals);
            round.Add(command);
        }

        if (opened.FindAll(wait => wait.Kind == "webhook") is { Count: > 0 } callbacks)
        {
            var hold = new NpgsqlBatchCommand(HoldCallsSql);
            hold.Parameters.Add(Sql.Uuids(callbacks, wait => wait.Key.Id));
            hold.Parameters.Add(Sql.Texts(callbacks, wait => wait.NodeId));
            hold.Parameters.Add(Sql.Texts(callbacks, wait => wait.Iteration));
            round.AddCall(hold);
            var take = new NpgsqlBatchCommand(TakeCallsSql);
            AddKeys(take, workerId, callbacks);
            round.Add(take);
        }
    }

    private static void AddKeys(NpgsqlBatchCommand command, Guid workerId, List<WaitRow> waits)
    {
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(waits, wait => wait.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(waits, wait => wait.Key.Id));
        command.Parameters.Add(Sql.Texts(waits, wait => wait.NodeId));
        command.Parameters.Add(Sql.Texts(waits, wait => wait.Iteration));
        command.Parameters.Add(Sql.Ints(waits, wait => wait.Attempt));
    }
}

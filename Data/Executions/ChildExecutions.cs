using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>An execution to be started by the wait that <see cref="Parent"/> names.</summary>
/// <param name="Id">Chosen once, with the wait: a checkpoint that is sent again names the same child.</param>
/// <param name="WorkflowId">By id; else by <paramref name="WorkflowName"/>.</param>
/// <param name="Version">Null = the published one.</param>
/// <param name="Trigger">JSON with <c>mode</c> (wait or fire) and <c>depth</c>.</param>
public sealed record ChildStart(
    WaitKey Parent, Guid Id, Guid? WorkflowId, string WorkflowName, int? Version, byte[] Input, byte[] Trigger, bool IsAwaited)
{
    /// <summary>The execution above it that no other started; null = the one that starts it.</summary>
    public Guid? RootId { get; init; }

    /// <summary>How many executions may be started below the root, directly or through one another.</summary>
    public int MaxDescendants { get; init; } = Engine.Limits.DescendantsByDefault;

    /// <summary>The limit that it falls under; worked out when the checkpoint is written.</summary>
    internal ConcurrencyClaim? Claim { get; init; }

    /// <summary>Why the limit cannot be worked out.</summary>
    internal string? Problem { get; init; }
}

/// <summary>
/// Parents and children, as statements of the checkpoint. Guarantees: a child is inserted in the transaction that opens its parent's wait, and the wait is resolved in
/// the transaction that ends the child; so whoever dies when, a started child is found and an ended one is heard of, once. A child that cannot be started
/// resolves the wait with the reason. The parent may be owned by anybody, waiting or paused: its wake count is raised, as by every wake-up.
/// Lock order: concurrency keys, waits, then executions; parents before their children, which are younger.
/// </summary>
internal static class ChildExecutions
{
    // As StartSql finds them. An ambiguous name is left to it.
    private const string LimitedSql = """
        select c.place::int, t.id, s.settings::text
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[]) with ordinality as c (tenant_id, parent_id, workflow_id, workflow_name, version, place)
        join executions p on p.tenant_id = c.tenant_id and p.id = c.parent_id
        left join workflows o on o.tenant_id = p.tenant_id and o.id = p.workflow_id
        cross join lateral (
          select x.*, count(*) over () as candidates
          from (
            select w.id, w.job_id, w.start_settings from workflows w
            where w.tenant_id = c.tenant_id and w.id = c.workflow_id and w.deleted_at is null
            union all
            select w.id, w.job_id, w.start_settings from workflows w
            where c.workflow_id is null and w.tenant_id = c.tenant_id and lower(w.name) = lower(c.workflow_name) and w.deleted_at is null
          ) x
          order by x.job_id is not distinct from o.job_id desc, x.id
          limit 1
        ) t
        left join workflow_versions v on c.version <> 0 and v.tenant_id = c.tenant_id and v.workflow_id = t.id and v.number = c.version
        cross join lateral (select case when c.version = 0 then t.start_settings else v.definition -> 'settings' end as settings) s
        where s.settings ?| '{concurrency,rateLimit}' and (t.candidates = 1 or t.job_id is not distinct from o.job_id)
        """;

    /// <summary>
    /// Works out the limits of <paramref name="children"/>, before the transaction that starts them: the key is an expression. What has a limit is named by its id from
    /// then on, so that the start means the same workflow. A checkpoint that starts no child never comes here.
    /// </summary>
    public static async Task<List<ChildStart>> WithClaimsAsync(NpgsqlConnection connection, List<ChildStart> children, CancellationToken cancellationToken)
    {
        if (children.Count == 0)
        {
            return children;
        }

        await using var command = new NpgsqlCommand(LimitedSql, connection);
        command.Parameters.Add(Sql.Uuids(children, child => child.Parent.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(children, child => child.Parent.Key.Id));
        command.Parameters.Add(Sql.UuidsOrNull(children, child => child.WorkflowId));
        command.Parameters.Add(Sql.Texts(children, child => child.WorkflowName));
        command.Parameters.Add(Sql.Ints(children, child => child.Version ?? 0));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var claimed = new List<ChildStart>(children);
        while (await reader.ReadAsync(cancellationToken))
        {
            var child = claimed[reader.GetInt32(0) - 1];
            var (claim, problem) = SlotClaims.Of(reader.GetString(2), child.Input);
            claimed[reader.GetInt32(0) - 1] = child with { WorkflowId = reader.GetGuid(1), Claim = claim, Problem = problem };
        }

        return claimed;
    }

    // An awaited child below a limit whose places are all held by those that await it would wait until a time-out: it is refused instead.
    // A child that was inserted by an earlier sending of this checkpoint is not admitted again: it would count against itself.
    private const string StartSql = $"""
        with wanted as (
          select c.*, p.priority, p.correlation_id, o.job_id
          from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::uuid[], $8::uuid[], $9::text[], $10::int[], $11::jsonb[], $12::jsonb[], $13::boolean[],
            $14::text[], $15::int[], $16::text[], $17::text[], $19::text[], $21::uuid[], $22::int[])
            as c (tenant_id, parent_id, node_id, iteration, attempt, id, workflow_id, workflow_name, version, input, trigger, is_awaited,
              concurrency_key, concurrency_limit, policy, problem, rate, root_id, max_descendants)
          join executions p on p.tenant_id = c.tenant_id and p.id = c.parent_id and p.lease_owner = $1
          join waits w on w.tenant_id = c.tenant_id and w.execution_id = c.parent_id and w.node_id = c.node_id and w.iteration = c.iteration
            and w.attempt = c.attempt and w.kind = 'child' and w.status = 'open'
          left join workflows o on o.tenant_id = p.tenant_id and o.id = p.workflow_id
        ),
        counted as (
          select w.tenant_id, w.root_id, w.id, row_number() over (partition by w.tenant_id, w.root_id
            order by w.id) as place,
            count(*) over (partition by w.tenant_id, w.root_id) as added
          from wanted w
          where not exists (select from executions x where x.tenant_id = w.tenant_id and x.id = w.id)
        ),
        families as (
          insert into execution_families as f (tenant_id, root_id, descendants, expires_at)
          select c.tenant_id, c.root_id, count(*), now() + $23::interval from counted c group by c.tenant_id, c.root_id
            order by c.tenant_id, c.root_id
          on conflict (tenant_id, root_id) do update
            set descendants = least(f.descendants::bigint + excluded.descendants, 2000000000)::int,
              expires_at = excluded.expires_at
          returning f.tenant_id, f.root_id, f.descendants
        ),
        found as (
          select c.*, t.id as found_id, v.number as found_version, a.holding,
            case when f.descendants - n.added + n.place > c.max_descendants then 'SUBWORKFLOW_TOO_MANY'
                 when t.id is null then 'WORKFLOW_NOT_FOUND'
                 when t.candidates > 1 and t.job_id is distinct from c.job_id then 'WORKFLOW_AMBIGUOUS'
                 when not t.enabled then 'WORKFLOW_DISABLED'
                 when coalesce(nullif(c.version, 0), t.published_version) is null then 'WORKFLOW_NOT_PUBLISHED'
                 when v.number is null then 'WORKFLOW_VERSION_NOT_FOUND'
                 when c.problem is not null then 'CONCURRENCY_KEY'
                 when a.holding >= c.concurrency_limit then 'CONCURRENCY_DEADLOCK' end as refusal
          from wanted c
          left join counted n on n.tenant_id = c.tenant_id and n.id = c.id
          left join families f on f.tenant_id = c.tenant_id and f.root_id = c.root_id
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
          left join lateral (
            with recursive chain as (
              select e.parent_execution_id, e.workflow_id, e.concurrency_key, e.trigger ->> 'mode' as mode, 1 as depth
              from executions e where e.tenant_id = c.tenant_id and e.id = c.parent_id
              union all
              select e.parent_execution_id, e.workflow_id, e.concurrency_key, e.trigger ->> 'mode', x.depth + 1
              from chain x join executions e on e.tenant_id = c.tenant_id and e.id = x.parent_execution_id
              where x.mode = 'wait' and x.depth <= $20
            )
            select count(*)::int as holding from chain x where x.workflow_id = t.id and x.concurrency_key = c.concurrency_key
          ) a on c.is_awaited and c.concurrency_key is not null
        ),
        limited as (
          select f.tenant_id, f.id, f.found_id as workflow_id, f.concurrency_key, f.concurrency_limit, f.policy, f.rate,
            row_number() over (order by f.tenant_id, f.id) as turn
          from found f
          where f.refusal is null and f.policy is not null and not exists (select from executions x where x.tenant_id = f.tenant_id and x.id = f.id)
        ),
        {StateRules.Admitted},
        decided as (
          select f.*, a.not_before, coalesce(a.status, 'queued') as admission,
            case when a.status = 'skipped' then 'CONCURRENCY_SKIPPED' else f.refusal end as refused,
            case when a.status = 'skipped' then format('The workflow ''%s'' was not started: %s.', f.workflow_name, $18::text)
              when f.refusal = 'SUBWORKFLOW_TOO_MANY' then format(
                'The workflow ''%s'' was not started: below execution %s at most %s executions may start one another '
                || '(settings.maxDescendants).',
                coalesce(f.workflow_name, f.workflow_id::text), f.root_id, f.max_descendants)
              when f.refusal = 'CONCURRENCY_DEADLOCK' then format(
                'The workflow ''%s'' would never start: all %s places of its concurrency limit are held by %s of the executions that wait for it.',
                coalesce(f.workflow_name, f.workflow_id::text), f.concurrency_limit, f.holding)
              else coalesce(f.problem, format('The workflow ''%s'' cannot be started.', coalesce(f.workflow_id::text, f.workflow_name))) end as message
          from found f left join admitted a on a.tenant_id = f.tenant_id and a.id = f.id
        ),
        started as (
          insert into executions
            (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, correlation_id, parent_execution_id, parent_node_id, parent_iteration, parent_attempt,
             input, queued_at, concurrency_key, concurrency_limit, not_before)
          select f.tenant_id, f.id, f.found_id, f.found_version, f.admission, f.priority, 'sub_workflow', f.trigger, f.correlation_id, f.parent_id, f.node_id, f.iteration, f.attempt,
            f.input, now(), f.concurrency_key, nullif(f.concurrency_limit, 0), f.not_before
          from decided f where f.refused is null
          on conflict do nothing
          returning tenant_id, id, status, priority, lease_owner
        ),
        resolved as (
          update waits w
          set status = 'resolved', outcome = 'answered', resolved_at = now(),
              payload = case when f.refused is null then jsonb_build_object('status', 'started', 'executionId', f.id)
                else jsonb_build_object('status', 'refused', 'error', jsonb_build_object('code', f.refused, 'message', f.message)) end
          from decided f
          where (f.refused is not null or not f.is_awaited) and w.tenant_id = f.tenant_id and w.execution_id = f.parent_id and w.node_id = f.node_id
            and w.iteration = f.iteration and w.attempt = f.attempt and w.status = 'open'
          returning w.tenant_id, w.execution_id
        ),
        woken as (
          update executions e set {StateRules.Wake}
          from (select distinct tenant_id, execution_id from resolved order by tenant_id, execution_id) r
          where e.tenant_id = r.tenant_id and e.id = r.execution_id
          returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        )
        select s.tenant_id, s.id, s.status, s.priority, s.lease_owner from started s
        union all
        select w.tenant_id, w.id, w.status, w.priority, w.lease_owner from woken w
        """;

    /// <summary>Starts children whose waits were opened, and whose concurrency keys were locked, by statements before.
    /// </summary>
    public static void AddTo(Round round, Guid workerId, List<ChildStart> children, List<WokenExecution> woken)
    {
        if (children.Count > 0)
        {
            round.AddWaking(Start(workerId, children), woken);
        }
    }

    private static NpgsqlBatchCommand Start(Guid workerId, List<ChildStart> children)
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
        SlotClaims.AddTo(command, children, child => child.Claim);
        command.Parameters.Add(Sql.Texts(children, child => child.Problem));
        command.Parameters.Add(Sql.Text(SlotClaims.SkippedReason));
        SlotClaims.AddRates(command, children, child => child.Claim);
        command.Parameters.Add(Sql.Int(Engine.Limits.SubworkflowDepth));
        command.Parameters.Add(Sql.Uuids(children, child => child.RootId ?? child.Parent.Key.Id));
        command.Parameters.Add(Sql.Ints(children, child => child.MaxDescendants));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Limits.FamilyLifetime });
        return command;
    }

    // Only of executions that this worker still owns under their fence: the statement that ends them comes after this one and asks the same.
    private const string ResolveParentsSql = $"""
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
        set {StateRules.Wake}
        from (select distinct tenant_id, execution_id from resolved order by tenant_id, execution_id) r
        where e.tenant_id = r.tenant_id and e.id = r.execution_id and e.finished_at is null
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    /// <summary>Tells parents of the end of their children; before the statement that ends them.</summary>
    public static void AddResolved(
        Round round, Guid workerId, List<FinishedExecution> children, List<WokenExecution> woken)
    {
        var command = new NpgsqlBatchCommand(ResolveParentsSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(children, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(children, row => row.Key.Id));
        command.Parameters.Add(Sql.Longs(children, row => row.Fence));
        command.Parameters.Add(Sql.Texts(children, row => row.Status));
        command.Parameters.Add(Sql.Jsons(children, row => row.Output));
        command.Parameters.Add(Sql.Jsons(children, row => row.Error));
        round.AddWaking(command, woken);
    }

    // An empty node means every child that the execution waits for.
    private const string CancelSql = $"""
        update executions e
        set {StateRules.RequestStop},
            stop_reason = 'Nobody waits for it any more.'
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

    /// <summary>Asks children to stop whose waits are given up.</summary>
    public static void AddCancelled(Round round, List<WaitKey> waits, List<WokenExecution> woken)
    {
        var command = new NpgsqlBatchCommand(CancelSql);
        AddKeys(command, waits);
        round.AddWaking(command, woken);
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

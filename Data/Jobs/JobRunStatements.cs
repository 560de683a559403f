using Workflows.Data.Executions;

namespace Workflows.Data.Jobs;

/// <summary>What a look at job runs writes, in the order in which <see cref="JobRunStore"/> sends it.</summary>
internal static class JobRunStatements
{
    public const string LookedSql = """
        update job_runs r set is_due = false, failures = 0, retry_at = null
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
        where r.tenant_id = k.tenant_id and r.id = k.id and (r.is_due or r.failures > 0)
        """;

    public const string CancelItemsSql = $"""
        update executions e
        set {StateRules.RequestStop},
            stop_reason = 'The job run was cancelled.'
        from (
          select i.tenant_id, i.execution_id
          from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
          join job_run_items i on i.tenant_id = k.tenant_id and i.run_id = k.id and i.status = 'running'
            and i.execution_id is not null
          order by i.tenant_id, i.execution_id
        ) i
        where e.tenant_id = i.tenant_id and e.id = i.execution_id and e.finished_at is null
          and e.stop_request is distinct from 'cancel'
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    public const string CancelChildrenSql = """
        update job_runs r set cancel_requested = true, is_due = true
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
        join job_run_items i on i.tenant_id = k.tenant_id and i.run_id = k.id and i.status = 'running'
        where r.tenant_id = i.tenant_id and r.id = i.child_run_id and r.status = 'running' and not r.cancel_requested
        """;

    public const string SkipSql = """
        update job_run_items i set status = 'skipped', finished_at = now()
        from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as s (tenant_id, run_id, id)
        where i.tenant_id = s.tenant_id and i.run_id = s.run_id and i.id = s.id and i.status = 'pending'
        """;

    // A workflow that cannot be started fails its item; the next look at the run, which is due again then, takes it
    // from there.
    public const string StartSql = $$"""
        with target as (
          select s.*, i.workflow_id, w.published_version as version, r.input,
            case when w.deleted_at is not null then 'WORKFLOW_NOT_FOUND' when not w.enabled then 'WORKFLOW_DISABLED'
                 when w.published_version is null then 'WORKFLOW_NOT_PUBLISHED'
                   when s.problem is not null then 'CONCURRENCY_KEY' end as refusal,
            (case v.definition #>> '{settings,priority}' when 'high' then 1
              when 'low' then -1 else 0 end)::smallint as priority
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::text[], $8::text[],
            $10::text[])
            as s (tenant_id, run_id, id, execution_id, concurrency_key, concurrency_limit, policy, problem, rate)
          join job_runs r on r.tenant_id = s.tenant_id and r.id = s.run_id
          join job_run_items i on i.tenant_id = s.tenant_id and i.run_id = s.run_id and i.id = s.id
            and i.status = 'pending'
          join workflows w on w.tenant_id = i.tenant_id and w.id = i.workflow_id
          left join workflow_versions v on v.tenant_id = w.tenant_id and v.workflow_id = w.id
            and v.number = w.published_version
        ),
        limited as (
          select t.tenant_id, t.execution_id as id, t.workflow_id, t.concurrency_key, t.concurrency_limit,
            t.policy, t.rate,
            row_number() over (order by t.tenant_id, t.execution_id) as turn
          from target t where t.refusal is null and t.policy is not null
        ),
        {{StateRules.Admitted}},
        decided as (
          select t.*, a.not_before, coalesce(a.status, 'queued') as status,
            case when a.status = 'skipped' then 'CONCURRENCY_SKIPPED' else t.refusal end as refused,
            case when a.status = 'skipped'
              then 'The workflow was not started: ' || $9 || '.' else coalesce(t.problem,
              'The workflow cannot be started.') end as message
          from target t left join admitted a on a.tenant_id = t.tenant_id and a.id = t.execution_id
        ),
        noted as (
          update job_run_items i
          set status = case when t.refused is null then 'running' else 'failed' end, started_at = now(),
            finished_at = case when t.refused is not null then now() end,
              execution_id = case when t.refused is null then t.execution_id end,
              error = case when t.refused is not null then jsonb_build_object('code', t.refused, 'message',
                t.message) end
          from decided t
          where i.tenant_id = t.tenant_id and i.run_id = t.run_id and i.id = t.id
        ),
        again as (
          update job_runs r set is_due = true
          from (select distinct tenant_id, run_id from decided where refused is not null) t
          where r.tenant_id = t.tenant_id and r.id = t.run_id
        )
        insert into executions
          (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, input, queued_at,
            concurrency_key, concurrency_limit, not_before)
        select t.tenant_id, t.execution_id, t.workflow_id, t.version, t.status, t.priority, 'job',
          jsonb_build_object('type', 'job', 'id', t.run_id), t.input, now(),
          t.concurrency_key, nullif(t.concurrency_limit, 0), t.not_before
        from decided t where t.refused is null
        returning tenant_id, id, status, priority, lease_owner
        """;

    // A job that was deleted meanwhile fails its item; a run of it would have nothing to do, and look like a success.
    public const string StartRunSql = """
        with target as (
          select i.tenant_id, i.run_id, i.id, s.child_run_id, i.job_id, r.input, r.on_failure,
            j.deleted_at is not null as is_gone
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) as s (tenant_id, run_id, id, child_run_id)
          join job_runs r on r.tenant_id = s.tenant_id and r.id = s.run_id
          join job_run_items i on i.tenant_id = s.tenant_id and i.run_id = s.run_id and i.id = s.id
            and i.status = 'pending'
          join jobs j on j.tenant_id = i.tenant_id and j.id = i.job_id
        ),
        noted as (
          update job_run_items i
          set status = case when t.is_gone then 'failed' else 'running' end, started_at = now(),
            finished_at = case when t.is_gone then now() end,
            child_run_id = case when not t.is_gone then t.child_run_id end,
            error = case when t.is_gone
              then jsonb_build_object('code', 'JOB_NOT_FOUND', 'message', 'The job was deleted.') end
          from target t
          where i.tenant_id = t.tenant_id and i.run_id = t.run_id and i.id = t.id
        ),
        again as (
          update job_runs r set is_due = true
          from (select distinct tenant_id, run_id from target where is_gone) t
          where r.tenant_id = t.tenant_id and r.id = t.run_id
        )
        insert into job_runs (tenant_id, id, job_id, parent_run_id, on_failure, trigger_type, trigger, input,
          started_at)
        select t.tenant_id, t.child_run_id, t.job_id, t.run_id, t.on_failure, 'package', jsonb_build_object('runId',
          t.run_id), t.input, now() from target t where not t.is_gone
        """;

    public const string EndSql = """
        update job_runs r
        set status = x.status, finished_at = now(),
            rows_processed = (select coalesce(sum(i.rows_processed),
              0) from job_run_items i where i.tenant_id = r.tenant_id and i.run_id = r.id)
        from unnest($1::uuid[], $2::uuid[], $3::text[]) as x (tenant_id, id, status)
        where r.tenant_id = x.tenant_id and r.id = x.id and r.status = 'running'
        """;
}

using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Executions;
using Workflows.Data.Jobs;
using Workflows.Engine.Schedules;

namespace Workflows.Data.Schedules;

/// <summary>What a firing writes: the rows of its instants, what they start or end, and each schedule's next time. One
/// transaction.</summary>
internal static class FiringStatements
{
    /// <summary>Adds the statements that close, note, start, cancel and advance, in this order.</summary>
    public static void AddTo(
        Round round, List<DueSchedule> due, List<ScheduledFire> fires, List<WokenExecution> woken)
    {
        var limited = fires.FindAll(fire => fire.Claim is not null);
        if (limited.Count > 0)
        {
            round.AddCall(SlotClaims.Hold(limited.ConvertAll(fire => (fire.Schedule.Key.TenantId,
                fire.Schedule.LimitedWorkflow!.Value, fire.Claim!)), []));
        }

        round.Add(ByKeys(CloseSql, due));
        var notes = fires.FindAll(fire => fire.Planned.Outcome != PlannedFire.Started);
        if (notes.Count > 0)
        {
            var command = Fires(NoteSql, notes);
            command.Parameters.Add(Sql.Texts(notes, fire => fire.Planned.Outcome));
            command.Parameters.Add(Sql.Texts(notes, fire => fire.Planned.Reason));
            round.Add(command);
        }

        var started = fires.FindAll(fire => fire.Planned.Outcome == PlannedFire.Started);
        if (started.FindAll(fire => fire.Schedule.IsOfWorkflow) is { Count: > 0 } executions)
        {
            var command = Fires(StartSql, executions);
            command.Parameters.Add(Sql.Uuids(executions, fire => fire.StartedId));
            SlotClaims.AddTo(command, executions, fire => fire.Claim);
            command.Parameters.Add(Sql.Text(SlotClaims.SkippedReason));
            SlotClaims.AddRates(command, executions, fire => fire.Claim);
            round.AddWaking(command, woken);
        }

        if (started.FindAll(fire => !fire.Schedule.IsOfWorkflow) is { Count: > 0 } runs)
        {
            var command = Fires(StartRunsSql, runs);
            command.Parameters.Add(Sql.Uuids(runs, fire => fire.StartedId));
            round.Add(command);
            round.Add(JobRunItems.Fill(runs.ConvertAll(fire => (fire.Schedule.Key.TenantId, fire.StartedId))));
        }

        // After the start, which may have been refused or skipped: then the one before goes on.
        var cancelling = fires.FindAll(fire => fire is
        {
            Schedule.Overlap: ScheduleOverlap.CancelOldest,
            Planned.Outcome: PlannedFire.Started
        });
        if (cancelling.Count > 0)
        {
            round.AddWaking(Fires(CancelSql, cancelling), woken);
            round.Add(Fires(CancelRunsSql, cancelling));
        }

        var moved = due.FindAll(schedule => schedule.Tick is not null);
        if (moved.Count > 0)
        {
            var command = ByKeys(AdvanceSql, moved);
            command.Parameters.Add(Sql.Instants(moved, schedule => schedule.Next));
            command.Parameters.Add(Sql.Instants(moved, schedule => schedule.NextFireAt));
            round.Add(command);
        }
    }

    private const string CloseSql = """
        update schedule_fires f set is_open = false
        from unnest($1::uuid[], $2::uuid[]) as s (tenant_id, id)
        where f.tenant_id = s.tenant_id and f.schedule_id = s.id and f.is_open
          and not exists (select from executions e where e.tenant_id = f.tenant_id and e.id = f.execution_id
            and e.finished_at is null)
          and not exists (select from job_runs r where r.tenant_id = f.tenant_id and r.id = f.job_run_id
            and r.finished_at is null)
        """;

    private const string CancelSql = $"""
        update executions e
        set {StateRules.RequestStop},
            stop_reason = 'The next one of its schedule was due.'
        from (
          select distinct f.tenant_id, f.execution_id
          from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as s (tenant_id, id, tick)
          join schedule_fires n on n.tenant_id = s.tenant_id and n.schedule_id = s.id and n.tick = s.tick
            and n.outcome = 'started'
          join schedule_fires f on f.tenant_id = s.tenant_id and f.schedule_id = s.id and f.is_open and f.tick <> s.tick
          order by f.tenant_id, f.execution_id
        ) o
        where e.tenant_id = o.tenant_id and e.id = o.execution_id and e.finished_at is null
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    private const string CancelRunsSql = """
        update job_runs r set cancel_requested = true, is_due = true
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as s (tenant_id, id, tick)
        join schedule_fires n on n.tenant_id = s.tenant_id and n.schedule_id = s.id and n.tick = s.tick
          and n.outcome = 'started'
        join schedule_fires f on f.tenant_id = s.tenant_id and f.schedule_id = s.id and f.is_open and f.tick <> s.tick
        where r.tenant_id = f.tenant_id and r.id = f.job_run_id and r.status = 'running'
        """;

    // An instant that waited has its row already; any other row of the same instant means that it was dealt with.
    private const string NoteSql = """
        insert into schedule_fires (tenant_id, schedule_id, tick, fired_at, outcome, reason)
        select f.tenant_id, f.schedule_id, f.tick, now(), f.outcome, f.reason
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[]) as f (tenant_id, schedule_id,
          tick, outcome, reason)
        on conflict (tenant_id, schedule_id, tick) do update set outcome = excluded.outcome,
          reason = excluded.reason, fired_at = excluded.fired_at
        where schedule_fires.outcome = 'queued'
        """;

    // With overlap cancelOldest and policy skip the places of those that are going to leave count as free; the
    // newcomer is held until they have left.
    // The row of the instant comes first, and only an instant that got its row now starts anything. One that was dealt
    // with earlier is not admitted, either.
    private const string StartSql = $$"""
        with target as (
          select f.*, s.workflow_id, s.input, s.overlap, coalesce(s.trigger_id, s.id::text) as trigger_id,
            w.published_version as version,
            case when w.deleted_at is not null then 'the workflow was deleted'
                 when not w.enabled then 'the workflow is switched off'
                 when w.published_version is null then 'the workflow has no published version'
                 else '' end as refusal,
            (case v.definition #>> '{settings,priority}' when 'high' then 1
              when 'low' then -1 else 0 end)::smallint as priority,
            case when f.policy = 'skip' and s.overlap = 'cancelOldest' then (
              select count(*)::int from schedule_fires x join executions e on e.tenant_id = x.tenant_id
                and e.id = x.execution_id
              where x.tenant_id = f.tenant_id and x.schedule_id = f.schedule_id and x.is_open
                and e.workflow_id = s.workflow_id and e.concurrency_key = f.concurrency_key
                  and e.status in ('queued', 'running', 'waiting', 'paused'))
            else 0 end as leaving
          from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[], $6::int[], $7::text[],
            $9::text[])
            as f (tenant_id, schedule_id, tick, id, concurrency_key, concurrency_limit, policy, rate)
          join schedules s on s.tenant_id = f.tenant_id and s.id = f.schedule_id
          join workflows w on w.tenant_id = s.tenant_id and w.id = s.workflow_id
          left join workflow_versions v on v.tenant_id = w.tenant_id and v.workflow_id = w.id
            and v.number = w.published_version
        ),
        limited as (
          select t.tenant_id, t.id, t.workflow_id, t.concurrency_key,
            t.concurrency_limit + t.leaving as concurrency_limit, t.policy, t.rate,
            row_number() over (order by t.tenant_id, t.schedule_id, t.tick) as turn
          from target t
          where t.refusal = '' and t.policy is not null and not exists (
            select from schedule_fires x where x.tenant_id = t.tenant_id and x.schedule_id = t.schedule_id
              and x.tick = t.tick and x.outcome <> 'queued')
        ),
        {{StateRules.Admitted}},
        decided as (
          select t.*, a.not_before,
            case when t.leaving > 0 and a.status = 'queued' then 'held' else coalesce(a.status,
            'queued') end as status,
            case when a.status = 'skipped' then 'skipped'
              when t.refusal = '' then 'started' else 'refused' end as outcome
          from target t left join admitted a on a.tenant_id = t.tenant_id and a.id = t.id
        ),
        noted as (
          insert into schedule_fires (tenant_id, schedule_id, tick, fired_at, outcome, reason, execution_id, is_open)
          select t.tenant_id, t.schedule_id, t.tick, now(), t.outcome,
            case when t.outcome = 'skipped' then $8 else t.refusal end,
            case when t.outcome = 'started' then t.id end, t.outcome = 'started' and t.overlap <> 'allow'
          from decided t
          on conflict (tenant_id, schedule_id, tick) do update
            set outcome = excluded.outcome, reason = excluded.reason, fired_at = excluded.fired_at,
              execution_id = excluded.execution_id, is_open = excluded.is_open
            where schedule_fires.outcome = 'queued'
          returning tenant_id, schedule_id, tick, execution_id
        )
        insert into executions
          (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, input, queued_at,
            concurrency_key, concurrency_limit, not_before)
        select t.tenant_id, t.id, t.workflow_id, t.version, t.status, t.priority, 'schedule',
          jsonb_build_object('type', 'schedule', 'id', t.trigger_id, 'scheduleId', t.schedule_id,
            'scheduledAt', to_char(t.tick at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
          t.input, now(), t.concurrency_key, nullif(t.concurrency_limit, 0), t.not_before
        from noted n join decided t on t.tenant_id = n.tenant_id and t.id = n.execution_id
        returning tenant_id, id, status, priority, lease_owner
        """;

    private const string StartRunsSql = """
        with target as (
          select f.tenant_id, f.schedule_id, f.tick, f.id, s.job_id, s.package_id, s.input, s.overlap,
            case when j.deleted_at is not null then 'the job was deleted'
              when p.deleted_at is not null then 'the package was deleted' else '' end as refusal
          from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[]) as f (tenant_id, schedule_id, tick, id)
          join schedules s on s.tenant_id = f.tenant_id and s.id = f.schedule_id
          left join jobs j on j.tenant_id = s.tenant_id and j.id = s.job_id
          left join job_packages p on p.tenant_id = s.tenant_id and p.id = s.package_id
        ),
        noted as (
          insert into schedule_fires (tenant_id, schedule_id, tick, fired_at, outcome, reason, job_run_id, is_open)
          select t.tenant_id, t.schedule_id, t.tick, now(),
            case when t.refusal = '' then 'started' else 'refused' end, t.refusal,
            case when t.refusal = '' then t.id end, t.refusal = '' and t.overlap <> 'allow'
          from target t
          on conflict (tenant_id, schedule_id, tick) do update
            set outcome = excluded.outcome, reason = excluded.reason, fired_at = excluded.fired_at,
              job_run_id = excluded.job_run_id, is_open = excluded.is_open
            where schedule_fires.outcome = 'queued'
          returning tenant_id, job_run_id
        )
        insert into job_runs (tenant_id, id, job_id, package_id, trigger_type, trigger, input, started_at)
        select t.tenant_id, t.id, t.job_id, t.package_id, 'schedule',
          jsonb_build_object('scheduleId', t.schedule_id, 'scheduledAt', to_char(t.tick at time zone 'UTC',
            'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
          t.input, now()
        from noted n join target t on t.tenant_id = n.tenant_id and t.id = n.job_run_id
        """;

    private const string AdvanceSql = """
        update schedules s set next_tick = a.next_tick, next_fire_at = a.next_fire_at, last_fired_at = now(),
          failures = 0, retry_at = null
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) as a (tenant_id, id, next_tick,
          next_fire_at)
        where s.tenant_id = a.tenant_id and s.id = a.id
        """;

    private static NpgsqlBatchCommand ByKeys(string sql, List<DueSchedule> schedules)
    {
#pragma warning disable CA2100 // a constant of this class
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        command.Parameters.Add(Sql.Uuids(schedules, schedule => schedule.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(schedules, schedule => schedule.Key.Id));
        return command;
    }

    private static NpgsqlBatchCommand Fires(string sql, List<ScheduledFire> fires)
    {
#pragma warning disable CA2100 // a constant of this class
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        command.Parameters.Add(Sql.Uuids(fires, fire => fire.Schedule.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(fires, fire => fire.Schedule.Key.Id));
        command.Parameters.Add(Sql.Instants(fires, fire => fire.Planned.Tick));
        return command;
    }
}

using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Executions;
using Workflows.Data.Jobs;
using Workflows.Engine.Schedules;

namespace Workflows.Data.Schedules;

/// <summary>What one round of firing did.</summary>
/// <param name="Schedules">Schedules looked at; as many as asked for = there may be more.</param>
/// <param name="Started">Instants that started something.</param>
/// <param name="Woken">Executions that were started, and earlier ones asked to stop.</param>
public sealed record FiringResult(int Schedules, int Started, IReadOnlyList<WokenExecution> Woken);

/// <summary>
/// Fires due schedules. Guarantees: each instant of a schedule is fired once, with any number of workers: the schedule's row is locked, and what is started, the row
/// that says so (its key is schedule and instant) and the next instant are one transaction; whoever dies in it leaves everything as it was. After an
/// outage the misfire policy decides. Time is the database's. A schedule that cannot be evaluated any more stops, with the reason on record.
/// Lock order: schedules, concurrency keys, then executions by key; nobody who holds one of these asks for a schedule.
/// </summary>
public sealed class ScheduleFiring(WorkflowsDatabase database)
{
    // Those that another worker is firing are left to it.
    private const string DueSql = """
        select s.tenant_id, s.id, s.enabled and s.deleted_at is null, s.job_id is null and s.package_id is null, s.cron, s.interval_seconds, s.at, s.time_zone,
          s.on_non_business_day, s.misfire, s.misfire_limit, s.overlap, s.jitter_seconds, s.starts_at, s.ends_at, s.anchor_at, s.next_tick, now(),
          c.business_days, c.holidays, c.working_days,
          exists (
            select from schedule_fires f
            left join executions e on e.tenant_id = f.tenant_id and e.id = f.execution_id
            left join job_runs r on r.tenant_id = f.tenant_id and r.id = f.job_run_id
            where f.tenant_id = s.tenant_id and f.schedule_id = s.id and f.is_open
              and (e.id is not null or r.id is not null) and coalesce(e.finished_at, r.finished_at) is null),
          array(select f.tick from schedule_fires f
                where f.tenant_id = s.tenant_id and f.schedule_id = s.id and f.outcome = 'queued' order by f.tick),
          l.workflow_id, l.settings, l.input
        from schedules s
        left join lateral (
          select k.business_days,
            array(select d.day from calendar_days d where d.tenant_id = k.tenant_id and d.calendar_id = k.id and not d.is_business) as holidays,
            array(select d.day from calendar_days d where d.tenant_id = k.tenant_id and d.calendar_id = k.id and d.is_business) as working_days
          from calendars k where k.tenant_id = s.tenant_id and k.id = s.calendar_id
        ) c on true
        left join lateral (
          select w.id as workflow_id, w.start_settings::text as settings, s.input::text as input from workflows w
          where w.tenant_id = s.tenant_id and w.id = s.workflow_id and w.start_settings ?| '{concurrency,rateLimit}'
        ) l on true
        where s.enabled and s.deleted_at is null and s.next_fire_at <= now()
        order by s.next_fire_at
        limit $1
        for update of s skip locked
        """;

    // Instants that waited for the one before, as far as it has finished meanwhile; also those of schedules that were switched off.
    private const string QueuedSql = """
        select s.tenant_id, s.id, s.enabled and s.deleted_at is null, s.job_id is null and s.package_id is null, s.cron, s.interval_seconds, s.at, s.time_zone,
          s.on_non_business_day, s.misfire, s.misfire_limit, s.overlap, s.jitter_seconds, s.starts_at, s.ends_at, s.anchor_at, null::timestamptz, now(),
          null::smallint[], null::date[], null::date[], false,
          array(select f.tick from schedule_fires f
                where f.tenant_id = s.tenant_id and f.schedule_id = s.id and f.outcome = 'queued' order by f.tick),
          l.workflow_id, l.settings, l.input
        from (select distinct f.tenant_id, f.schedule_id from schedule_fires f where f.outcome = 'queued') q
        join schedules s on s.tenant_id = q.tenant_id and s.id = q.schedule_id
        left join lateral (
          select w.id as workflow_id, w.start_settings::text as settings, s.input::text as input from workflows w
          where w.tenant_id = s.tenant_id and w.id = s.workflow_id and w.start_settings ?| '{concurrency,rateLimit}'
        ) l on true
        where not (s.enabled and s.deleted_at is null) or not exists (
            select from schedule_fires f
            left join executions e on e.tenant_id = f.tenant_id and e.id = f.execution_id
            left join job_runs r on r.tenant_id = f.tenant_id and r.id = f.job_run_id
            where f.tenant_id = s.tenant_id and f.schedule_id = s.id and f.is_open
              and (e.id is not null or r.id is not null) and coalesce(e.finished_at, r.finished_at) is null)
        limit $1
        for update of s skip locked
        """;

    /// <summary>Fires up to <paramref name="limit"/> due schedules.</summary>
    public Task<FiringResult> FireDueAsync(int limit, CancellationToken cancellationToken) => FireAsync(isQueued: false, limit, cancellationToken);

    /// <summary>Starts what waited for the run before, for up to <paramref name="limit"/> schedules.</summary>
    public Task<FiringResult> FireQueuedAsync(int limit, CancellationToken cancellationToken) => FireAsync(isQueued: true, limit, cancellationToken);

    private async Task<FiringResult> FireAsync(bool isQueued, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Twice: what the first look reads beside the locked rows may be older than the lock (another worker committed in between). The second one sees all of it.
        var locked = (await ReadAsync(connection, isQueued, limit, cancellationToken)).ConvertAll(schedule => schedule.Key).ToHashSet();
        var due = locked.Count == 0 ? [] : (await ReadAsync(connection, isQueued, limit, cancellationToken)).FindAll(schedule => locked.Contains(schedule.Key));
        if (due.Count == 0)
        {
            return new FiringResult(0, 0, []);
        }

        due.Sort((left, right) => left.Key.CompareTo(right.Key));
        var fires = due.SelectMany(schedule => schedule.Plan().Select(fire => Fire.Of(schedule, fire))).ToList();
        await using var batch = new NpgsqlBatch(connection);
        AddChanges(batch, due, fires);
        var woken = new List<WokenExecution>();
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            do
            {
                // The others answer nothing, or that locks are held.
                if (reader.FieldCount == 5)
                {
                    woken.AddRange(await WokenExecutions.ReadAsync(reader, cancellationToken));
                }
            }
            while (await reader.NextResultAsync(cancellationToken));
        }

        await transaction.CommitAsync(cancellationToken);
        return new FiringResult(due.Count, fires.Count(fire => fire.Planned.Outcome == PlannedFire.Started), woken);
    }

    private static async Task<List<DueSchedule>> ReadAsync(NpgsqlConnection connection, bool isQueued, int limit, CancellationToken cancellationToken)
    {
        var due = new List<DueSchedule>();
#pragma warning disable CA2100 // one of two constants
        await using (var select = new NpgsqlCommand(isQueued ? QueuedSql : DueSql, connection))
#pragma warning restore CA2100
        {
            select.Parameters.Add(Sql.Int(limit));
            await using var reader = await select.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                due.Add(DueSchedule.Read(reader));
            }
        }

        return due;
    }

    private static void AddChanges(NpgsqlBatch batch, List<DueSchedule> due, List<Fire> fires)
    {
        var limited = fires.FindAll(fire => fire.Claim is not null);
        if (limited.Count > 0)
        {
            batch.BatchCommands.Add(SlotClaims.Hold(limited.ConvertAll(fire => (fire.Schedule.Key.TenantId, fire.Schedule.LimitedWorkflow!.Value, fire.Claim!)), []));
        }

        Add(batch, CloseSql, due);
        var notes = fires.FindAll(fire => fire.Planned.Outcome != PlannedFire.Started);
        if (notes.Count > 0)
        {
            var command = AddFires(batch, NoteSql, notes);
            command.Parameters.Add(Sql.Texts(notes, fire => fire.Planned.Outcome));
            command.Parameters.Add(Sql.Texts(notes, fire => fire.Planned.Reason));
        }

        var started = fires.FindAll(fire => fire.Planned.Outcome == PlannedFire.Started);
        if (started.FindAll(fire => fire.Schedule.IsOfWorkflow) is { Count: > 0 } executions)
        {
            var command = AddFires(batch, StartSql, executions);
            command.Parameters.Add(Sql.Uuids(executions, fire => fire.StartedId));
            SlotClaims.AddTo(command, executions, fire => fire.Claim);
            command.Parameters.Add(Sql.Text(SlotClaims.SkippedReason));
            SlotClaims.AddRates(command, executions, fire => fire.Claim);
        }

        if (started.FindAll(fire => !fire.Schedule.IsOfWorkflow) is { Count: > 0 } runs)
        {
            AddFires(batch, StartRunsSql, runs).Parameters.Add(Sql.Uuids(runs, fire => fire.StartedId));
            batch.BatchCommands.Add(JobRunItems.Fill(runs.ConvertAll(fire => (fire.Schedule.Key.TenantId, fire.StartedId))));
        }

        // After the start, which may have been refused or skipped: then the one before goes on.
        var cancelling = fires.FindAll(fire => fire is { Schedule.Overlap: ScheduleOverlap.CancelOldest, Planned.Outcome: PlannedFire.Started });
        if (cancelling.Count > 0)
        {
            AddFires(batch, CancelSql, cancelling);
            AddFires(batch, CancelRunsSql, cancelling);
        }

        var moved = due.FindAll(schedule => schedule.Tick is not null);
        if (moved.Count > 0)
        {
            var command = Add(batch, AdvanceSql, moved);
            command.Parameters.Add(Sql.Instants(moved, schedule => schedule.Next));
            command.Parameters.Add(Sql.Instants(moved, schedule => schedule.NextFireAt));
        }
    }

    private const string CloseSql = """
        update schedule_fires f set is_open = false
        from unnest($1::uuid[], $2::uuid[]) as s (tenant_id, id)
        where f.tenant_id = s.tenant_id and f.schedule_id = s.id and f.is_open
          and not exists (select from executions e where e.tenant_id = f.tenant_id and e.id = f.execution_id and e.finished_at is null)
          and not exists (select from job_runs r where r.tenant_id = f.tenant_id and r.id = f.job_run_id and r.finished_at is null)
        """;

    private const string CancelSql = """
        update executions e
        set stop_request = 'cancel', stop_reason = 'The next one of its schedule was due.', wakes = e.wakes + 1,
            status = case when e.status in ('waiting', 'paused', 'held') then 'queued' else e.status end,
            queued_at = case when e.status in ('waiting', 'paused', 'held') then now() else e.queued_at end
        from (
          select distinct f.tenant_id, f.execution_id
          from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as s (tenant_id, id, tick)
          join schedule_fires n on n.tenant_id = s.tenant_id and n.schedule_id = s.id and n.tick = s.tick and n.outcome = 'started'
          join schedule_fires f on f.tenant_id = s.tenant_id and f.schedule_id = s.id and f.is_open and f.tick <> s.tick
          order by f.tenant_id, f.execution_id
        ) o
        where e.tenant_id = o.tenant_id and e.id = o.execution_id and e.finished_at is null
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    private const string CancelRunsSql = """
        update job_runs r set cancel_requested = true, is_due = true
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as s (tenant_id, id, tick)
        join schedule_fires n on n.tenant_id = s.tenant_id and n.schedule_id = s.id and n.tick = s.tick and n.outcome = 'started'
        join schedule_fires f on f.tenant_id = s.tenant_id and f.schedule_id = s.id and f.is_open and f.tick <> s.tick
        where r.tenant_id = f.tenant_id and r.id = f.job_run_id and r.status = 'running'
        """;

    // An instant that waited has its row already; any other row of the same instant means that it was dealt with.
    private const string NoteSql = """
        insert into schedule_fires (tenant_id, schedule_id, tick, fired_at, outcome, reason)
        select f.tenant_id, f.schedule_id, f.tick, now(), f.outcome, f.reason
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[]) as f (tenant_id, schedule_id, tick, outcome, reason)
        on conflict (tenant_id, schedule_id, tick) do update set outcome = excluded.outcome, reason = excluded.reason, fired_at = excluded.fired_at
        where schedule_fires.outcome = 'queued'
        """;

    // With overlap cancelOldest and policy skip the places of those that are going to leave count as free; the newcomer is held until they have left.
    // The row of the instant comes first, and only an instant that got its row now starts anything. One that was dealt with earlier is not admitted, either.
    private const string StartSql = """
        with target as (
          select f.*, s.workflow_id, s.input, s.overlap, coalesce(s.trigger_id, s.id::text) as trigger_id, w.published_version as version,
            case when w.deleted_at is not null then 'the workflow was deleted'
                 when not w.enabled then 'the workflow is switched off'
                 when w.published_version is null then 'the workflow has no published version'
                 else '' end as refusal,
            (case v.definition #>> '{settings,priority}' when 'high' then 1 when 'low' then -1 else 0 end)::smallint as priority,
            case when f.policy = 'skip' and s.overlap = 'cancelOldest' then (
              select count(*)::int from schedule_fires x join executions e on e.tenant_id = x.tenant_id and e.id = x.execution_id
              where x.tenant_id = f.tenant_id and x.schedule_id = f.schedule_id and x.is_open
                and e.workflow_id = s.workflow_id and e.concurrency_key = f.concurrency_key and e.status in ('queued', 'running', 'waiting', 'paused'))
            else 0 end as leaving
          from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[], $6::int[], $7::text[], $9::text[])
            as f (tenant_id, schedule_id, tick, id, concurrency_key, concurrency_limit, policy, rate)
          join schedules s on s.tenant_id = f.tenant_id and s.id = f.schedule_id
          join workflows w on w.tenant_id = s.tenant_id and w.id = s.workflow_id
          left join workflow_versions v on v.tenant_id = w.tenant_id and v.workflow_id = w.id and v.number = w.published_version
        ),
        limited as (
          select t.*, row_number() over (order by t.tenant_id, t.schedule_id, t.tick) as turn from target t
          where t.refusal = '' and t.policy is not null and not exists (
            select from schedule_fires x where x.tenant_id = t.tenant_id and x.schedule_id = t.schedule_id and x.tick = t.tick and x.outcome <> 'queued')
        ),
        admitted as (
          select l.id, a.status, a.not_before
          from (
            select array_agg(l.tenant_id order by l.turn) as tenants, array_agg(l.workflow_id order by l.turn) as workflows,
              array_agg(l.concurrency_key order by l.turn) as keys, array_agg(l.concurrency_limit + l.leaving order by l.turn) as limits,
              array_agg(l.policy order by l.turn) as policies,
              array_agg(l.rate order by l.turn) as rates
            from limited l
          ) g
          cross join lateral admit_limited_starts(g.tenants, g.workflows, g.keys, g.limits, g.policies, g.rates) a
          join limited l on l.turn = a.place
          where g.tenants is not null
        ),
        decided as (
          select t.*, a.not_before, case when t.leaving > 0 and a.status = 'queued' then 'held' else coalesce(a.status, 'queued') end as status,
            case when a.status = 'skipped' then 'skipped' when t.refusal = '' then 'started' else 'refused' end as outcome
          from target t left join admitted a on a.id = t.id
        ),
        noted as (
          insert into schedule_fires (tenant_id, schedule_id, tick, fired_at, outcome, reason, execution_id, is_open)
          select t.tenant_id, t.schedule_id, t.tick, now(), t.outcome, case when t.outcome = 'skipped' then $8 else t.refusal end,
            case when t.outcome = 'started' then t.id end, t.outcome = 'started' and t.overlap <> 'allow'
          from decided t
          on conflict (tenant_id, schedule_id, tick) do update
            set outcome = excluded.outcome, reason = excluded.reason, fired_at = excluded.fired_at, execution_id = excluded.execution_id, is_open = excluded.is_open
            where schedule_fires.outcome = 'queued'
          returning tenant_id, schedule_id, tick, execution_id
        )
        insert into executions
          (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, input, queued_at, concurrency_key, concurrency_limit, not_before)
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
            case when j.deleted_at is not null then 'the job was deleted' when p.deleted_at is not null then 'the package was deleted' else '' end as refusal
          from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[]) as f (tenant_id, schedule_id, tick, id)
          join schedules s on s.tenant_id = f.tenant_id and s.id = f.schedule_id
          left join jobs j on j.tenant_id = s.tenant_id and j.id = s.job_id
          left join job_packages p on p.tenant_id = s.tenant_id and p.id = s.package_id
        ),
        noted as (
          insert into schedule_fires (tenant_id, schedule_id, tick, fired_at, outcome, reason, job_run_id, is_open)
          select t.tenant_id, t.schedule_id, t.tick, now(), case when t.refusal = '' then 'started' else 'refused' end, t.refusal,
            case when t.refusal = '' then t.id end, t.refusal = '' and t.overlap <> 'allow'
          from target t
          on conflict (tenant_id, schedule_id, tick) do update
            set outcome = excluded.outcome, reason = excluded.reason, fired_at = excluded.fired_at, job_run_id = excluded.job_run_id, is_open = excluded.is_open
            where schedule_fires.outcome = 'queued'
          returning tenant_id, job_run_id
        )
        insert into job_runs (tenant_id, id, job_id, package_id, trigger_type, trigger, input, started_at)
        select t.tenant_id, t.id, t.job_id, t.package_id, 'schedule',
          jsonb_build_object('scheduleId', t.schedule_id, 'scheduledAt', to_char(t.tick at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
          t.input, now()
        from noted n join target t on t.tenant_id = n.tenant_id and t.id = n.job_run_id
        """;

    private const string AdvanceSql = """
        update schedules s set next_tick = a.next_tick, next_fire_at = a.next_fire_at, last_fired_at = now()
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) as a (tenant_id, id, next_tick, next_fire_at)
        where s.tenant_id = a.tenant_id and s.id = a.id
        """;

    private static NpgsqlBatchCommand Add(NpgsqlBatch batch, string sql, List<DueSchedule> schedules)
    {
#pragma warning disable CA2100 // a constant of this class
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        command.Parameters.Add(Sql.Uuids(schedules, schedule => schedule.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(schedules, schedule => schedule.Key.Id));
        batch.BatchCommands.Add(command);
        return command;
    }

    private static NpgsqlBatchCommand AddFires(NpgsqlBatch batch, string sql, List<Fire> fires)
    {
#pragma warning disable CA2100 // a constant of this class
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        command.Parameters.Add(Sql.Uuids(fires, fire => fire.Schedule.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(fires, fire => fire.Schedule.Key.Id));
        command.Parameters.Add(Sql.Instants(fires, fire => fire.Planned.Tick));
        batch.BatchCommands.Add(command);
        return command;
    }

    private const string NextSql =
        "select extract(epoch from min(next_fire_at) - now())::float8 from schedules where enabled and deleted_at is null and next_fire_at is not null";

    /// <summary>How long until the next schedule is due; null when there is none. Negative when overdue.</summary>
    public async Task<TimeSpan?> UntilNextAsync(CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(NextSql);
        return await command.ExecuteScalarAsync(cancellationToken) is double seconds
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, -1, TimeSpan.FromDays(1).TotalSeconds))
            : null;
    }

    private sealed record Fire(DueSchedule Schedule, PlannedFire Planned)
    {
        /// <summary>The limit that its execution falls under, should one be started.</summary>
        public ConcurrencyClaim? Claim { get; private init; }

        public static Fire Of(DueSchedule schedule, PlannedFire planned)
        {
            if (planned.Outcome != PlannedFire.Started || schedule.LimitedWorkflow is null)
            {
                return new Fire(schedule, planned);
            }

            var (claim, problem) = schedule.Claim;
            return new Fire(schedule, problem is null ? planned : planned with { Outcome = PlannedFire.Refused, Reason = problem }) { Claim = claim };
        }

        /// <summary>Of the execution or job run, should it be started.</summary>
        public Guid StartedId { get; } = Guid.CreateVersion7(Schedule.Now);
    }
}

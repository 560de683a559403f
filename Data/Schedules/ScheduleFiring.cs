using System.Runtime.ExceptionServices;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Executions;
using Workflows.Data.Isolation;
using Workflows.Engine.Schedules;

namespace Workflows.Data.Schedules;

/// <summary>What one round of firing did.</summary>
/// <param name="Schedules">Schedules looked at; as many as asked for = there may be more.</param>
/// <param name="Started">Instants that started something.</param>
/// <param name="Woken">Executions that were started, and earlier ones asked to stop.</param>
public sealed record FiringResult(int Schedules, int Started, IReadOnlyList<WokenExecution> Woken)
{
    /// <summary>Schedules that could not be fired: switched off with the reason, or left to the next round.</summary>
    public IReadOnlyList<SetAside> SetAside { get; init; } = [];

    internal FiringResult Plus(FiringResult other) =>
        new(Schedules + other.Schedules, Started + other.Started, [.. Woken,
            .. other.Woken])
        { SetAside = [.. SetAside, .. other.SetAside] };
}

/// <summary>
/// Fires due schedules. Guarantees: each instant of a schedule is fired once, with any number of workers: the schedule's row is locked, and what is started, the row
/// that says so (its key is schedule and instant) and the next instant are one transaction; whoever dies in it leaves everything as it was. After an
/// outage the misfire policy decides. Time is the database's. A schedule that cannot be evaluated any more stops, with the reason on record.
/// Schedules of all tenants share a transaction; when it fails each is fired by itself, and one that fails alone is
/// switched off with the
/// reason on its row, once it failed several times in a row, while the others fire in the same round. Nothing of a
/// suspended tenant fires: what it missed is for the misfire
/// policy when it is active again. While a budget stops starts, instants are noted as refused, with its name.
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
          l.workflow_id, l.settings, l.input,
          (select b.name from budget_stops b where b.tenant_id = s.tenant_id and b.until > now()
           order by b.until desc limit 1)
        from schedules s
        join tenants t on t.tenant_id = s.tenant_id and t.status = 'active'
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
          and (s.retry_at is null or s.retry_at <= now()) and ($2::uuid is null or (s.tenant_id = $2 and s.id = $3))
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
          l.workflow_id, l.settings, l.input,
          (select b.name from budget_stops b where b.tenant_id = s.tenant_id and b.until > now()
           order by b.until desc limit 1)
        from (select distinct f.tenant_id, f.schedule_id from schedule_fires f where f.outcome = 'queued') q
        join schedules s on s.tenant_id = q.tenant_id and s.id = q.schedule_id
        join tenants t on t.tenant_id = s.tenant_id and t.status = 'active'
        left join lateral (
          select w.id as workflow_id, w.start_settings::text as settings, s.input::text as input from workflows w
          where w.tenant_id = s.tenant_id and w.id = s.workflow_id and w.start_settings ?| '{concurrency,rateLimit}'
        ) l on true
        where ($2::uuid is null or (s.tenant_id = $2 and s.id = $3))
          and (s.retry_at is null or s.retry_at <= now()) and (not (s.enabled
          and s.deleted_at is null) or not exists (
            select from schedule_fires f
            left join executions e on e.tenant_id = f.tenant_id and e.id = f.execution_id
            left join job_runs r on r.tenant_id = f.tenant_id and r.id = f.job_run_id
            where f.tenant_id = s.tenant_id and f.schedule_id = s.id and f.is_open
              and (e.id is not null or r.id is not null) and coalesce(e.finished_at, r.finished_at) is null))
        limit $1
        for update of s skip locked
        """;

    /// <summary>Fires up to <paramref name="limit"/> due schedules.</summary>
    public Task<FiringResult> FireDueAsync(int limit, CancellationToken cancellationToken) => FireAsync(isQueued: false, limit, cancellationToken);

    /// <summary>Starts what waited for the run before, for up to <paramref name="limit"/> schedules.</summary>
    public Task<FiringResult> FireQueuedAsync(int limit, CancellationToken cancellationToken) => FireAsync(isQueued: true, limit, cancellationToken);

    private async Task<FiringResult> FireAsync(bool isQueued, int limit, CancellationToken cancellationToken)
    {
        var found = new List<ExecutionKey>();
        try
        {
            return await FireTogetherAsync(isQueued, limit, null, found, cancellationToken);
        }
        catch (Exception exception) when (found.Count > 0 && Batches.MayBeOneItem(exception))
        {
            // One of them is to blame. Nothing was committed: each is fired by itself, and only the culprit is left
            // out.
            var result = new FiringResult(0, 0, []);
            foreach (var key in found.Distinct())
            {
                result = result.Plus(await FireAloneAsync(isQueued, key, cancellationToken));
            }

            return result;
        }
    }

    private async Task<FiringResult> FireAloneAsync(bool isQueued, ExecutionKey key,
        CancellationToken cancellationToken)
    {
        try
        {
            return await FireTogetherAsync(isQueued, 1, key, [], cancellationToken);
        }
        catch (Exception exception) when (Batches.MayBeOneItem(exception))
        {
            return new FiringResult(1, 0, []) { SetAside = [await LeaveOutAsync(key, exception, cancellationToken)] };
        }
    }

    // What it has queued is skipped by the next look, since it is switched off.
    private const string LeaveOutSql = """
        update schedules s
        set failures = s.failures + 1, retry_at = now() + least(s.failures + 1, 6) * interval '5 seconds',
            enabled = s.enabled and not ($4 and s.failures + 1 >= $5),
            disabled_reason = case when $4 and s.failures + 1 >= $5 and s.enabled then $3 else s.disabled_reason end,
            version = s.version + case when $4 and s.failures + 1 >= $5 and s.enabled then 1 else 0 end
        where s.tenant_id = $1 and s.id = $2
        returning not s.enabled
        """;

    private async Task<SetAside> LeaveOutAsync(ExecutionKey key, Exception exception,
        CancellationToken cancellationToken)
    {
        var reason = Batches.ReasonOf(exception);
        return new SetAside("schedule", key, reason, await Batches.TrySetAsideAsync(async () =>
        {
            await using var command = database.HotPath.CreateCommand(LeaveOutSql);
            command.Parameters.Add(Sql.Uuid(key.TenantId));
            command.Parameters.Add(Sql.Uuid(key.Id));
            command.Parameters.Add(Sql.Text(reason));
            command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = Batches.IsForGood(exception) });
            command.Parameters.Add(Sql.Int(Limits.SetAsideFailures));
            return await command.ExecuteScalarAsync(cancellationToken) is true;
        }));
    }

    /// <param name="only">The one schedule to look at; null = all.</param>
    /// <param name="found">Gets the keys of those that were looked at, also when this fails.</param>
    private async Task<FiringResult> FireTogetherAsync(
        bool isQueued, int limit, ExecutionKey? only, List<ExecutionKey> found, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Twice: what the first look reads beside the locked rows may be older than the lock (another worker committed in between). The second one sees all of it.
        await ReadAsync(connection, isQueued, limit, only, found, cancellationToken);
        var locked = found.ToHashSet();
        var due = locked.Count == 0
            ? []
            : (await ReadAsync(connection, isQueued, limit, only, found,
                cancellationToken)).FindAll(schedule => locked.Contains(schedule.Key));
        if (due.Count == 0)
        {
            return new FiringResult(0, 0, []);
        }

        due.Sort((left, right) => left.Key.CompareTo(right.Key));
        var fires = due.SelectMany(schedule => schedule.Plan().Select(fire => ScheduledFire.Of(schedule,
            fire))).ToList();
        await using var round = new Round(connection, transaction);
        var woken = new List<WokenExecution>();
        FiringStatements.AddTo(round, due, fires, woken);
        await round.ExecuteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new FiringResult(due.Count, fires.Count(fire => fire.Planned.Outcome == PlannedFire.Started), woken);
    }

    private static async Task<List<DueSchedule>> ReadAsync(
        NpgsqlConnection connection, bool isQueued, int limit, ExecutionKey? only, List<ExecutionKey> found,
            CancellationToken cancellationToken)
    {
        var due = new List<DueSchedule>();
        Exception? unreadable = null;
#pragma warning disable CA2100 // one of two constants
        await using (var select = new NpgsqlCommand(isQueued ? QueuedSql : DueSql, connection))
#pragma warning restore CA2100
        {
            select.Parameters.Add(Sql.Int(limit));
            select.Parameters.Add(Sql.UuidOrNull(only?.TenantId));
            select.Parameters.Add(Sql.UuidOrNull(only?.Id));
            await using var reader = await select.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                found.Add(new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)));
                try
                {
                    due.Add(DueSchedule.Read(reader));
                }
                catch (Exception exception) when (Batches.MayBeOneItem(exception))
                {
                    unreadable ??= exception; // the other keys are needed all the same: they are fired without it
                }
            }
        }

        if (unreadable is not null)
        {
            ExceptionDispatchInfo.Throw(unreadable);
        }

        return due;
    }

    private const string NextSql = """
        select extract(epoch from min(greatest(s.next_fire_at, s.retry_at)) - now())::float8 from schedules s
        join tenants t on t.tenant_id = s.tenant_id and t.status = 'active'
        where s.enabled and s.deleted_at is null and s.next_fire_at is not null
        """;

    /// <summary>How long until the next schedule is due; null when there is none. Negative when overdue.</summary>
    public async Task<TimeSpan?> UntilNextAsync(CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(NextSql);
        return await command.ExecuteScalarAsync(cancellationToken) is double seconds
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, -1, TimeSpan.FromDays(1).TotalSeconds))
            : null;
    }
}

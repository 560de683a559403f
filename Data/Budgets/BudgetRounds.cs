using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Budgets;

/// <summary>What one look at the budgets did.</summary>
/// <param name="Budgets">Budgets measured; those that somebody changes or measures at the moment are left to the next
/// look.</param>
/// <param name="Alerts">Thresholds that were reached.</param>
/// <param name="Told">People who were told of them.</param>
public sealed record BudgetRound(int Budgets, int Alerts, int Told);

/// <summary>
/// Measures budgets against what tenants have used, tells of thresholds and stops starts. Guarantees: a threshold of a
/// period is told once, with any number of workers, since the row that says so is unique, and the notifications and
/// mails are written with it or not at all; a stop is set and lifted by the same statement that measures. Does not
/// count starts one by one: what was started since the last look is over the budget. Adds nothing to the path of a
/// step.
/// </summary>
public sealed class BudgetRounds(WorkflowsDatabase database)
{
    // Executions: those that ended within the period, and those begun within it that have not. A budget that is locked
    // is being changed, or measured by another worker.
    private const string MeasureSql = """
        with due as materialized (
          select b.* from budgets b join tenants t on t.tenant_id = b.tenant_id and t.status = 'active'
          where b.enabled and (b.measured_at is null or b.measured_at <= now() - $2::interval)
          order by b.tenant_id, b.id for no key update of b skip locked
        ),
        dated as materialized (
          select d.*, date_trunc(d.period, now() at time zone 'UTC') at time zone 'UTC' as period_start,
            (date_trunc(d.period, now() at time zone 'UTC') + ('1 ' || d.period)::interval) at time zone 'UTC'
              as period_end
          from due d
        ),
        running as materialized (
          select e.tenant_id, e.id from executions e
          where e.status = 'running' and e.trigger_type <> 'test'
            and exists (select from dated d where d.kind = 'executions')
        ),
        measured as materialized (
          select d.tenant_id, d.id, d.name, d.kind, d.amount, d.thresholds, d.hard_stop, d.mail, d.notify_kinds,
            d.notify_ids, d.period, d.period_start, d.period_end,
            coalesce(case d.kind
              when 'storage' then (
                select u.storage_bytes from usage_daily u
                where u.tenant_id = d.tenant_id and u.storage_bytes is not null order by u.day desc limit 1)
              when 'modelCost' then (
                select ceil(sum(u.cost) * 100)::bigint from model_usage_daily u
                where u.tenant_id = d.tenant_id and u.day >= (d.period_start at time zone 'UTC')::date
                  and (d.workspace_id is null or u.workspace_id = d.workspace_id))
              when 'steps' then (
                select sum(u.steps)::bigint from usage_daily u
                where u.tenant_id = d.tenant_id and u.day >= (d.period_start at time zone 'UTC')::date)
              else coalesce((
                select sum(u.executions)::bigint from usage_daily u
                where u.tenant_id = d.tenant_id and u.day >= (d.period_start at time zone 'UTC')::date), 0)
                + (select count(*) from running r where r.tenant_id = d.tenant_id and r.id >= uuid_at(d.period_start))
                + (select count(*) from (
                    (select from executions e
                     where e.tenant_id = d.tenant_id and e.status = 'queued' and e.id >= uuid_at(d.period_start)
                       and e.trigger_type <> 'test'
                     limit $1)
                    union all
                    (select from executions e
                     where e.tenant_id = d.tenant_id and e.status = 'held' and e.id >= uuid_at(d.period_start) limit $1)
                    union all
                    (select from executions e
                     where e.tenant_id = d.tenant_id and e.status = 'waiting' and e.id >= uuid_at(d.period_start)
                       and e.trigger_type <> 'test'
                     limit $1)) o)
              end, 0) as used
          from dated d
        ),
        noted as (
          update budgets b set used = m.used, measured_at = now()
          from measured m where b.tenant_id = m.tenant_id and b.id = m.id
        ),
        stopped as (
          insert into budget_stops as s (tenant_id, budget_id, name, until)
          select m.tenant_id, m.id, m.name, m.period_end from measured m
          where m.hard_stop and m.used >= m.amount and m.kind <> 'modelCost'
          on conflict (tenant_id, budget_id) do update set name = excluded.name, until = excluded.until
            where (s.name, s.until) is distinct from (excluded.name, excluded.until)
        ),
        lifted as (
          delete from budget_stops s using measured m
          where s.tenant_id = m.tenant_id and s.budget_id = m.id and not (m.hard_stop and m.used >= m.amount)
        ),
        crossed as (
          insert into budget_alerts (tenant_id, budget_id, period_start, threshold, used, amount, at)
          select m.tenant_id, m.id, m.period_start, t.threshold, m.used, m.amount, now()
          from measured m cross join lateral unnest(m.thresholds) as t (threshold)
          where m.used::numeric * 100 >= m.amount::numeric * t.threshold
          on conflict do nothing
          returning tenant_id, budget_id, period_start, threshold, used, amount
        ),
        told as materialized (
          select tell_of_budget(
            m.tenant_id, m.notify_kinds, m.notify_ids, m.mail,
            format('budget:%s:%s:%s', m.id, to_char(m.period_start at time zone 'UTC', 'YYYYMMDD'), c.threshold),
            case when c.threshold >= 100 then 'error' else 'warning' end,
            format('Budget "%s": %s %% reached', m.name, c.threshold),
            format('%s of %s %s%s are used.%s',
              c.used, c.amount,
              case m.kind when 'storage' then 'bytes' when 'modelCost' then 'US cents for models' else m.kind end,
              case when m.kind <> 'storage' then ' of the ' || m.period else '' end,
              case when m.hard_stop and m.used >= m.amount
                then to_char(
                  m.period_end at time zone 'UTC',
                  case m.kind
                    when 'modelCost' then '" No model is asked until "' else '" Nothing new starts until "' end
                    || 'YYYY-MM-DD HH24:MI" UTC."')
                else '' end)) as people
          from crossed c join measured m on m.tenant_id = c.tenant_id and m.id = c.budget_id
          where c.threshold = (
            select max(x.threshold) from crossed x where x.tenant_id = c.tenant_id and x.budget_id = c.budget_id)
        )
        select (select count(*) from measured)::int, (select count(*) from crossed)::int,
          (select coalesce(sum(people), 0) from told)::int
        """;

    /// <summary>Looks at the budgets of active tenants. Of several thresholds reached at once the highest is told
    /// of.</summary>
    /// <param name="fresh">Those measured more recently are left out.</param>
    public async Task<BudgetRound> RunAsync(TimeSpan fresh, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(MeasureSql);
        command.Parameters.Add(Sql.Int(Limits.CountedOpen));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = fresh });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new BudgetRound(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2));
    }

    private const string ExpireAlertsSql = """
        delete from budget_alerts a
        using (select tenant_id, budget_id, period_start, threshold from budget_alerts
               where at < now() - $2::interval order by at limit $1) x
        where a.tenant_id = x.tenant_id and a.budget_id = x.budget_id and a.period_start = x.period_start
          and a.threshold = x.threshold
        """;

    /// <summary>Deletes up to <paramref name="limit"/> alerts older than <paramref name="keep"/>.</summary>
    public async Task<int> ExpireAlertsAsync(int limit, TimeSpan keep, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ExpireAlertsSql);
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = keep });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Executions;

namespace Workflows.Data.Events;

/// <summary>The statement that takes events off the queue and does all that follows from them.</summary>
internal static class RoutingCommit
{
    // One statement, so that nothing happens for an event that another process took first. What depends on "taken" is filtered by a hashed sub-plan ("is true"
    // keeps it one): with hash joins off, a join would compare each match with each event.
    // Locks in the order of everywhere: concurrency keys (asking admitted for its count has it done first), waits,
    // executions.
    // Waits: first which of the patterns of these types anybody waits for at all, by one probe each; mostly none, and then no event is even read.
    private const string RouteSql = $"""
        with taken as (
          delete from events_to_route r where r.tenant_id = $1 and r.id = any ($2::uuid[]) returning r.id
        ),
        exhausted as materialized (
          select b.name from budget_stops b where b.tenant_id = $1 and b.until > now() order by b.until desc limit 1
        ),
        candidates as (
          select m.event_id, m.target, m.rule_id, m.workflow_id, m.version, m.priority, m.trigger_type,
            case when x.name is null then m.execution_id end as execution_id, m.correlation_id, m.trigger, m.input,
            m.emitted_id,
            case when x.name is null or m.execution_id is null then m.reason
              else 'refused: the budget "' || x.name || '" is used up' end as reason,
            m.concurrency_key, m.concurrency_limit, case when x.name is null then m.policy end as policy, m.notified,
            m.rate
          from unnest($3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::int[], $8::smallint[], $9::text[], $10::uuid[], $11::text[], $12::jsonb[],
              $13::jsonb[], $14::uuid[], $15::text[], $28::text[], $29::int[], $30::text[], $31::int[], $41::text[])
            as m (event_id, target, rule_id, workflow_id, version, priority, trigger_type, execution_id, correlation_id, trigger, input, emitted_id, reason,
              concurrency_key, concurrency_limit, policy, notified, rate)
          left join exhausted x on true
          where (m.event_id in (select t.id from taken t)) is true
        ),
        emitted as (
          select x.*
          from unnest($16::uuid[], $17::uuid[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::jsonb[], $24::jsonb[])
            as x (id, cause_id, event_id, source, type, subject, correlation_key, data, extensions)
          where (x.cause_id in (select t.id from taken t)) is true
        ),
        emitted_new as (
          insert into event_dedupe (tenant_id, source, event_id, id, expires_at)
          select $1, x.source, x.event_id, x.id, now() + $25::interval from emitted x
          on conflict do nothing
          returning id
        ),
        emitted_queued as (
          insert into events_to_route (tenant_id, id) select $1, n.id from emitted_new n
        ),
        emitted_stored as (
          insert into events
            (tenant_id, id, event_id, source, type, subject, correlation_key, time, data_content_type, data, extensions, received_at)
          select $1, x.id, x.event_id, x.source, x.type, x.subject, x.correlation_key, now(), 'application/json', x.data, x.extensions, now()
          from emitted x where (x.id in (select n.id from emitted_new n)) is true
        ),
        told as (
          insert into notifications (tenant_id, user_id, id, source, kind, level, title, body, link, created_at)
          select $1, p.user_id, p.id, n.target || '@' || n.event_id, 'rule', n.level, n.title, n.body, n.link, now()
          from unnest($32::uuid[], $33::text[], $34::text[], $35::text[], $36::text[], $37::text[])
            with ordinality as n (event_id, target, level, title, body, link, place)
          join unnest($38::int[], $39::uuid[], $40::uuid[]) as p (place, user_id, id) on p.place = n.place
          where (n.event_id in (select t.id from taken t)) is true
          on conflict do nothing
        ),
        awaited as materialized (
          select p.type, p.pattern
          from unnest($26::text[], $27::text[]) as p (type, pattern)
          where exists (select from waits w where w.tenant_id = $1 and w.kind = 'event' and w.status = 'open' and w.event_type = p.pattern)
        ),
        brought as materialized (
          select e as event, e.id, e.type, e.correlation_key
          from taken t
          join events e on e.tenant_id = $1 and e.id = t.id
          where exists (select from awaited)
        ),
        incoming as (
          select distinct on (w.execution_id, w.node_id, w.iteration, w.attempt)
            b.id as event_id, w.execution_id, w.node_id, w.iteration, w.attempt, cloud_event(b.event) as payload
          from awaited a
          join brought b on b.type = a.type
          cross join lateral (
            select w.execution_id, w.node_id, w.iteration, w.attempt
            from waits w
            where w.tenant_id = $1 and w.kind = 'event' and w.status = 'open' and w.event_type = a.pattern and w.correlation_key = b.correlation_key
            union all
            select w.execution_id, w.node_id, w.iteration, w.attempt
            from waits w
            where w.tenant_id = $1 and w.kind = 'event' and w.status = 'open' and w.event_type = a.pattern and w.correlation_key is null
          ) w
          order by w.execution_id, w.node_id, w.iteration, w.attempt, b.id
        ),
        limited as (
          select $1::uuid as tenant_id, c.execution_id as id, c.workflow_id, c.concurrency_key, c.concurrency_limit, c.policy,
            c.rate, row_number() over (order by c.execution_id) as turn
          from candidates c where c.policy is not null
        ),
        {StateRules.Admitted},
        resolved as (
          update waits w
          set status = 'resolved', outcome = 'event', payload = i.payload, resolved_at = now()
          from incoming i
          where (select count(*) from admitted) >= 0
            and w.tenant_id = $1 and w.execution_id = i.execution_id and w.node_id = i.node_id
            and w.iteration = i.iteration and w.attempt = i.attempt and w.status = 'open'
          returning i.event_id, w.execution_id, w.node_id
        ),
        accepted as (
          select c.*, a.not_before, coalesce(a.status, 'queued') as status, coalesce(a.status, 'queued') <> 'skipped' and c.execution_id is not null as starts
          from candidates c left join admitted a on a.id = c.execution_id
        ),
        noted as (
          insert into event_matches (tenant_id, event_id, target, rule_id, workflow_id, execution_id, emitted_id, notified, matched, reason)
          select $1, c.event_id, c.target, c.rule_id, c.workflow_id, case when c.starts then c.execution_id end, c.emitted_id, c.notified,
            c.rule_id is not null or c.starts,
            case when c.status = 'skipped' then 'skipped: as many run, or have been started, as its limits allow' else c.reason end
          from accepted c
        ),
        started as (
          insert into executions
            (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, correlation_id, input, queued_at, concurrency_key, concurrency_limit,
             not_before)
          select $1, c.execution_id, c.workflow_id, c.version, c.status, c.priority, c.trigger_type, c.trigger, c.correlation_id, c.input, now(),
            c.concurrency_key, c.concurrency_limit, c.not_before
          from accepted c where c.starts
          returning id, priority, status
        ),
        noted_waits as (
          insert into event_matches (tenant_id, event_id, target, execution_id, matched)
          select distinct $1::uuid, r.event_id, 'wait:' || r.execution_id || '/' || r.node_id, r.execution_id, true from resolved r
          on conflict do nothing
        ),
        woken as (
          update executions e
          set {StateRules.Wake}
          from (select distinct execution_id from resolved order by execution_id) r
          where e.tenant_id = $1 and e.id = r.execution_id and e.status in ('queued', 'running', 'waiting', 'paused')
          returning e.id, e.status, e.priority, e.lease_owner
        )
        select null::uuid, true, s.id, s.status, s.priority, null::uuid from started s
        union all
        select r.event_id, false, w.id, w.status, w.priority, w.lease_owner from woken w join resolved r on r.execution_id = w.id
        """;

    /// <param name="eventIds">Also those whose rows are gone with their partition: they leave the queue.</param>
    private static NpgsqlBatchCommand Command(
        Guid tenantId, IReadOnlyList<Guid> eventIds, IReadOnlyList<StoredEvent> events, IReadOnlyList<RoutedMatch> matches, DateTimeOffset now)
    {
        var types = events.Select(@event => @event.Type).Distinct(StringComparer.Ordinal)
            .SelectMany(type => EventTypes.PatternsOf(type).Select(pattern => (Type: type, Pattern: pattern))).ToList();
        var emitted = matches.Where(match => match.Emission is not null).Select(match => (match.Event, Emission: match.Emission!)).ToList();
        var told = matches.Where(match => match.Notification is not null).Select(match => (match.Event, match.Target, Notification: match.Notification!)).ToList();
        var users = told.SelectMany((row, index) => row.Notification.Users.Select(user => (Place: index + 1, User: user))).ToList();
        return new NpgsqlBatchCommand(RouteSql)
        {
            Parameters =
            {
                Sql.Uuid(tenantId),
                Sql.Uuids(eventIds, id => id),
                Sql.Uuids(matches, match => match.Event.Id),
                Sql.Texts(matches, match => match.Target),
                Sql.UuidsOrNull(matches, match => match.RuleId),
                Sql.UuidsOrNull(matches, match => match.WorkflowId),
                Sql.Ints(matches, match => match.Version),
                Sql.Shorts(matches, match => (short)match.Priority),
                Sql.Texts(matches, match => match.TriggerType),
                Sql.UuidsOrNull(matches, match => match.ExecutionId),
                Sql.Texts(matches, match => match.CorrelationId),
                Sql.Jsons(matches, match => match.Trigger),
                Sql.Jsons(matches, match => match.Input),
                Sql.UuidsOrNull(matches, match => match.Emission?.Id),
                Sql.Texts(matches, match => StorableText.Of(match.Reason)),
                Sql.Uuids(emitted, row => row.Emission.Id),
                Sql.Uuids(emitted, row => row.Event.Id),
                Sql.Texts(emitted, row => row.Emission.EventId),
                Sql.Texts(emitted, row => row.Emission.Source),
                Sql.Texts(emitted, row => row.Emission.Event.Type),
                Sql.Texts(emitted, row => row.Emission.Event.Subject),
                Sql.Texts(emitted, row => row.Emission.Event.CorrelationKey),
                Sql.Jsons(emitted, row => row.Emission.Event.Data),
                Sql.Jsons(emitted, row => row.Emission.Event.Extensions),
                new NpgsqlParameter<TimeSpan> { TypedValue = Limits.EventDedupeLifetime },
                Sql.Texts(types, type => type.Type),
                Sql.Texts(types, type => type.Pattern),
                Sql.Texts(matches, match => match.Concurrency?.Key),
                new NpgsqlParameter<int?[]> { TypedValue = [.. matches.Select(match => match.Concurrency?.Limit)] },
                Sql.Texts(matches, match => match.Concurrency?.Policy),
                new NpgsqlParameter<int?[]> { TypedValue = [.. matches.Select(match => match.Notification?.Users.Count)] },
                Sql.Uuids(told, row => row.Event.Id),
                Sql.Texts(told, row => row.Target),
                Sql.Texts(told, row => row.Notification.Text.Level),
                Sql.Texts(told, row => row.Notification.Text.Title),
                Sql.Texts(told, row => row.Notification.Text.Body),
                Sql.Texts(told, row => row.Notification.Text.Link),
                Sql.Ints(users, user => user.Place),
                Sql.Uuids(users, user => user.User),
                Sql.Uuids(users, _ => Guid.CreateVersion7(now)),
                Sql.Texts(matches, match => match.Concurrency?.Rate?.ToString()),
            },
        };
    }

    /// <summary>Adds the statement to a round.</summary>
    /// <returns>What it did, once the round is executed.</returns>
    public static List<EventEffect> AddTo(
        Round round, Guid tenantId, IReadOnlyList<Guid> eventIds, IReadOnlyList<StoredEvent> events,
        IReadOnlyList<RoutedMatch> matches, DateTimeOffset now)
    {
        var causes = matches.Where(match => match.ExecutionId is not null).ToDictionary(match => match.ExecutionId!.Value, match => match.Event.Id);
        var effects = new List<EventEffect>();
        round.Add(Command(tenantId, eventIds, events, matches, now), 6, row =>
        {
            var execution = row.GetGuid(2);
            effects.Add(new EventEffect(
                row.IsDBNull(0) ? causes[execution] : row.GetGuid(0),
                row.GetBoolean(1),
                new WokenExecution(
                    new ExecutionKey(tenantId, execution), row.GetString(3), (ExecutionPriority)row.GetInt16(4),
                    row.IsDBNull(5) ? null : row.GetGuid(5))));
        });
        return effects;
    }
}

using System.Text.Json;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;

namespace Workflows.Data.Events;

/// <summary>What an event did to one execution: started it, or woke a wait of it.</summary>
public sealed record EventEffect(Guid EventId, bool Started, WokenExecution Execution);

/// <summary>
/// Brings stored events to triggers and waits. Guarantees: an event is routed once, by the transaction that takes it out of the queue; a trigger that does not
/// match leaves the reason. Several processes may route at once; each event goes to one of them.
/// </summary>
public sealed class EventRouter(WorkflowsDatabase database, DispatchStreams dispatch, WorkerSignals signals, TimeProvider clock)
{
    private const string LoadSql = """
        select e.id, e.type, e.correlation_key, cloud_event(e)
        from unnest($2::uuid[]) as k (id)
        join events e on e.tenant_id = $1 and e.id = k.id
        """;

    private const string TriggersSql = """
        select t.workflow_id, t.trigger_id, t.version, t.event_type, t.condition, w.start_settings::text
        from workflow_triggers t
        join workflows w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
        where t.tenant_id = $1 and t.type = 'event' and t.enabled and t.event_type = any ($2)
          and w.enabled and w.deleted_at is null and w.published_version = t.version
        order by t.workflow_id, t.trigger_id
        """;

    /// <summary>Routes those of the events that still wait for it.</summary>
    public async Task<IReadOnlyList<EventEffect>> RouteAsync(Guid tenantId, IReadOnlyList<Guid> eventIds, CancellationToken cancellationToken)
    {
        if (eventIds.Count == 0)
        {
            return [];
        }

        var events = await LoadAsync(tenantId, eventIds, cancellationToken);
        var patterns = events.ToDictionary(@event => @event.Id, @event => TriggerMatcher.PatternsFor(@event.Type).ToHashSet());
        var triggers = await FindTriggersAsync(tenantId, [.. patterns.Values.SelectMany(set => set).Distinct()], cancellationToken);
        var matches = new List<Match>();
        foreach (var @event in events)
        {
            using var document = JsonDocument.Parse(@event.CloudEvent);
            foreach (var trigger in triggers.Where(trigger => patterns[@event.Id].Contains(trigger.Pattern)).Take(Limits.TriggersPerEvent))
            {
                matches.Add(MatchOf(@event, trigger, document.RootElement));
            }
        }

        var effects = await CommitAsync(tenantId, eventIds, patterns, matches, cancellationToken);
        Announce(effects);
        return effects;
    }

    private Match MatchOf(StoredEvent @event, EventTrigger trigger, JsonElement cloudEvent)
    {
        if (TriggerMatcher.Refusal(trigger, cloudEvent) is { } refusal)
        {
            return new Match(@event, trigger, refusal);
        }

        try
        {
            var settings = StartSettings.Parse(trigger.StartSettings);
            var input = TriggerMatcher.InputJson(cloudEvent);
            return new Match(@event, trigger, "")
            {
                ExecutionId = Guid.CreateVersion7(clock.GetUtcNow()),
                Priority = settings.Priority,
                TriggerJson = TriggerMatcher.TriggerJson(trigger.TriggerId, cloudEvent),
                InputJson = input,
                Concurrency = settings.ClaimOf(input),
            };
        }
        catch (ConcurrencyKeyException exception)
        {
            return new Match(@event, trigger, exception.Message); // it would run outside its limit
        }
    }

    // One statement, so that nothing happens for an event that another process took first. Locks in the order of everywhere: waits (asking resolved for its count has
    // it done first), concurrency keys, executions.
    private const string RouteSql = """
        with taken as (
          delete from events_to_route r where r.tenant_id = $1 and r.id = any ($2::uuid[]) returning r.id
        ),
        candidates as (
          select m.* from unnest($3::uuid[], $4::text[], $5::uuid[], $6::int[], $7::smallint[], $8::uuid[], $9::text[], $10::text[], $11::jsonb[], $12::jsonb[],
            $15::text[], $16::int[], $17::text[])
            as m (event_id, target, workflow_id, version, priority, execution_id, reason, correlation_key, trigger, input, concurrency_key, concurrency_limit, policy)
          join taken t on t.id = m.event_id
        ),
        incoming as (
          select distinct on (w.execution_id, w.node_id, w.iteration, w.attempt)
            e.id as event_id, w.execution_id, w.node_id, w.iteration, w.attempt, cloud_event(e) as payload
          from taken t
          join events e on e.tenant_id = $1 and e.id = t.id
          join unnest($13::uuid[], $14::text[]) as p (event_id, pattern) on p.event_id = t.id
          join waits w on w.tenant_id = $1 and w.kind = 'event' and w.status = 'open' and w.event_type = p.pattern
            and (w.correlation_key is null or w.correlation_key = e.correlation_key)
          order by w.execution_id, w.node_id, w.iteration, w.attempt, e.id
        ),
        resolved as (
          update waits w
          set status = 'resolved', outcome = 'event', payload = i.payload, resolved_at = now()
          from incoming i
          where w.tenant_id = $1 and w.execution_id = i.execution_id and w.node_id = i.node_id
            and w.iteration = i.iteration and w.attempt = i.attempt and w.status = 'open'
          returning i.event_id, w.execution_id, w.node_id
        ),
        limited as (
          select c.execution_id, row_number() over (order by c.execution_id) as turn, c.workflow_id, c.concurrency_key, c.concurrency_limit, c.policy
          from candidates c where c.concurrency_key is not null and (select count(*) from resolved) >= 0
        ),
        admitted as (
          select l.execution_id, a.status
          from (
            select array_agg(l.workflow_id order by l.turn) as workflows, array_agg(l.concurrency_key order by l.turn) as keys,
              array_agg(l.concurrency_limit order by l.turn) as limits, array_agg(l.policy order by l.turn) as policies
            from limited l
          ) g
          cross join lateral admit_executions($1, g.workflows, g.keys, g.limits, g.policies) a
          join limited l on l.turn = a.place
          where g.workflows is not null
        ),
        accepted as (
          select c.*, coalesce(a.status, 'queued') as status, coalesce(a.status, 'queued') <> 'skipped' and c.execution_id is not null as starts
          from candidates c left join admitted a on a.execution_id = c.execution_id
        ),
        noted as (
          insert into event_matches (tenant_id, event_id, target, workflow_id, execution_id, matched, reason)
          select $1, c.event_id, c.target, c.workflow_id, case when c.starts then c.execution_id end, c.starts,
            case when c.status = 'skipped' then 'skipped: as many run as its concurrency limit allows' else c.reason end
          from accepted c
        ),
        started as (
          insert into executions
            (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, correlation_id, input, queued_at, concurrency_key, concurrency_limit)
          select $1, c.execution_id, c.workflow_id, c.version, c.status, c.priority, 'event', c.trigger, c.correlation_key, c.input, now(),
            c.concurrency_key, c.concurrency_limit
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
          set wakes = e.wakes + 1,
              status = case when e.status = 'waiting' then 'queued' else e.status end,
              queued_at = case when e.status = 'waiting' then now() else e.queued_at end
          from (select distinct execution_id from resolved order by execution_id) r
          where e.tenant_id = $1 and e.id = r.execution_id and e.status in ('queued', 'running', 'waiting', 'paused')
          returning e.id, e.status, e.priority, e.lease_owner
        )
        select c.event_id, true, s.id, s.status, s.priority, null::uuid from started s join candidates c on c.execution_id = s.id
        union all
        select r.event_id, false, w.id, w.status, w.priority, w.lease_owner from woken w join resolved r on r.execution_id = w.id
        """;

    private async Task<List<EventEffect>> CommitAsync(
        Guid tenantId, IReadOnlyList<Guid> eventIds, Dictionary<Guid, HashSet<string>> patterns, List<Match> matches, CancellationToken cancellationToken)
    {
        var types = patterns.SelectMany(entry => entry.Value.Select(pattern => (Event: entry.Key, Pattern: pattern))).ToList();
        var command = new NpgsqlBatchCommand(RouteSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuids(eventIds, id => id)); // also those whose partition is gone: they leave the queue
        command.Parameters.Add(Sql.Uuids(matches, match => match.Event.Id));
        command.Parameters.Add(Sql.Texts(matches, match => $"trigger:{match.Trigger.WorkflowId}/{match.Trigger.TriggerId}"));
        command.Parameters.Add(Sql.Uuids(matches, match => match.Trigger.WorkflowId));
        command.Parameters.Add(Sql.Ints(matches, match => match.Trigger.Version));
        command.Parameters.Add(Sql.Shorts(matches, match => (short)match.Priority));
        command.Parameters.Add(Sql.UuidsOrNull(matches, match => match.ExecutionId));
        command.Parameters.Add(Sql.Texts(matches, match => match.Refusal));
        command.Parameters.Add(Sql.Texts(matches, match => match.Event.CorrelationKey));
        command.Parameters.Add(Sql.Jsons(matches, match => match.TriggerJson));
        command.Parameters.Add(Sql.Jsons(matches, match => match.InputJson));
        command.Parameters.Add(Sql.Uuids(types, type => type.Event));
        command.Parameters.Add(Sql.Texts(types, type => type.Pattern));
        command.Parameters.Add(Sql.Texts(matches, match => match.Concurrency?.Key));
        command.Parameters.Add(new NpgsqlParameter<int?[]> { TypedValue = [.. matches.Select(match => match.Concurrency?.Limit)] });
        command.Parameters.Add(Sql.Texts(matches, match => match.Concurrency?.Policy));
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantScope.SetTenant(tenantId), command } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var effects = new List<EventEffect>();
        while (await reader.ReadAsync(cancellationToken))
        {
            effects.Add(new EventEffect(
                reader.GetGuid(0),
                reader.GetBoolean(1),
                new WokenExecution(
                    new ExecutionKey(tenantId, reader.GetGuid(2)), reader.GetString(3), (ExecutionPriority)reader.GetInt16(4),
                    reader.IsDBNull(5) ? null : reader.GetGuid(5))));
        }

        return effects;
    }

    private void Announce(List<EventEffect> effects)
    {
        dispatch.Announce(effects.Where(effect => effect.Execution.Status == "queued")
            .Select(effect => new DispatchHint(effect.Execution.Key, effect.Execution.Priority)));
        foreach (var effect in effects)
        {
            if (effect.Execution.Owner is { } workerId)
            {
                signals.Nudge(workerId, effect.Execution.Key);
            }
        }
    }

    private async Task<List<StoredEvent>> LoadAsync(Guid tenantId, IReadOnlyList<Guid> eventIds, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(LoadSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuids(eventIds, id => id));
        return await ReadAsync(tenantId, command, reader => new StoredEvent(
            reader.GetGuid(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetFieldValue<byte[]>(3)),
            cancellationToken);
    }

    private async Task<List<EventTrigger>> FindTriggersAsync(Guid tenantId, string[] patterns, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(TriggersSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = patterns });
        return await ReadAsync(tenantId, command, reader => new EventTrigger(
            reader.GetGuid(0), reader.GetString(1), reader.GetInt32(2), reader.GetString(3),
            reader.IsDBNull(4) ? null : reader.GetString(4), reader.IsDBNull(5) ? null : reader.GetString(5)),
            cancellationToken);
    }

    private async Task<List<T>> ReadAsync<T>(
        Guid tenantId, NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantScope.SetTenant(tenantId), command } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    private sealed record StoredEvent(Guid Id, string Type, string? CorrelationKey, byte[] CloudEvent);

    private sealed record Match(StoredEvent Event, EventTrigger Trigger, string Refusal)
    {
        public Guid? ExecutionId { get; init; }

        public ExecutionPriority Priority { get; init; }

        public byte[]? TriggerJson { get; init; }

        public byte[]? InputJson { get; init; }

        public ConcurrencyClaim? Concurrency { get; init; }
    }
}

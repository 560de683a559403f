using Workflows.Data.Database;
using Workflows.Data.Executions;

namespace Workflows.Data.Events;

/// <summary>
/// The worker's side of routing: events that wait for it, and waits opened after their event came. Guarantees: an event received since the execution was
/// accepted is found by a wait with its correlation key, in whichever order the two were committed.
/// </summary>
public sealed class EventBacklog(WorkflowsDatabase database)
{
    // Tenant by tenant (a loose index scan: one probe per tenant), so that a flood of one hides no other. Those whose events are being routed are left out.
    private const string PendingSql = """
        with recursive tenants as (
          (select r.tenant_id from events_to_route r where r.tenant_id > $2 order by r.tenant_id limit 1)
          union all
          select (select r.tenant_id from events_to_route r where r.tenant_id > t.tenant_id order by r.tenant_id limit 1)
          from tenants t
          where t.tenant_id is not null
        ),
        chosen as (
          select t.tenant_id
          from tenants t
          join public.tenants a on a.tenant_id = t.tenant_id and a.status = 'active'
          where t.tenant_id is not null and t.tenant_id <> all ($3::uuid[])
            and exists (select from events_to_route r where r.tenant_id = t.tenant_id and r.due_at <= now() and r.set_aside_at is null)
          limit $4
        )
        select p.tenant_id, p.id
        from chosen c
        cross join lateral (
          select r.tenant_id, r.id from events_to_route r
          where r.tenant_id = c.tenant_id and r.due_at <= now() and r.set_aside_at is null
          order by r.id
          limit $1
        ) p
        """;

    /// <summary>Events that are due for routing and that nobody routed yet: emitted ones, and those whose receiver did not.</summary>
    /// <param name="perTenant">Events of each tenant, the oldest first.</param>
    /// <param name="after">Tenants after this one, so that they have their turns.</param>
    /// <param name="except">Tenants to leave out.</param>
    /// <param name="tenants">How many tenants.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    public async Task<ILookup<Guid, Guid>> PendingAsync(
        int perTenant, Guid after, IReadOnlyCollection<Guid> except, int tenants, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(PendingSql);
        command.Parameters.Add(Sql.Int(perTenant));
        command.Parameters.Add(Sql.Uuid(after));
        command.Parameters.Add(Sql.Uuids([.. except], id => id));
        command.Parameters.Add(Sql.Int(tenants));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var pending = new List<(Guid Tenant, Guid Event)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            pending.Add((reader.GetGuid(0), reader.GetGuid(1)));
        }

        return pending.ToLookup(row => row.Tenant, row => row.Event);
    }

    private const string FailSql = """
        update events_to_route r
        set failures = r.failures + 1, error = $3, due_at = now() + least(r.failures, 6) * interval '5 seconds',
            set_aside_at = case when r.failures + 1 >= $4 then now() end
        where r.tenant_id = $1 and r.id = $2
        returning r.set_aside_at is not null
        """;

    /// <summary>Notes that one event could not be routed by itself; after <see cref="Limits.RoutingFailures"/> times it is set aside.</summary>
    /// <returns>Whether it is set aside now.</returns>
    public async Task<bool> FailAsync(Guid tenantId, Guid eventId, string error, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(FailSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(eventId));
        command.Parameters.Add(Sql.Text(error.Replace("\0", "", StringComparison.Ordinal)));
        command.Parameters.Add(Sql.Int(Limits.RoutingFailures));
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private const string SetAsideSql = "select count(*) from (select from events_to_route r where r.set_aside_at is not null limit $1) s";

    /// <summary>How many events are set aside, of all tenants, counted up to a bound.</summary>
    public async Task<long> CountSetAsideAsync(int bound, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(SetAsideSql);
        command.Parameters.Add(Sql.Int(bound));
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    // The key of an execution carries the time of its acceptance, so "events since then" is a range of the index on (type, correlation key, id),
    // from the first key of its millisecond: within one, keys are in no order, and half of the events of that moment would be missed.
    // An event that this execution consumed before does not serve a second wait. Whoever looks back may have lost the execution meanwhile (it was
    // paused), and its next owner parked it: then it goes back to the queue, since the routing finds the wait resolved and wakes nobody.
    // From a second before the execution: another instance of the API, whose clock is behind by less, may have received what came after it.
    private const string LookBackSql = $"""
        with found as (
          select w.tenant_id, w.execution_id, w.node_id, w.iteration, w.attempt, e.event_id, e.payload
          from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[]) as k (tenant_id, execution_id, node_id, iteration, attempt)
          join waits w on w.tenant_id = k.tenant_id and w.execution_id = k.execution_id and w.node_id = k.node_id
            and w.iteration = k.iteration and w.attempt = k.attempt
          cross join lateral (
            select e.id as event_id, cloud_event(e) as payload
            from events e
            where e.tenant_id = w.tenant_id and e.correlation_key = w.correlation_key and e.id >= uuid_at(uuid_time(w.execution_id) - interval '1 second')
              and case when w.event_type like '%*%' then e.type ~ event_type_regex(w.event_type) else e.type = w.event_type end
              and not exists (select from event_matches m
                              where m.tenant_id = e.tenant_id and m.event_id = e.id and m.execution_id = w.execution_id)
            order by e.id
            limit 1
          ) e
          where w.status = 'open' and w.kind = 'event'
        ),
        resolved as (
          update waits w
          set status = 'resolved', outcome = 'event', payload = f.payload, resolved_at = now()
          from (select * from found order by tenant_id, execution_id, node_id, iteration, attempt) f
          where w.tenant_id = f.tenant_id and w.execution_id = f.execution_id and w.node_id = f.node_id
            and w.iteration = f.iteration and w.attempt = f.attempt and w.status = 'open'
          returning w.tenant_id, w.execution_id, w.node_id, w.iteration, w.attempt, f.event_id
        ),
        noted as (
          insert into event_matches (tenant_id, event_id, target, execution_id, matched)
          select distinct r.tenant_id, r.event_id, 'wait:' || r.execution_id || '/' || r.node_id, r.execution_id, true from resolved r
          on conflict do nothing
        )
        update executions e
        set {StateRules.Wake}
        from (select distinct tenant_id, execution_id from resolved order by tenant_id, execution_id) r
        where e.tenant_id = r.tenant_id and e.id = r.execution_id and e.status in ('queued', 'running', 'waiting', 'paused')
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    /// <summary>Resolves those of the open waits whose event came before them; call after they are durable and before parking.</summary>
    /// <returns>The executions of which a wait was resolved.</returns>
    public async Task<IReadOnlyList<WokenExecution>> LookBackAsync(IReadOnlyList<WaitKey> waits, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(LookBackSql);
        command.Parameters.Add(Sql.Uuids(waits, wait => wait.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(waits, wait => wait.Key.Id));
        command.Parameters.Add(Sql.Texts(waits, wait => wait.NodeId));
        command.Parameters.Add(Sql.Texts(waits, wait => wait.Iteration));
        command.Parameters.Add(Sql.Ints(waits, wait => wait.Attempt));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await WokenExecutions.ReadAsync(reader, cancellationToken);
    }
}

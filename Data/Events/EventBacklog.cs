using Workflows.Data.Database;
using Workflows.Data.Executions;

namespace Workflows.Data.Events;

/// <summary>
/// The worker's side of routing: events that wait for it, and waits opened after their event came. Guarantees: an event received since the execution was
/// accepted is found by a wait with its correlation key, in whichever order the two were committed.
/// </summary>
public sealed class EventBacklog(WorkflowsDatabase database)
{
    private const string PendingSql = """
        select r.tenant_id, r.id from events_to_route r where r.id < $1 order by r.tenant_id, r.id limit $2
        """;

    /// <summary>Events accepted before an instant that nobody routed yet: emitted ones, and those whose receiver died.</summary>
    public async Task<ILookup<Guid, Guid>> PendingAsync(DateTimeOffset acceptedBefore, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(PendingSql);
        command.Parameters.Add(Sql.Uuid(Guid.CreateVersion7(acceptedBefore)));
        command.Parameters.Add(Sql.Int(limit));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var pending = new List<(Guid Tenant, Guid Event)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            pending.Add((reader.GetGuid(0), reader.GetGuid(1)));
        }

        return pending.ToLookup(row => row.Tenant, row => row.Event);
    }

    // The key of an execution carries the time of its acceptance, so "events since then" is a range of the index on (type, correlation key, id).
    // An event that this execution consumed before does not serve a second wait. Whoever looks back may have lost the execution meanwhile (it was
    // paused), and its next owner parked it: then it goes back to the queue, since the routing finds the wait resolved and wakes nobody.
    private const string LookBackSql = """
        with found as (
          select w.tenant_id, w.execution_id, w.node_id, w.iteration, w.attempt, e.event_id, e.payload
          from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[]) as k (tenant_id, execution_id, node_id, iteration, attempt)
          join waits w on w.tenant_id = k.tenant_id and w.execution_id = k.execution_id and w.node_id = k.node_id
            and w.iteration = k.iteration and w.attempt = k.attempt
          cross join lateral (
            select e.id as event_id, cloud_event(e) as payload
            from events e
            where e.tenant_id = w.tenant_id and e.type = w.event_type and e.correlation_key = w.correlation_key and e.id >= w.execution_id
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
        set wakes = e.wakes + 1,
            status = case when e.status = 'waiting' then 'queued' else e.status end,
            queued_at = case when e.status = 'waiting' then now() else e.queued_at end
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

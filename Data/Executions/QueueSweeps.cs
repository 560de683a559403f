using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>
/// Finds queued executions in the table itself and claims them, in turn among tenants: what no stream told of. The guarantees of <see cref="ExecutionClaims"/> hold; rows that
/// another session holds are passed over, and so is whatever a suspended tenant has queued.
/// </summary>
public sealed class QueueSweeps(WorkflowsDatabase database)
{
    private const string TakePicked = """
        locked as (
          select e.tenant_id, e.id
          from picked p join executions e on e.tenant_id = p.tenant_id and e.id = p.id
          where coalesce(e.status, '') = 'queued'
          for update of e skip locked
        )
        update executions e
        set status = 'running', lease_owner = $1, fence = e.fence + 1, started_at = coalesce(e.started_at, now())
        from locked l
        where e.tenant_id = l.tenant_id and e.id = l.id and coalesce(e.status, '') = 'queued'
        returning e.tenant_id, e.id, e.workflow_id, e.version, e.fence, e.wakes, e.attempt, e.priority, e.trigger_type, e.trigger,
          e.correlation_id, e.input, e.reply_to, e.stop_request, e.stop_reason, e.queued_at, e.started_at, e.retried_at,
          e.concurrency_key is not null, e.rescues
        """;

    // Walks the tenants that have queued work (a loose index scan: one probe per tenant) and takes the oldest of each in turn, so that
    // a flood of one tenant does not hide another's single execution. Within a tenant four of high priority go before one of normal and sixteen before one of low: nothing
    // starves. Only rows accepted before $2: younger ones are on their way through a stream.
    private const string SweepSql = """
        with recursive tenants as (
          (select e.tenant_id from executions e where e.status = 'queued' order by e.tenant_id limit 1)
          union all
          select (select e.tenant_id from executions e where e.status = 'queued' and e.tenant_id > t.tenant_id order by e.tenant_id limit 1)
          from tenants t
          where t.tenant_id is not null
        ),
        picked as (
          select q.tenant_id, q.id
          from tenants t
          cross join lateral (
            select o.tenant_id, o.id, row_number() over (order by o.place * p.weight, p.weight) as turn
            from (values (1, 1), (0, 4), (-1, 16)) as p (priority, weight)
            cross join lateral (
              select e.tenant_id, e.id, row_number() over (order by e.id) as place
              from executions e
              where e.tenant_id = t.tenant_id and e.status = 'queued' and e.priority = p.priority::smallint and e.id < $2
              order by e.id
              limit $3
            ) o
            order by turn
            limit $3
          ) q
          where t.tenant_id is not null and t.tenant_id <> all ($4::uuid[])
            and exists (select from public.tenants a where a.tenant_id = t.tenant_id and a.status = 'active')
          order by q.turn, q.tenant_id
          limit $3
        ),
        """ + TakePicked;

    /// <summary>Finds and claims up to <paramref name="limit"/> executions accepted before an instant, in turn among tenants.</summary>
    /// <param name="except">Tenants whose executions are claimed by <see cref="SweepLimitedAsync"/>.</param>
    public Task<List<ClaimedExecution>> SweepAsync(
        Guid workerId, DateTimeOffset acceptedBefore, int limit, CancellationToken cancellationToken, IReadOnlyList<Guid>? except = null)
    {
        var command = new NpgsqlBatchCommand(SweepSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuid(Guid.CreateVersion7(acceptedBefore)));
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(Sql.Uuids(except ?? [], id => id));
        return ClaimBatch.ExecuteAsync(database, workerId, command, cancellationToken);
    }

    // The same turns among tenants and priorities, over what was queued in a span of time: that index is read from the span's start, so what the whole queue left behind in
    // it costs nothing.
    private const string SweepRecentSql = """
        with candidates as (
          select e.tenant_id, e.id, e.priority
          from executions e
          where e.status = 'queued' and e.queued_at > $2 and e.queued_at <= $3 and e.tenant_id <> all ($5::uuid[])
            and exists (select from tenants a where a.tenant_id = e.tenant_id and a.status = 'active')
          order by e.queued_at
          limit $6
        ),
        placed as (
          select c.tenant_id, c.id, c.priority, row_number() over (partition by c.tenant_id, c.priority order by c.id) as place from candidates c
        ),
        picked as (
          select q.tenant_id, q.id
          from (
            select c.tenant_id, c.id, row_number() over (partition by c.tenant_id order by c.place * p.weight, p.weight) as turn
            from placed c join (values (1, 1), (0, 4), (-1, 16)) as p (priority, weight) on p.priority = c.priority
          ) q
          order by q.turn, q.tenant_id
          limit $4
        ),
        """ + TakePicked;

    /// <summary>
    /// As <see cref="SweepAsync"/>, over what was queued between two instants. Cheap also while PostgreSQL may not remove dead rows, when a sweep over the whole queue reads an
    /// entry for each execution since.
    /// </summary>
    public Task<List<ClaimedExecution>> SweepRecentAsync(
        Guid workerId, DateTimeOffset queuedAfter, DateTimeOffset queuedUntil, int limit, CancellationToken cancellationToken, IReadOnlyList<Guid>? except = null)
    {
        var command = new NpgsqlBatchCommand(SweepRecentSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Instant(queuedAfter));
        command.Parameters.Add(Sql.Instant(queuedUntil));
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(Sql.Uuids(except ?? [], id => id));
        command.Parameters.Add(Sql.Int(Limits.SweptCandidates));
        return ClaimBatch.ExecuteAsync(database, workerId, command, cancellationToken);
    }

    // An index of its own holds what SQL started and nobody claimed yet; mostly it is empty, and one look at it is one page. In turn among tenants, as the sweep.
    private const string EnqueuedSql = """
        with recursive tenants as (
          (select e.tenant_id from executions e where e.status = 'queued' and e.trigger_type = 'sql' order by e.tenant_id limit 1)
          union all
          select (select e.tenant_id from executions e where e.status = 'queued' and e.trigger_type = 'sql' and e.tenant_id > t.tenant_id order by e.tenant_id limit 1)
          from tenants t
          where t.tenant_id is not null
        )
        select q.tenant_id, q.id
        from tenants t
        cross join lateral (
          select e.tenant_id, e.id, row_number() over (order by e.id) as turn
          from executions e
          where e.tenant_id = t.tenant_id and e.status = 'queued' and e.trigger_type = 'sql'
          order by e.id
          limit $1
        ) q
        where t.tenant_id is not null and t.tenant_id <> all ($2::uuid[])
          and exists (select from public.tenants a where a.tenant_id = t.tenant_id and a.status = 'active')
        order by q.turn, q.tenant_id
        limit $1
        """;

    /// <summary>Executions started from SQL, of which no stream tells: nobody but the committing session knows when they appear.</summary>
    /// <param name="except">Tenants to leave out: those with a limit on what runs, which are claimed by counting.</param>
    public async Task<List<ExecutionKey>> ListEnqueuedAsync(int limit, IReadOnlyList<Guid> except, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(EnqueuedSql);
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(Sql.Uuids(except, id => id));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<ExecutionKey>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)));
        }

        return keys;
    }

    // Who claims for a tenant with a limit counts what runs of it under that tenant's lock (one of 256), so that two workers never fill the same room.
    private const string LockTenantsSql = """
        select pg_advisory_xact_lock(1466524787, k.slot)
        from (select distinct (hashtextextended(t.id::text, 0) & 255)::int as slot from unnest($1::uuid[]) as t (id) order by 1) k
        """;

    private const string SweepLimitedSql = """
        with limited as (
          select l.tenant_id, l.max_running from unnest($2::uuid[], $3::int[]) as l (tenant_id, max_running)
          join tenants a on a.tenant_id = l.tenant_id and a.status = 'active'
        ),
        running as (
          select e.tenant_id, count(*) as n from executions e
          where e.lease_owner is not null and e.status = 'running' and e.tenant_id = any ($2::uuid[]) group by e.tenant_id
        ),
        picked as (
          select q.tenant_id, q.id
          from limited l
          left join running r on r.tenant_id = l.tenant_id
          cross join lateral (
            select o.tenant_id, o.id
            from (values (1, 1), (0, 4), (-1, 16)) as p (priority, weight)
            cross join lateral (
              select e.tenant_id, e.id, row_number() over (order by e.id) as place
              from executions e
              where e.tenant_id = l.tenant_id and e.status = 'queued' and e.priority = p.priority::smallint
              order by e.id
              limit $4
            ) o
            order by o.place * p.weight, p.weight
            limit least(greatest(l.max_running - coalesce(r.n, 0), 0), $4)
          ) q
          limit $4
        ),
        """ + TakePicked;

    /// <summary>Finds and claims executions of tenants that may have only so many running at once, on all workers together.</summary>
    /// <param name="limits">Tenants with what may run of each.</param>
    public Task<List<ClaimedExecution>> SweepLimitedAsync(
        Guid workerId, IReadOnlyList<KeyValuePair<Guid, int>> limits, int limit, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(SweepLimitedSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(limits, tenant => tenant.Key));
        command.Parameters.Add(Sql.Ints(limits, tenant => tenant.Value));
        command.Parameters.Add(Sql.Int(limit));
        var locks = new NpgsqlBatchCommand(LockTenantsSql) { Parameters = { Sql.Uuids(limits, tenant => tenant.Key) } };
        return ClaimBatch.ExecuteAsync(database, workerId, command, cancellationToken, locks);
    }
}

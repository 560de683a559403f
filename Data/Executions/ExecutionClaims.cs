using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>An execution that this worker now owns, as its row says.</summary>
public sealed record ClaimedExecution
{
    public required ExecutionKey Key { get; init; }

    public required Guid WorkflowId { get; init; }

    public required int Version { get; init; }

    /// <summary>Raised by every claim; 1 means that nobody has run this execution yet, so it has neither steps nor waits.</summary>
    public required long Fence { get; init; }

    /// <summary>How often a wait of it was resolved so far; parking compares it to see whether it would sleep over a wake-up.</summary>
    public required int Wakes { get; init; }

    /// <summary>Attempt of the whole execution, from 1.</summary>
    public required int Run { get; init; }

    public required ExecutionPriority Priority { get; init; }

    public required string TriggerType { get; init; }

    public byte[]? Trigger { get; init; }

    public string? CorrelationId { get; init; }

    public required byte[] Input { get; init; }

    public string? ReplyTo { get; init; }

    /// <summary>"cancel" or "timeout" when somebody asked for the end.</summary>
    public string? StopRequest { get; init; }

    public string? StopReason { get; init; }

    public required DateTimeOffset QueuedAt { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When a person last had it retried.</summary>
    public DateTimeOffset? RetriedAt { get; init; }

    /// <summary>It has a concurrency limit: its end makes room for another.</summary>
    public bool IsLimited { get; init; }
}

/// <summary>
/// Takes queued executions for a worker. Guarantees: of any number of workers that claim the same id, one gets it; a fenced worker gets none.
/// A claim waits for the disk: were it lost in a crash of the server, the worker would go on under a fence that the next claim bears too, and both would record
/// steps. Whether a claim was made is unknown when the connection breaks before its answer: <see cref="ListOwnedAsync"/> tells.
/// Locks rows in the order of (tenant, id).
/// </summary>
public sealed class ExecutionClaims(WorkflowsDatabase database)
{
    private const string LeaseSql = "select hold_worker_lease($1)";

    // By the primary key: were the status compared plainly, the partial index on queued rows would be taken, and the whole queue of the tenant be read for each id
    // (priority stands before the id there). Measured: twice the CPU per one-node execution.
    private const string ClaimSql = """
        update executions e
        set status = 'running', lease_owner = $1, fence = e.fence + 1, started_at = coalesce(e.started_at, now())
        from unnest($2::uuid[], $3::uuid[]) as c (tenant_id, id)
        where e.tenant_id = c.tenant_id and e.id = c.id and coalesce(e.status, '') = 'queued'
        returning e.tenant_id, e.id, e.workflow_id, e.version, e.fence, e.wakes, e.attempt, e.priority, e.trigger_type, e.trigger,
          e.correlation_id, e.input, e.reply_to, e.stop_request, e.stop_reason, e.queued_at, e.started_at, e.retried_at,
          e.concurrency_key is not null
        """;

    /// <summary>Claims by id, as the streams hint.</summary>
    public async Task<List<ClaimedExecution>> ClaimAsync(Guid workerId, List<ExecutionKey> keys, CancellationToken cancellationToken)
    {
        keys.Sort(static (left, right) => left.CompareTo(right));
        var command = new NpgsqlBatchCommand(ClaimSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(keys, key => key.TenantId));
        command.Parameters.Add(Sql.Uuids(keys, key => key.Id));
        return await ExecuteAsync(workerId, command, cancellationToken);
    }

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
          order by q.turn, q.tenant_id
          limit $3
        ),
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
          e.concurrency_key is not null
        """;

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
        return ExecuteAsync(workerId, command, cancellationToken);
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
          e.concurrency_key is not null
        """;

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
        return ExecuteAsync(workerId, command, cancellationToken, locks);
    }

    private async Task<List<ClaimedExecution>> ExecuteAsync(
        Guid workerId, NpgsqlBatchCommand claim, CancellationToken cancellationToken, NpgsqlBatchCommand? before = null)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        var lease = new NpgsqlBatchCommand(LeaseSql);
        lease.Parameters.Add(Sql.Uuid(workerId));
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { lease } };
        if (before is not null)
        {
            batch.BatchCommands.Add(before);
        }

        batch.BatchCommands.Add(claim);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        for (var skipped = 1; skipped < batch.BatchCommands.Count; skipped++)
        {
            await reader.NextResultAsync(cancellationToken);
        }

        var claimed = new List<ClaimedExecution>();
        while (await reader.ReadAsync(cancellationToken))
        {
            claimed.Add(Read(reader));
        }

        return claimed;
    }

    private static ClaimedExecution Read(NpgsqlDataReader reader) => new()
    {
        Key = new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)),
        WorkflowId = reader.GetGuid(2),
        Version = reader.GetInt32(3),
        Fence = reader.GetInt64(4),
        Wakes = reader.GetInt32(5),
        Run = reader.GetInt32(6),
        Priority = (ExecutionPriority)reader.GetInt16(7),
        TriggerType = reader.GetString(8),
        Trigger = reader.IsDBNull(9) ? null : reader.GetFieldValue<byte[]>(9),
        CorrelationId = reader.IsDBNull(10) ? null : reader.GetString(10),
        Input = reader.GetFieldValue<byte[]>(11),
        ReplyTo = reader.IsDBNull(12) ? null : reader.GetString(12),
        StopRequest = reader.IsDBNull(13) ? null : reader.GetString(13),
        StopReason = reader.IsDBNull(14) ? null : reader.GetString(14),
        QueuedAt = reader.GetFieldValue<DateTimeOffset>(15),
        StartedAt = reader.GetFieldValue<DateTimeOffset>(16),
        RetriedAt = reader.IsDBNull(17) ? null : reader.GetFieldValue<DateTimeOffset>(17),
        IsLimited = reader.GetBoolean(18),
    };

    private const string OwnedSql = "select e.tenant_id, e.id, e.fence from executions e where e.lease_owner = $1 and e.status = 'running'";

    /// <summary>All executions that are this worker's by their rows, with their fences.</summary>
    public async Task<IReadOnlyList<(ExecutionKey Key, long Fence)>> ListOwnedAsync(Guid workerId, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(OwnedSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var owned = new List<(ExecutionKey, long)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            owned.Add((new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)), reader.GetInt64(2)));
        }

        return owned;
    }

    private const string HandBackSql = """
        update executions e
        set status = 'queued', lease_owner = null, fence = e.fence + 1, queued_at = now()
        from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as h (tenant_id, id, fence)
        where e.tenant_id = h.tenant_id and e.id = h.id and e.fence = h.fence and e.lease_owner = $1 and e.status = 'running'
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    /// <summary>Queues executions of this worker again that it does not run, as far as they still bear these fences.</summary>
    public async Task<IReadOnlyList<WokenExecution>> HandBackAsync(
        Guid workerId, List<(ExecutionKey Key, long Fence)> owned, CancellationToken cancellationToken)
    {
        owned.Sort(static (left, right) => left.Key.CompareTo(right.Key));
        await using var command = database.HotPath.CreateCommand(HandBackSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(owned, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(owned, row => row.Key.Id));
        command.Parameters.Add(Sql.Longs(owned, row => row.Fence));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await WokenExecutions.ReadAsync(reader, cancellationToken);
    }

    private const string LookSql = """
        select e.tenant_id, e.id, e.wakes, e.stop_request, e.stop_reason
        from executions e
        where e.lease_owner = $1 and e.status = 'running' and (e.stop_request is not null or e.wakes > 0)
        """;

    /// <summary>What happened from outside to executions this worker owns: stop requests and resolved waits.</summary>
    public async Task<IReadOnlyList<OwnedChange>> LookAsync(Guid workerId, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(LookSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var changes = new List<OwnedChange>();
        while (await reader.ReadAsync(cancellationToken))
        {
            changes.Add(new OwnedChange(
                new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)),
                reader.GetInt32(2),
                reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.IsDBNull(4) ? null : reader.GetString(4)));
        }

        return changes;
    }
}

/// <summary>The present outside marks of an owned execution.</summary>
public sealed record OwnedChange(ExecutionKey Key, int Wakes, string? StopRequest, string? StopReason);

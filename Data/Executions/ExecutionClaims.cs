using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>
/// Takes queued executions for a worker. Guarantees: of any number of workers that claim the same id, one gets it; a fenced worker gets none.
/// A claim waits for the disk: were it lost in a crash of the server, the worker would go on under a fence that the next claim bears too, and both would record
/// steps. Whether a claim was made is unknown when the connection breaks before its answer: <see cref="ListOwnedAsync"/> tells.
/// Locks rows in the order of (tenant, id). What a suspended tenant has queued is claimed by nobody; a sweep finds it
/// when it is active again.
/// </summary>
public sealed class ExecutionClaims(WorkflowsDatabase database)
{
    // By the primary key: were the status compared plainly, the partial index on queued rows would be taken, and the whole queue of the tenant be read for each id
    // (priority stands before the id there). Measured: twice the CPU per one-node execution.
    private const string ClaimSql = """
        update executions e
        set status = 'running', lease_owner = $1, fence = e.fence + 1, started_at = coalesce(e.started_at, now())
        from unnest($2::uuid[], $3::uuid[]) as c (tenant_id, id)
        where e.tenant_id = c.tenant_id and e.id = c.id and coalesce(e.status, '') = 'queued'
          and exists (select from tenants t where t.tenant_id = c.tenant_id and t.status = 'active')
        returning e.tenant_id, e.id, e.workflow_id, e.version, e.fence, e.wakes, e.attempt, e.priority, e.trigger_type, e.trigger,
          e.correlation_id, e.input, e.reply_to, e.stop_request, e.stop_reason, e.queued_at, e.started_at, e.retried_at,
          e.concurrency_key is not null, e.rescues
        """;

    /// <summary>Claims by id, as the streams hint.</summary>
    public async Task<List<ClaimedExecution>> ClaimAsync(Guid workerId, List<ExecutionKey> keys, CancellationToken cancellationToken)
    {
        keys.Sort(static (left, right) => left.CompareTo(right));
        var command = new NpgsqlBatchCommand(ClaimSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(keys, key => key.TenantId));
        command.Parameters.Add(Sql.Uuids(keys, key => key.Id));
        return await ClaimBatch.ExecuteAsync(database, workerId, command, cancellationToken);
    }

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
        where e.tenant_id = h.tenant_id and e.id = h.id and e.fence = h.fence and e.lease_owner = $1 and coalesce(e.status, '') = 'running'
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

    // By the primary key, too: under a forgotten transaction the index on lease owners keeps an entry for each execution this worker ever ran.
    // Whoever stops working for a suspended tenant does so as for a pause; without a request in the row it goes back
    // into the queue, from which nobody claims it until the tenant is active again.
    private const string LookSql = """
        select e.tenant_id, e.id, e.wakes,
          coalesce(e.stop_request, case when s.tenant_id is not null then 'pause' end), e.stop_reason
        from unnest($2::uuid[], $3::uuid[]) as k (tenant_id, id)
        join executions e on e.tenant_id = k.tenant_id and e.id = k.id
        left join (select t.tenant_id from tenants t where t.status <> 'active' offset 0) s
          on s.tenant_id = k.tenant_id
        where e.lease_owner = $1 and coalesce(e.status, '') = 'running'
          and (e.stop_request is not null or e.wakes > 0 or s.tenant_id is not null)
        """;

    /// <summary>What happened from outside to these executions, as far as this worker owns them: stop requests and resolved waits.</summary>
    public async Task<IReadOnlyList<OwnedChange>> LookAsync(Guid workerId, IReadOnlyList<ExecutionKey> keys, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(LookSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(keys, key => key.TenantId));
        command.Parameters.Add(Sql.Uuids(keys, key => key.Id));
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

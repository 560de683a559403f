using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Executions;

namespace Workflows.Data.Workers;

/// <summary>
/// Which workers live, and the rescue of what dead ones owned. Guarantees: after <see cref="RescueAsync"/> names a worker as
/// fenced, no checkpoint of it can commit any more, and its executions are queued again with a higher fence. A worker that was only paused learns of it at
/// its next claim, heartbeat or checkpoint (WF001) and starts over under a new id. Liveness is one row per worker, not one per
/// execution; time is the database's, so clocks of machines do not matter.
/// </summary>
public sealed class WorkerRegistry(WorkflowsDatabase database)
{
    private const string RegisterSql = "insert into workers (id, name, started_at, heartbeat_at) values ($1, $2, now(), now())";

    public async Task RegisterAsync(Guid workerId, string name, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(RegisterSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Text(name));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string HeartbeatSql = "update workers set heartbeat_at = now(), in_flight = $2 where id = $1 and status = 'active'";

    /// <returns>False when this worker was fenced.</returns>
    public async Task<bool> HeartbeatAsync(Guid workerId, int inFlight, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(HeartbeatSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Int(inFlight));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private const string StaleSql = """
        select w.id from workers w
        where (w.status = 'active' and w.heartbeat_at < now() - $1::interval)
           or (w.status <> 'active' and exists (select from executions e where e.lease_owner = w.id and e.status = 'running'))
        """;

    /// <summary>Fences each worker without a heartbeat for <paramref name="lease"/> and queues its executions.</summary>
    /// <returns>The executions that want a worker now.</returns>
    public async Task<IReadOnlyList<WokenExecution>> RescueAsync(TimeSpan lease, CancellationToken cancellationToken)
    {
        var stale = new List<Guid>();
        await using (var command = database.HotPath.CreateCommand(StaleSql))
        {
            command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = lease });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                stale.Add(reader.GetGuid(0));
            }
        }

        var rescued = new List<WokenExecution>();
        foreach (var workerId in stale)
        {
            rescued.AddRange(await FenceAsync(workerId, "fenced", lease, cancellationToken));
        }

        return rescued;
    }

    /// <summary>Hands back what this worker still owns, at the end of a graceful stop.</summary>
    public Task<IReadOnlyList<WokenExecution>> StopAsync(Guid workerId, CancellationToken cancellationToken) =>
        FenceAsync(workerId, "stopped", TimeSpan.Zero, cancellationToken);

    // A checkpoint that is under way holds the lease shared. If its worker froze in the middle of sending it, its backend waits for the rest
    // and would hold the lease for long: then the backend is ended, which rolls that checkpoint back. Only holders in shared mode are ended: an
    // exclusive one is another rescuer, which is waited for; ending each other, rescuers of a large worker would never get through.
    private const string TakeLeaseSql = "select pg_try_advisory_xact_lock(hashtextextended($1::text, 0))";

    private const string EndHoldersSql = """
        select count(pg_terminate_backend(l.pid))
        from pg_locks l
        where l.locktype = 'advisory' and l.granted and l.mode = 'ShareLock' and l.pid <> pg_backend_pid()
          and (l.classid::bigint << 32) | l.objid::bigint = hashtextextended($1::text, 0)
        """;

    private const string WaitForLeaseSql = "select pg_advisory_xact_lock(hashtextextended($1::text, 0))";

    private const string FenceSql = """
        update workers set status = $2
        where id = $1 and (status <> 'active' or heartbeat_at <= now() - $3::interval)
        """;

    // A worker that was lost counts against what it owned, unless a step was recorded since the last one was lost: then
    // it was not that execution which ended it.
    private const string ReleaseSql = """
        with owned as (
          select e.tenant_id, e.id from executions e where e.lease_owner = $1 and e.status = 'running' order by e.tenant_id, e.id for update
        )
        update executions e
        set status = 'queued', lease_owner = null, fence = e.fence + 1, queued_at = now(),
          rescues = case
            when not $2 then e.rescues
            when exists (
              select from step_executions s
              where s.tenant_id = e.tenant_id and s.execution_id = e.id and s.finished_at > e.rescued_at) then 1
            else e.rescues + 1 end,
          rescued_at = case when $2 then now() else e.rescued_at end
        from owned o
        where e.tenant_id = o.tenant_id and e.id = o.id
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    private const string LogRescueSql = """
        insert into execution_logs (tenant_id, id, execution_id, level, message, metadata, at)
        select r.tenant_id, r.log_id, r.id, 'warning', 'Its worker was lost; another goes on from what is recorded.', jsonb_build_object('worker', $4::uuid), now()
        from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as r (tenant_id, id, log_id)
        """;

    private async Task<IReadOnlyList<WokenExecution>> FenceAsync(
        Guid workerId, string status, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await ScalarAsync<bool>(TakeLeaseSql))
        {
            await ScalarAsync<long>(EndHoldersSql);
            await using var wait = new NpgsqlCommand(WaitForLeaseSql, connection);
            wait.Parameters.Add(Sql.Text(workerId.ToString()));
            await wait.ExecuteNonQueryAsync(cancellationToken);
        }

        await using (var fence = new NpgsqlCommand(FenceSql, connection))
        {
            fence.Parameters.Add(Sql.Uuid(workerId));
            fence.Parameters.Add(Sql.Text(status));
            fence.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = lease });
            if (await fence.ExecuteNonQueryAsync(cancellationToken) == 0)
            {
                return []; // it was only slow: its heartbeat came while we waited for the lease
            }
        }

        List<WokenExecution> released;
        await using (var release = new NpgsqlCommand(ReleaseSql, connection))
        {
            release.Parameters.Add(Sql.Uuid(workerId));
            release.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = status == "fenced" });
            await using var reader = await release.ExecuteReaderAsync(cancellationToken);
            released = await WokenExecutions.ReadAsync(reader, cancellationToken);
        }

        if (status == "fenced" && released.Count > 0)
        {
            await using var log = new NpgsqlCommand(LogRescueSql, connection);
            log.Parameters.Add(Sql.Uuids(released, execution => execution.Key.TenantId));
            log.Parameters.Add(Sql.Uuids(released, execution => execution.Key.Id));
            log.Parameters.Add(Sql.Uuids(released, _ => Guid.CreateVersion7()));
            log.Parameters.Add(Sql.Uuid(workerId));
            await log.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return released;

#pragma warning disable CA2100 // constants above
        async Task<T> ScalarAsync<T>(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            command.Parameters.Add(Sql.Text(workerId.ToString()));
            return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
#pragma warning restore CA2100
    }

    private const string ForgetSql = """
        delete from workers w
        where w.status <> 'active' and w.heartbeat_at < now() - interval '1 day'
          and not exists (select from executions e where e.lease_owner = w.id and e.status = 'running')
        """;

    /// <summary>Removes rows of workers that ended long ago.</summary>
    public async Task<int> ForgetEndedAsync(CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(ForgetSql);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>
/// What queues executions whose rate limit held them, and the net below concurrency limits: queues what is held although there is room. Needed where the transaction that made the room could not lock the row to queue, or
/// the row was moved by hand. Nothing can leak: how many are active is counted from the executions each time.
/// </summary>
public sealed class SlotStore(WorkflowsDatabase database)
{
    private static async Task<List<WokenExecution>> ReadAsync(Npgsql.NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var queued = new List<WokenExecution>();
        while (await reader.ReadAsync(cancellationToken))
        {
            queued.Add(new WokenExecution(
                new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)), reader.GetString(3), (ExecutionPriority)reader.GetInt16(2), null));
        }

        return queued;
    }

    // A loose index scan: one probe per key, however many are held under it.
    private const string HeldKeysSql = """
        with recursive keys as (
          (select e.tenant_id, e.workflow_id, e.concurrency_key, 1 as n from executions e
           where e.status = 'held' and e.concurrency_key is not null and (e.tenant_id, e.workflow_id, e.concurrency_key) > ($1, $2, $3::text)
           order by e.tenant_id, e.workflow_id, e.concurrency_key limit 1)
          union all
          select n.tenant_id, n.workflow_id, n.concurrency_key, k.n + 1
          from keys k
          cross join lateral (
            select e.tenant_id, e.workflow_id, e.concurrency_key from executions e
            where e.status = 'held' and e.concurrency_key is not null and (e.tenant_id, e.workflow_id, e.concurrency_key) > (k.tenant_id, k.workflow_id, k.concurrency_key)
            order by e.tenant_id, e.workflow_id, e.concurrency_key limit 1
          ) n
          where k.n < $4
        )
        select k.tenant_id, k.workflow_id, k.concurrency_key from keys k
        """;

    private const string SettleSql = "select tenant_id, id, priority, status from settle_slots($1::uuid[], $2::uuid[], $3::text[])";

    /// <summary>Looks at up to <paramref name="limit"/> keys, from the one after <paramref name="after"/> on.</summary>
    /// <returns>What was queued, and where to go on; null when all were seen.</returns>
    public async Task<(IReadOnlyList<WokenExecution> Queued, HeldKey? Next)> SettleAsync(HeldKey? after, int limit, CancellationToken cancellationToken)
    {
        var keys = await HeldKeysAsync(after ?? new HeldKey(Guid.Empty, Guid.Empty, ""), limit, cancellationToken);
        if (keys.Count == 0)
        {
            return ([], null);
        }

        await using var command = database.HotPath.CreateCommand(SettleSql);
        command.Parameters.Add(Sql.Uuids(keys, key => key.TenantId));
        command.Parameters.Add(Sql.Uuids(keys, key => key.WorkflowId));
        command.Parameters.Add(Sql.Texts(keys, key => key.Key));
        return (await ReadAsync(command, cancellationToken), keys.Count == limit ? keys[^1] : null);
    }

    private const string ReleaseSql = """
        with due as (
          select e.tenant_id, e.id from executions e
          where e.status = 'held' and e.concurrency_key is null and e.not_before <= now()
          order by e.not_before limit $1 for update skip locked
        )
        update executions e set status = 'queued', queued_at = now()
        from due d where e.tenant_id = d.tenant_id and e.id = d.id
        returning e.tenant_id, e.id, e.priority, e.status
        """;

    /// <summary>Queues up to <paramref name="limit"/> executions that a rate limit held and whose moment has come. Those with a concurrency limit as well are settled.</summary>
    public async Task<IReadOnlyList<WokenExecution>> ReleaseDueAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(ReleaseSql);
        command.Parameters.Add(Sql.Int(limit));
        return await ReadAsync(command, cancellationToken);
    }

    private async Task<List<HeldKey>> HeldKeysAsync(HeldKey after, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(HeldKeysSql);
        command.Parameters.Add(Sql.Uuid(after.TenantId));
        command.Parameters.Add(Sql.Uuid(after.WorkflowId));
        command.Parameters.Add(Sql.Text(after.Key));
        command.Parameters.Add(Sql.Int(limit));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<HeldKey>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(new HeldKey(reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2)));
        }

        return keys;
    }
}

/// <summary>A concurrency key under which executions are held.</summary>
public sealed record HeldKey(Guid TenantId, Guid WorkflowId, string Key);

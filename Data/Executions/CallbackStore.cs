using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;

namespace Workflows.Data.Executions;

/// <summary>What became of a call of a one-time address.</summary>
public enum CallbackOutcome
{
    /// <summary>It is durable: the wait has its answer, or will have it when it opens.</summary>
    Accepted,

    /// <summary>The address was used, its time is over, or its execution has ended.</summary>
    Gone,

    /// <summary>The signed delivery was accepted for another address before: nothing was done.</summary>
    Replayed,
}

/// <summary>A delivery whose signature is valid.</summary>
/// <param name="Scope">Within which it counts once: the secret.</param>
/// <param name="Name">What names it under that secret.</param>
public sealed record SignedDelivery(string Scope, string Name);

/// <summary>
/// Calls of one-time addresses. Guarantees: one call counts, whoever else calls at the same moment; a call that comes before its wait is open is kept and taken by the
/// transaction that opens it, since both hold <c>callback_lock</c> to their ends; the execution wakes also without Redis. Lock order: the delivery, the callback's lock, wait, execution.
/// </summary>
public sealed class CallbackStore(WorkflowsDatabase database, DispatchStreams dispatch, WorkerSignals signals)
{
    private const string HoldSql = "select pg_advisory_xact_lock(callback_lock($1, $2, $3))";

    private const string AnswerSql = $"""
        with resolved as (
          update waits w set status = 'resolved', outcome = 'answered', payload = $5, resolved_at = now()
          where w.tenant_id = $1 and w.execution_id = $2 and w.node_id = $3 and w.iteration = $4 and w.kind = 'webhook' and w.status = 'open'
          returning w.execution_id
        )
        update executions e
        set {StateRules.Wake}
        from (select distinct execution_id from resolved) r
        where e.tenant_id = $1 and e.id = r.execution_id and e.status in ('queued', 'running', 'waiting', 'paused')
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    // Only for a wait that is still to come: neither open nor resolved, its step not recorded, its execution not ended.
    private const string KeepSql = """
        insert into callback_calls (tenant_id, execution_id, node_id, iteration, call, received_at, expires_at)
        select e.tenant_id, e.id, $3, $4, $5, now(), now() + $6::interval
        from executions e
        where e.tenant_id = $1 and e.id = $2 and e.finished_at is null
          and not exists (select from waits w where w.tenant_id = $1 and w.execution_id = $2 and w.node_id = $3 and w.iteration = $4 and w.kind = 'webhook')
          and not exists (select from step_executions s where s.tenant_id = $1 and s.execution_id = $2 and s.node_id = $3 and s.iteration = $4
            and (s.run = e.attempt or s.status = 'completed'))
        on conflict do nothing
        """;

    private const string VersionSql = "select workflow_id, version from executions where tenant_id = $1 and id = $2";

    /// <summary>The version of the workflow that an execution is of; null when there is none.</summary>
    public async Task<(Guid WorkflowId, int Version)?> FindVersionAsync(Guid tenantId, Guid executionId, CancellationToken cancellationToken)
    {
        await using var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(VersionSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(executionId) } });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetGuid(0), reader.GetInt32(1)) : null;
    }

    // The update changes nothing that counts: it locks the row of an earlier call, and answers whose it is.
    private const string RememberSql = """
        insert into idempotency_keys as i (tenant_id, scope, key, request_hash, response, created_at, expires_at)
        values ($1, $2, $3, $4, '{}', now(), now() + $5::interval)
        on conflict (tenant_id, scope, key) do update
          set request_hash = case when i.expires_at <= now() then excluded.request_hash else i.request_hash end,
              created_at = case when i.expires_at <= now() then excluded.created_at else i.created_at end,
              expires_at = case when i.expires_at <= now() then excluded.expires_at else i.expires_at end
        returning i.request_hash
        """;

    private static async Task<bool> IsReplayAsync(
        NpgsqlConnection connection, Guid tenantId, SignedDelivery delivery, byte[] target, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                TenantScope.SetTenant(tenantId),
                new NpgsqlBatchCommand(RememberSql)
                {
                    Parameters =
                    {
                        Sql.Uuid(tenantId), Sql.Text(delivery.Scope), Sql.Text(delivery.Name), new NpgsqlParameter<byte[]> { TypedValue = target },
                        new NpgsqlParameter<TimeSpan> { TypedValue = Limits.IdempotencyLifetime },
                    },
                },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return !reader.GetFieldValue<byte[]>(0).AsSpan().SequenceEqual(target);
    }

    /// <param name="call">What came, as UTF-8 JSON: the output of the waiting node.</param>
    /// <param name="delivery">Of a signed call: remembered in the transaction that takes it, so that it is taken for no other address.</param>
    public async Task<CallbackOutcome> CallAsync(
        Guid tenantId, Guid executionId, string nodeId, string iteration, byte[] call, CancellationToken cancellationToken, SignedDelivery? delivery = null)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        if (delivery is null)
        {
            return await TakeAsync(connection, null, tenantId, executionId, nodeId, iteration, call, cancellationToken);
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var target = SHA256.HashData(Encoding.UTF8.GetBytes($"{executionId}/{nodeId}/{iteration}"));
        return await IsReplayAsync(connection, tenantId, delivery, target, cancellationToken)
            ? CallbackOutcome.Replayed
            : await TakeAsync(connection, transaction, tenantId, executionId, nodeId, iteration, call, cancellationToken);
    }

    private async Task<CallbackOutcome> TakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, Guid tenantId, Guid executionId, string nodeId, string iteration, byte[] call,
        CancellationToken cancellationToken)
    {
        await using var round = new Round(connection, transaction);
        var keep = new NpgsqlBatchCommand(KeepSql)
        {
            Parameters =
            {
                Sql.Uuid(tenantId), Sql.Uuid(executionId), Sql.Text(nodeId), Sql.Text(iteration), Sql.Json(call),
                new NpgsqlParameter<TimeSpan> { TypedValue = Limits.EarlyCallLifetime },
            },
        };
        List<WokenExecution> woken = [];
        round.AddCall(TenantScope.SetTenant(tenantId));
        round.AddCall(new NpgsqlBatchCommand(HoldSql)
        {
            Parameters = { Sql.Uuid(executionId), Sql.Text(nodeId), Sql.Text(iteration) },
        });
        round.Add(keep);
        round.AddWaking(
            new NpgsqlBatchCommand(AnswerSql)
            {
                Parameters =
                {
                    Sql.Uuid(tenantId), Sql.Uuid(executionId), Sql.Text(nodeId), Sql.Text(iteration), Sql.Json(call),
                },
            },
            woken);
        await round.ExecuteAsync(cancellationToken);
        if (transaction is not null)
        {
            await transaction.CommitAsync(cancellationToken);
        }

        if (woken.Count == 0)
        {
            return keep.RecordsAffected > 0 ? CallbackOutcome.Accepted : CallbackOutcome.Gone;
        }

        dispatch.Announce(woken.Where(execution => execution.Status == "queued").Select(execution => new DispatchHint(execution.Key, execution.Priority)));
        foreach (var execution in woken)
        {
            if (execution.Owner is { } owner)
            {
                signals.Nudge(owner, execution.Key);
            }
        }

        return CallbackOutcome.Accepted;
    }
}

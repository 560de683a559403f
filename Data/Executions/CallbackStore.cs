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
}

/// <summary>
/// Calls of one-time addresses. Guarantees: one call counts, whoever else calls at the same moment; a call that comes before its wait is open is kept and taken by the
/// transaction that opens it, since both hold <c>callback_lock</c> to their ends; the execution wakes also without Redis. Lock order: the callback's lock, wait, execution.
/// </summary>
public sealed class CallbackStore(WorkflowsDatabase database, DispatchStreams dispatch, WorkerSignals signals)
{
    private const string HoldSql = "select pg_advisory_xact_lock(callback_lock($1, $2, $3))";

    private const string AnswerSql = """
        with resolved as (
          update waits w set status = 'resolved', outcome = 'answered', payload = $5, resolved_at = now()
          where w.tenant_id = $1 and w.execution_id = $2 and w.node_id = $3 and w.iteration = $4 and w.kind = 'webhook' and w.status = 'open'
          returning w.execution_id
        )
        update executions e
        set wakes = e.wakes + 1,
            status = case when e.status = 'waiting' then 'queued' else e.status end,
            queued_at = case when e.status = 'waiting' then now() else e.queued_at end
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

    /// <param name="call">What came, as UTF-8 JSON: the output of the waiting node.</param>
    public async Task<CallbackOutcome> CallAsync(
        Guid tenantId, Guid executionId, string nodeId, string iteration, byte[] call, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                TenantScope.SetTenant(tenantId),
                new NpgsqlBatchCommand(HoldSql) { Parameters = { Sql.Uuid(executionId), Sql.Text(nodeId), Sql.Text(iteration) } },
                new NpgsqlBatchCommand(KeepSql)
                {
                    Parameters =
                    {
                        Sql.Uuid(tenantId), Sql.Uuid(executionId), Sql.Text(nodeId), Sql.Text(iteration), Sql.Json(call),
                        new NpgsqlParameter<TimeSpan> { TypedValue = Limits.EarlyCallLifetime },
                    },
                },
                new NpgsqlBatchCommand(AnswerSql)
                {
                    Parameters = { Sql.Uuid(tenantId), Sql.Uuid(executionId), Sql.Text(nodeId), Sql.Text(iteration), Sql.Json(call) },
                },
            },
        };
        List<WokenExecution> woken = [];
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            do
            {
                if (reader.FieldCount == 5)
                {
                    woken = await WokenExecutions.ReadAsync(reader, cancellationToken);
                }
            }
            while (await reader.NextResultAsync(cancellationToken));
        }

        if (woken.Count == 0)
        {
            return batch.BatchCommands[2].RecordsAffected > 0 ? CallbackOutcome.Accepted : CallbackOutcome.Gone;
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

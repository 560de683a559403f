using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;

namespace Workflows.Data.Sessions;

/// <summary>The published workflow that serves a service code.</summary>
public sealed record SessionTrigger(Guid WorkflowId, string TriggerId, int Version);

/// <summary>The execution that carries a dialogue.</summary>
public sealed record Dialogue(Guid ExecutionId, bool IsOver);

/// <summary>Where a dialogue stands: what the person is to see, if that is decided.</summary>
/// <param name="Reply">JSON <c>{"message", "continue"}</c> of the reply that is due; null = none yet.</param>
/// <param name="Status">Of the execution.</param>
/// <param name="Output">Of an execution that completed.</param>
public sealed record DialogueState(byte[]? Reply, string Status, byte[]? Output);

/// <summary>
/// Dialogues of people with executions. All of it is in PostgreSQL: which execution carries a session, the reply that waits for the next message (an open
/// wait), and the last one (a recorded step). So a dialogue survives a restart of any process and the loss of Redis. Guarantees: a message resolves the
/// wait at most once.
/// </summary>
public sealed class DialogueStore(WorkflowsDatabase database, DispatchStreams dispatch, WorkerSignals signals)
{
    private const string TriggerSql = """
        select t.workflow_id, t.trigger_id, t.version
        from workflow_triggers t
        join workflows w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
        where t.tenant_id = $1 and t.type = 'session' and t.enabled and t.settings ->> 'serviceCode' = $2
          and w.enabled and w.deleted_at is null and w.published_version = t.version
        order by t.workflow_id, t.trigger_id
        limit 1
        """;

    /// <summary>Null when no published workflow serves the code. Of several the first one made does.</summary>
    public async Task<SessionTrigger?> FindTriggerAsync(Guid tenantId, string serviceCode, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(TriggerSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Text(serviceCode));
        return (await database.ReadAsync(
            tenantId, command, row => new SessionTrigger(row.GetGuid(0), row.GetString(1), row.GetInt32(2)), cancellationToken))
            .FirstOrDefault();
    }

    // A dialogue is over when it said its last word, although its execution may go on.
    private const string FindSql = """
        select e.id, e.status in ('completed', 'failed', 'cancelled', 'timed_out') or exists (
          select from step_executions s
          where s.tenant_id = $1 and s.execution_id = e.id and s.node_type = 'sessionReply' and s.output ->> 'continue' = 'false')
        from executions e
        where e.tenant_id = $1 and e.session_id = $2
        order by e.id desc
        limit 1
        """;

    /// <summary>The youngest execution of the session; null when there is none.</summary>
    public async Task<Dialogue?> FindAsync(Guid tenantId, string sessionId, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(FindSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Text(sessionId));
        return (await database.ReadAsync(tenantId, command, row => new Dialogue(row.GetGuid(0), row.GetBoolean(1)), cancellationToken)).FirstOrDefault();
    }

    private const string AnswerSql = $"""
        with resolved as (
          update waits w
          set status = 'resolved', outcome = 'answered', payload = $4, resolved_at = now()
          where w.tenant_id = $1 and w.execution_id = $2 and w.kind = 'session' and w.status = 'open' and w.correlation_key = $3
          returning w.execution_id
        )
        update executions e
        set {StateRules.Wake},
            reply_to = $5
        from (select distinct execution_id from resolved) r
        where e.tenant_id = $1 and e.id = r.execution_id and e.status in ('queued', 'running', 'waiting', 'paused')
        returning e.id, e.status, e.priority, e.lease_owner
        """;

    /// <summary>Hands the next message to the execution that waits for it.</summary>
    /// <param name="message">JSON, the output of the node that waited.</param>
    /// <param name="replyTo">Address of the <see cref="ReplyListener"/> that wants to hear of the reply.</param>
    /// <returns>False when nothing waits for a message of this session at the moment.</returns>
    public async Task<bool> AnswerAsync(
        Guid tenantId, Guid executionId, string sessionId, byte[] message, string replyTo, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(AnswerSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(executionId));
        command.Parameters.Add(Sql.Text(sessionId));
        command.Parameters.Add(Sql.Json(message));
        command.Parameters.Add(Sql.Text(replyTo));
        var woken = await database.ReadAsync(
            tenantId,
            command,
            row => (Status: row.GetString(1), Priority: (ExecutionPriority)row.GetInt16(2), Owner: row.IsDBNull(3) ? null : (Guid?)row.GetGuid(3)),
            cancellationToken);
        var key = new ExecutionKey(tenantId, executionId);
        foreach (var (status, priority, owner) in woken)
        {
            if (status == "queued")
            {
                dispatch.Announce([new DispatchHint(key, priority)]);
            }
            else if (owner is { } worker)
            {
                signals.Nudge(worker, key);
            }
        }

        return woken.Count > 0;
    }

    private const string StateSql = """
        select coalesce(
            (select w.request from waits w
             where w.tenant_id = $1 and w.execution_id = $2 and w.kind = 'session' and w.status = 'open' limit 1),
            (select s.output from step_executions s
             where s.tenant_id = $1 and s.execution_id = $2 and s.node_type = 'sessionReply' and s.output ->> 'continue' = 'false'
             order by s.sequence desc limit 1)),
          e.status, e.output
        from executions e
        where e.tenant_id = $1 and e.id = $2
        """;

    /// <summary>Where the dialogue stands. Null when there is no such execution.</summary>
    public async Task<DialogueState?> FindStateAsync(Guid tenantId, Guid executionId, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(StateSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(executionId));
        return (await database.ReadAsync(
            tenantId,
            command,
            row => new DialogueState(
                row.IsDBNull(0) ? null : row.GetFieldValue<byte[]>(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetFieldValue<byte[]>(2)),
            cancellationToken)).FirstOrDefault();
    }
}

using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Conversations;

/// <summary>
/// Conversations that workflows keep: what was said under a session's name is told to the model again. Guarantees: what
/// a step says is kept once, however often the step runs; two steps at once get numbers one after the other.
/// </summary>
public sealed class WorkflowMemory(WorkflowsDatabase database)
{
    private const string RecallSql = """
        select m.role, m.content
        from conversations c
        join conversation_messages m on m.tenant_id = c.tenant_id and m.conversation_id = c.id
        where c.tenant_id = $1 and c.workflow_id = $2 and c.session_id = $3 and m.status = 'complete'
          and (m.step_key is null or m.step_key not like $4 || '/%')
        order by m.number desc limit $5
        """;

    // The unique index on sessions decides between two that begin one; the row's lock gives numbers in turn.
    private const string OpenSql = """
        insert into conversations as c (
          tenant_id, id, kind, owner_id, workflow_id, session_id, workspace_id, expires_at, created_at, updated_at)
        select $1, $4, 'agent', $2, $2, $3, f.workspace_id, now() + conversation_life($1), now(), now()
        from (select 1) one
        left join workflows w on w.tenant_id = $1 and w.id = $2
        left join jobs j on j.tenant_id = w.tenant_id and j.id = w.job_id
        left join folders f on f.tenant_id = j.tenant_id and f.id = j.folder_id
        on conflict (tenant_id, workflow_id, session_id) where workflow_id is not null and session_id is not null
          do update set updated_at = now(), expires_at = excluded.expires_at
        """;

    private const string RememberSql = """
        with conversation as materialized (
          select id, messages from conversations
          where tenant_id = $1 and workflow_id = $2 and session_id = $3 for update),
        said as (
          insert into conversation_messages (
            tenant_id, conversation_id, number, role, content, model, call_id, input_tokens, output_tokens, cost,
            step_key, created_at, updated_at)
          select $1, c.id, c.messages + s.at, s.role, s.content, $8, $9, s.input, s.output, s.cost, $4 || '/' || s.role,
            now(), now()
          from conversation c
          cross join lateral (
            values (1, 'user', $5, 0::bigint, 0::bigint, 0::numeric), (2, 'assistant', $6, $10, $11, $7))
            as s (at, role, content, input, output, cost)
          where not exists (
            select from conversation_messages m
            where m.tenant_id = $1 and m.conversation_id = c.id and m.step_key = $4 || '/user')
          returning 1)
        update conversations c set messages = c.messages + 2, input_tokens = c.input_tokens + $10,
          output_tokens = c.output_tokens + $11, cost = c.cost + $7, updated_at = now()
        where c.tenant_id = $1 and c.workflow_id = $2 and c.session_id = $3 and exists (select from said)
        """;

    /// <summary>What was said last, oldest first, without what the step itself has said.</summary>
    public async Task<IReadOnlyList<StoredMessage>> RecallAsync(
        Guid tenantId, Guid workflowId, string session, string stepKey, int limit, CancellationToken cancellationToken)
    {
        var command = Of(new NpgsqlBatchCommand(RecallSql), tenantId, workflowId, session);
        command.Parameters.Add(Sql.Text(stepKey));
        command.Parameters.Add(Sql.Int(limit));
        var messages = await database.ReadAsync(
            tenantId, command, row => new StoredMessage(row.GetString(0), row.GetString(1)), cancellationToken);
        messages.Reverse();
        return messages;
    }

    /// <summary>Keeps question and answer of a step.</summary>
    public async Task RememberAsync(
        Guid tenantId, Guid workflowId, string session, string stepKey, string question, EndedAnswer answer,
        CancellationToken cancellationToken)
    {
        var open = Of(new NpgsqlBatchCommand(OpenSql), tenantId, workflowId, session);
        open.Parameters.Add(Sql.Uuid(Guid.CreateVersion7()));
        var remember = Of(new NpgsqlBatchCommand(RememberSql), tenantId, workflowId, session);
        remember.Parameters.Add(Sql.Text(stepKey));
        remember.Parameters.Add(Sql.Text(StorableText.Of(question)));
        remember.Parameters.Add(Sql.Text(StorableText.Of(answer.Content)));
        remember.Parameters.Add(new NpgsqlParameter<decimal> { TypedValue = answer.Cost });
        remember.Parameters.Add(Sql.Text(answer.Model));
        remember.Parameters.Add(Sql.UuidOrNull(answer.CallId));
        remember.Parameters.Add(new NpgsqlParameter<long> { TypedValue = answer.InputTokens });
        remember.Parameters.Add(new NpgsqlParameter<long> { TypedValue = answer.OutputTokens });
        await using var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
        batch.BatchCommands.Add(open);
        batch.BatchCommands.Add(remember);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlBatchCommand Of(
        NpgsqlBatchCommand command, Guid tenantId, Guid workflowId, string session)
    {
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(workflowId));
        command.Parameters.Add(Sql.Text(session));
        return command;
    }
}

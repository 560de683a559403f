using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Conversations;

/// <summary>A message as models read it.</summary>
/// <param name="Role">system, user, assistant or tool.</param>
public sealed record StoredMessage(string Role, string Content);

/// <summary>How an answer ended.</summary>
/// <param name="Status">complete, stopped or failed.</param>
public sealed record EndedAnswer(string Status, string Content)
{
    public string? Model { get; init; }

    public Guid? CallId { get; init; }

    public long InputTokens { get; init; }

    public long OutputTokens { get; init; }

    /// <summary>US dollars.</summary>
    public decimal Cost { get; init; }

    public TimeSpan? Duration { get; init; }

    public string? ErrorCode { get; init; }

    public string? ErrorMessage { get; init; }

    /// <summary>UTF-8 JSON of the passages that it rests on; null = none.</summary>
    public byte[]? Sources { get; init; }
}

/// <summary>
/// What of conversations is written outside of a request: the ends of answers, which must be kept also when who asked
/// has left, and what workflows say. Guarantees: an answer ends once; what a step says is there once, however often the
/// step runs.
/// </summary>
public sealed class ConversationStore(WorkflowsDatabase database)
{
    private const string EndAnswerSql = """
        with ended as (
          update conversation_messages set status = $4, content = $5, model = $6, call_id = $7, input_tokens = $8,
            output_tokens = $9, cost = $10, duration_ms = $11, error_code = $12, error_message = $13, sources = $14,
            updated_at = now()
          where tenant_id = $1 and conversation_id = $2 and number = $3 and status = 'answering'
          returning input_tokens, output_tokens, cost)
        update conversations c set input_tokens = c.input_tokens + e.input_tokens,
          output_tokens = c.output_tokens + e.output_tokens, cost = c.cost + e.cost, updated_at = now()
        from ended e where c.tenant_id = $1 and c.id = $2
        """;

    private const string NoteProgressSql = """
        update conversation_messages set content = $4, updated_at = now()
        where tenant_id = $1 and conversation_id = $2 and number = $3 and status = 'answering'
        """;

    // Nobody speaks any more: the process is gone. What had come stays.
    private const string EndAbandonedSql = """
        update conversation_messages set status = 'failed', error_code = 'ANSWER_LOST',
          error_message = 'The process that answered ended before its answer.', updated_at = now()
        where (tenant_id, conversation_id, number) in (
          select tenant_id, conversation_id, number from conversation_messages
          where status = 'answering' and updated_at < now() - $2::interval limit $1 for update skip locked)
        """;

    private const string ExpireConversationsSql = """
        delete from conversations
        where (tenant_id, id) in (
          select tenant_id, id from conversations where expires_at < now() order by expires_at limit $1
          for update skip locked)
        """;

    /// <summary>Ends an answer; does nothing to one that has ended.</summary>
    public Task EndAsync(
        Guid tenantId, Guid conversationId, int number, EndedAnswer end, CancellationToken cancellationToken)
    {
        var command = Of(EndAnswerSql, tenantId, conversationId, number);
        command.Parameters.Add(Sql.Text(end.Status));
        command.Parameters.Add(Sql.Text(StorableText.Of(end.Content)));
        command.Parameters.Add(Sql.Text(end.Model));
        command.Parameters.Add(Sql.UuidOrNull(end.CallId));
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = end.InputTokens });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = end.OutputTokens });
        command.Parameters.Add(new NpgsqlParameter<decimal> { TypedValue = end.Cost });
        command.Parameters.Add(Sql.IntOrNull((int?)end.Duration?.TotalMilliseconds));
        command.Parameters.Add(Sql.Text(end.ErrorCode));
        command.Parameters.Add(Sql.Text(end.ErrorMessage));
        command.Parameters.Add(Sql.Json(end.Sources));
        return database.ExecuteAsync(tenantId, command, cancellationToken);
    }

    /// <summary>Keeps what has come so far of an answer.</summary>
    public Task NoteProgressAsync(
        Guid tenantId, Guid conversationId, int number, string content, CancellationToken cancellationToken)
    {
        var command = Of(NoteProgressSql, tenantId, conversationId, number);
        command.Parameters.Add(Sql.Text(StorableText.Of(content)));
        return database.ExecuteAsync(tenantId, command, cancellationToken);
    }

    /// <summary>Ends up to <paramref name="limit"/> answers of which nothing was heard for so long.</summary>
    public async Task<int> EndAbandonedAsync(int limit, TimeSpan silent, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(EndAbandonedSql);
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = silent });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Deletes up to <paramref name="limit"/> conversations whose time is over.</summary>
    public async Task<int> ExpireAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ExpireConversationsSql);
        command.Parameters.Add(Sql.Int(limit));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlBatchCommand Of(string sql, Guid tenantId, Guid conversationId, int number)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(conversationId));
        command.Parameters.Add(Sql.Int(number));
        return command;
    }
}

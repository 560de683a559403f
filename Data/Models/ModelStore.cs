using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Models;

/// <summary>A model as calls need it.</summary>
/// <param name="Kind">chat or embedding.</param>
/// <param name="Connector">The name of the connector that reaches its provider.</param>
/// <param name="Model">What the provider calls it.</param>
/// <param name="Dimensions">Of its vectors; null = what it gives by itself.</param>
/// <param name="ContextTokens">Of question and answer together; null = not known.</param>
/// <param name="MaxOutputTokens">Of one answer; null = not known.</param>
/// <param name="InputPrice">US dollars for a million tokens.</param>
/// <param name="OutputPrice">US dollars for a million tokens.</param>
/// <param name="CallsPerMinute">Null = as many as there are.</param>
public sealed record RegisteredModel(
    Guid Id,
    string Name,
    string Kind,
    string Connector,
    string Model,
    int? Dimensions,
    int? ContextTokens,
    int? MaxOutputTokens,
    decimal InputPrice,
    decimal OutputPrice,
    int? CallsPerMinute,
    TimeSpan Timeout,
    bool Enabled)
{
    private const decimal PricedTokens = 1_000_000;

    /// <summary>US dollars for so many tokens.</summary>
    public decimal CostOf(long inputTokens, long outputTokens) =>
        ((inputTokens * InputPrice) + (outputTokens * OutputPrice)) / PricedTokens;
}

/// <summary>Models that tenants have registered, as callers read them. Not kept in memory: a call takes far
/// longer.</summary>
public sealed class ModelStore(WorkflowsDatabase database)
{
    private const string FindModelSql = """
        select m.id, m.name, m.kind, c.name, m.model, m.dimensions, m.context_tokens, m.max_output_tokens,
          m.input_price, m.output_price, m.calls_per_minute, m.timeout_seconds, m.enabled
        from models m join connectors c on c.tenant_id = m.tenant_id and c.id = m.connector_id
        where m.tenant_id = $1 and case when $2 = '' then m.kind = $3 and m.is_default else m.name = $2 end
        """;

    private const string NoteCheckSql = """
        update models set checked_at = now(), check_succeeded = $3, check_message = $4 where tenant_id = $1 and id = $2
          and (check_succeeded is distinct from $3 or check_message is distinct from $4
            or checked_at is null or checked_at < now() - interval '1 minute')
        """;

    /// <param name="name">Empty = the tenant's default of the kind.</param>
    /// <returns>Null when there is none.</returns>
    public async Task<RegisteredModel?> FindAsync(
        Guid tenantId, string name, string kind, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(FindModelSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Text(name));
        command.Parameters.Add(Sql.Text(kind));
        return (await database.ReadAsync(tenantId, command, Read, cancellationToken)).FirstOrDefault();
    }

    /// <summary>Notes whether the model answered, once a minute while nothing changes.</summary>
    /// <param name="message">Why it did not; null = it did.</param>
    public Task NoteCheckAsync(Guid tenantId, Guid modelId, string? message, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(NoteCheckSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(modelId));
        command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = message is null });
        command.Parameters.Add(Sql.Text(message));
        return database.ExecuteAsync(tenantId, command, cancellationToken);
    }

    private static RegisteredModel Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        reader.GetString(1),
        reader.GetString(2),
        reader.GetString(3),
        reader.GetString(4),
        reader.Maybe<int>(5),
        reader.Maybe<int>(6),
        reader.Maybe<int>(7),
        reader.GetDecimal(8),
        reader.GetDecimal(9),
        reader.Maybe<int>(10),
        TimeSpan.FromSeconds(reader.GetInt32(11)),
        reader.GetBoolean(12));
}

using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>What can be started of a workflow right now.</summary>
/// <param name="PublishedVersion">Null = never published.</param>
public sealed record PublishedHead(string Name, bool Enabled, int? PublishedVersion);

/// <summary>How an execution stands; for those who wait for its end.</summary>
/// <param name="Output">UTF-8 JSON.</param>
/// <param name="Error">UTF-8 JSON.</param>
public sealed record ExecutionResult(string Status, byte[]? Output, byte[]? Error, DateTimeOffset? FinishedAt)
{
    public bool IsFinal => FinishedAt is not null;
}

/// <summary>The reads of the start path, by key and in one round trip each; what people look at goes through the control plane.</summary>
public sealed class ExecutionQueries(WorkflowsDatabase database)
{
    private const string HeadSql =
        "select name, enabled, published_version from workflows where tenant_id = $1 and id = $2 and deleted_at is null";

    /// <returns>Null when the tenant has no such workflow.</returns>
    public async Task<PublishedHead?> FindHeadAsync(Guid tenantId, Guid workflowId, CancellationToken cancellationToken)
    {
        await using var batch = Batch(tenantId, new NpgsqlBatchCommand(HeadSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(workflowId) } });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new PublishedHead(reader.GetString(0), reader.GetBoolean(1), reader.IsDBNull(2) ? null : reader.GetInt32(2))
            : null;
    }

    private const string DefinitionSql =
        "select definition from workflow_versions where tenant_id = $1 and workflow_id = $2 and number = $3";

    /// <returns>UTF-8 JSON; null when there is no such version.</returns>
    public async Task<byte[]?> FindDefinitionAsync(Guid tenantId, Guid workflowId, int number, CancellationToken cancellationToken)
    {
        await using var batch = Batch(
            tenantId, new NpgsqlBatchCommand(DefinitionSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(workflowId), Sql.Int(number) } });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<byte[]>(0) : null;
    }

    private const string ResultSql = "select status, output, error, finished_at from executions where tenant_id = $1 and id = $2";

    /// <returns>Null when the tenant has no such execution.</returns>
    public async Task<ExecutionResult?> FindResultAsync(Guid tenantId, Guid executionId, CancellationToken cancellationToken)
    {
        await using var batch = Batch(tenantId, new NpgsqlBatchCommand(ResultSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(executionId) } });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new ExecutionResult(
                reader.GetString(0),
                reader.IsDBNull(1) ? null : reader.GetFieldValue<byte[]>(1),
                reader.IsDBNull(2) ? null : reader.GetFieldValue<byte[]>(2),
                reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3))
            : null;
    }

    private NpgsqlBatch Batch(Guid tenantId, NpgsqlBatchCommand command)
    {
        var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
        batch.BatchCommands.Add(command);
        return batch;
    }
}

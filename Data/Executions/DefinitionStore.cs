using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>Definitions as the engine reads them.</summary>
public sealed class DefinitionStore(WorkflowsDatabase database)
{
    private const string FindSql = """
        select v.definition from workflow_versions v where v.tenant_id = $1 and v.workflow_id = $2 and v.number = $3
        """;

    /// <returns>UTF-8 JSON, or null when there is no such version.</returns>
    public async Task<byte[]?> FindAsync(Guid tenantId, Guid workflowId, int version, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(FindSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(workflowId));
        command.Parameters.Add(Sql.Int(version));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<byte[]>(0) : null;
    }
}

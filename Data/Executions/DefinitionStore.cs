using Workflows.Data.Database;
using Workflows.Engine.Nodes;

namespace Workflows.Data.Executions;

/// <param name="Definition">UTF-8 JSON.</param>
/// <param name="CustomNodes">Those it uses, as they were when it was saved; empty for versions that were saved before they were kept.</param>
public sealed record StoredDefinition(byte[] Definition, CustomNodeSet CustomNodes);

/// <summary>Definitions as the engine reads them.</summary>
public sealed class DefinitionStore(WorkflowsDatabase database)
{
    private const string FindSql = """
        select v.definition, v.custom_nodes from workflow_versions v where v.tenant_id = $1 and v.workflow_id = $2 and v.number = $3
        """;

    /// <returns>Null when there is no such version.</returns>
    public async Task<StoredDefinition?> FindAsync(Guid tenantId, Guid workflowId, int version, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(FindSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(workflowId));
        command.Parameters.Add(Sql.Int(version));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new StoredDefinition(reader.GetFieldValue<byte[]>(0), reader.IsDBNull(1) ? CustomNodeSet.Empty : CustomNodeSet.Read(reader.GetFieldValue<byte[]>(1)))
            : null;
    }
}

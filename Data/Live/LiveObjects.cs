using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Live;

/// <summary>Whether there is what somebody wants to look on at, for the person of the present scope.</summary>
public sealed class LiveObjects(WorkflowsDatabase database)
{
    private const string ExecutionSql = "select exists (select from executions where tenant_id = $1 and id = $2)";

    private const string WorkflowSql =
        "select exists (select from workflows where tenant_id = $1 and id = $2 and deleted_at is null)";

    public Task<bool> IsExecutionAsync(Guid tenantId, Guid id, CancellationToken cancellationToken) =>
        ExistsAsync(ExecutionSql, tenantId, id, cancellationToken);

    public Task<bool> IsWorkflowAsync(Guid tenantId, Guid id, CancellationToken cancellationToken) =>
        ExistsAsync(WorkflowSql, tenantId, id, cancellationToken);

    private async Task<bool> ExistsAsync(string sql, Guid tenantId, Guid id, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // one of the constants above
        var command = new NpgsqlBatchCommand(sql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(id) } };
#pragma warning restore CA2100
        return (await database.ReadAsync(tenantId, command, reader => reader.GetBoolean(0), cancellationToken))[0];
    }
}

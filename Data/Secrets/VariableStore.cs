using System.Text.Json;
using Npgsql;
using Workflows.Data.Caching;
using Workflows.Data.Database;
using Workflows.Data.Identity;
using Workflows.Engine;

namespace Workflows.Data.Secrets;

/// <summary>
/// What executions of a workflow see as <c>vars</c>. Kept in memory for <see cref="Limits.SecretTrust"/>, or until a change is announced.
/// </summary>
public sealed class VariableStore
{
    private readonly WorkflowsDatabase _database;
    private readonly TrustedCache<(Guid TenantId, Guid WorkflowId), byte[]> _known;

    public VariableStore(WorkflowsDatabase database, Invalidation invalidation, TimeProvider clock)
    {
        (_database, _known) = (database, new(clock, Limits.CachedSecrets, Limits.SecretTrust));
        invalidation.OnChange((what, tenantId, changed) =>
        {
            if (what == Invalidated.Variable)
            {
                _known.DropKeys(key => key.TenantId == tenantId);
            }
        });
    }

    // The workflow's own come after the tenant's, and win.
    private const string FindSql = """
        select v.name, v.value from variables v
        where v.tenant_id = $1 and (v.workflow_id is null or v.workflow_id = $2)
        order by v.workflow_id nulls first
        """;

    /// <summary>A JSON object of the tenant's variables and, over them, the workflow's.</summary>
    public async ValueTask<byte[]> GetAsync(Guid tenantId, Guid workflowId, CancellationToken cancellationToken) =>
        (await _known.GetAsync(
            (tenantId, workflowId),
            static (key, self) => self.ReadAsync(key.TenantId, key.WorkflowId),
            this,
            cancellationToken))!;

    private async Task<byte[]?> ReadAsync(Guid tenantId, Guid workflowId)
    {
        var command = new NpgsqlBatchCommand(FindSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(workflowId));
        var variables = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var (name, value) in await _database.ReadAsync(
            tenantId,
            command,
            row => (Name: row.GetString(0), Value: row.GetFieldValue<byte[]>(1)),
            CancellationToken.None))
        {
            variables[name] = JsonText.ParseElement(value);
        }

        return JsonSerializer.SerializeToUtf8Bytes(variables, JsonText.HeldSerialization);
    }
}

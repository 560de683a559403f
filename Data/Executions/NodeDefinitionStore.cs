using System.Text.Json;
using Npgsql;
using Workflows.Data.Caching;
using Workflows.Data.Database;
using Workflows.Data.Identity;
using Workflows.Engine.Nodes;

namespace Workflows.Data.Executions;

/// <summary>
/// The custom nodes of tenants as they are at present, for versions of workflows that were saved before versions kept
/// their own. Kept in memory for <see cref="Limits.SecretTrust"/>, or until a change is announced.
/// </summary>
public sealed class NodeDefinitionStore
{
    private readonly WorkflowsDatabase _database;
    private readonly TrustedCache<(Guid TenantId, string Name), CustomNodeCall> _known;

    public NodeDefinitionStore(WorkflowsDatabase database, Invalidation invalidation, TimeProvider clock)
    {
        (_database, _known) = (database, new(clock, Limits.CachedSecrets, Limits.SecretTrust));
        invalidation.OnChange((what, tenantId, changed) =>
        {
            if (what == Invalidated.NodeDefinition)
            {
                _known.DropKeys(key => key.TenantId == tenantId);
            }
        });
    }

    private const string FindSql = """
        select n.schema, n.implementation from node_definitions n where n.tenant_id = $1 and n.name = $2
        """;

    /// <summary>What nodes of the custom type do; null when the tenant has no such type.</summary>
    /// <exception cref="InvalidOperationException">What was valid when it was saved is not valid in this release.</exception>
    public ValueTask<CustomNodeCall?> FindAsync(Guid tenantId, string name, CancellationToken cancellationToken) =>
        _known.GetAsync(
            (tenantId, name), static (key, self) => self.ReadAsync(key.TenantId, key.Name), this, cancellationToken);

    private async Task<CustomNodeCall?> ReadAsync(Guid tenantId, string name)
    {
        var command = new NpgsqlBatchCommand(FindSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Text(name));
        var rows = await _database.ReadAsync(
            tenantId,
            command,
            row => (Schema: row.GetFieldValue<byte[]>(0), Implementation: row.GetFieldValue<byte[]>(1)),
            CancellationToken.None);
        if (rows.Count == 0)
        {
            return null;
        }

        var (schema, implementation) = (JsonElement.Parse(rows[0].Schema), JsonElement.Parse(rows[0].Implementation));
        return CustomNodeCall.TryCompile(schema, implementation, out var call, out var problems)
            ? call
            : throw new InvalidOperationException($"The custom node '{name}' cannot be run: {problems[0]}");
    }
}

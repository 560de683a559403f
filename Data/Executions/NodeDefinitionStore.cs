using System.Collections.Concurrent;
using System.Text.Json;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Identity;
using Workflows.Engine.Nodes;

namespace Workflows.Data.Executions;

/// <summary>
/// The custom nodes of tenants as they are at present, for versions of workflows that were saved before versions kept their own. Kept in memory for <see cref="Limits.SecretTrust"/>, or until a change is announced.
/// </summary>
public sealed class NodeDefinitionStore
{
    private readonly WorkflowsDatabase _database;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<(Guid TenantId, string Name), (long ReadAt, CustomNodeCall Call)> _known = new();

    public NodeDefinitionStore(WorkflowsDatabase database, Invalidation invalidation, TimeProvider clock)
    {
        (_database, _clock) = (database, clock);
        invalidation.OnChange((what, tenantId, changed) =>
        {
            if (what == Invalidated.NodeDefinition)
            {
                foreach (var key in _known.Keys.Where(key => key.TenantId == tenantId))
                {
                    _known.TryRemove(key, out _);
                }
            }
        });
    }

    private const string FindSql = """
        select n.schema, n.implementation from node_definitions n where n.tenant_id = $1 and n.name = $2
        """;

    /// <summary>What nodes of the custom type do; null when the tenant has no such type.</summary>
    /// <exception cref="InvalidOperationException">What was valid when it was saved is not valid in this release.</exception>
    public async ValueTask<CustomNodeCall?> FindAsync(Guid tenantId, string name, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue((tenantId, name), out var known) && _clock.GetElapsedTime(known.ReadAt) < Limits.SecretTrust)
        {
            return known.Call;
        }

        var readAt = _clock.GetTimestamp();
        var command = new NpgsqlBatchCommand(FindSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Text(name));
        var rows = await _database.ReadAsync(
            tenantId, command, row => (Schema: row.GetFieldValue<byte[]>(0), Implementation: row.GetFieldValue<byte[]>(1)), cancellationToken);
        if (rows.Count == 0)
        {
            return null;
        }

        if (!CustomNodeCall.TryCompile(JsonElement.Parse(rows[0].Schema), JsonElement.Parse(rows[0].Implementation), out var call, out var problems))
        {
            throw new InvalidOperationException($"The custom node '{name}' cannot be run: {problems[0]}");
        }

        if (_known.Count > Limits.CachedSecrets)
        {
            _known.Clear();
        }

        _known[(tenantId, name)] = (readAt, call);
        return call;
    }
}

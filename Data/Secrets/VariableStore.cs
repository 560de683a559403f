using System.Collections.Concurrent;
using System.Text.Json;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Identity;

namespace Workflows.Data.Secrets;

/// <summary>
/// What executions of a workflow see as <c>vars</c>. Kept in memory for <see cref="Limits.SecretTrust"/>, or until a change is announced.
/// </summary>
public sealed class VariableStore
{
    private readonly WorkflowsDatabase _database;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<(Guid TenantId, Guid WorkflowId), (long ReadAt, byte[] Json)> _known = new();

    public VariableStore(WorkflowsDatabase database, Invalidation invalidation, TimeProvider clock)
    {
        (_database, _clock) = (database, clock);
        invalidation.OnChange((what, tenantId, changed) =>
        {
            if (what == Invalidated.Variable)
            {
                foreach (var key in _known.Keys.Where(key => key.TenantId == tenantId))
                {
                    _known.TryRemove(key, out _);
                }
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
    public async ValueTask<byte[]> GetAsync(Guid tenantId, Guid workflowId, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue((tenantId, workflowId), out var known) && _clock.GetElapsedTime(known.ReadAt) < Limits.SecretTrust)
        {
            return known.Json;
        }

        var readAt = _clock.GetTimestamp();
        var command = new NpgsqlBatchCommand(FindSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(workflowId));
        var variables = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var (name, value) in await _database.ReadAsync(
            tenantId, command, row => (Name: row.GetString(0), Value: row.GetFieldValue<byte[]>(1)), cancellationToken))
        {
            variables[name] = JsonElement.Parse(value);
        }

        if (_known.Count > Limits.CachedSecrets)
        {
            _known.Clear();
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(variables);
        _known[(tenantId, workflowId)] = (readAt, json);
        return json;
    }
}

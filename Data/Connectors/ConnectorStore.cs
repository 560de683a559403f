using System.Text.Json;
using Npgsql;
using Workflows.Data.Caching;
using Workflows.Data.Database;
using Workflows.Data.Identity;
using Workflows.Data.Secrets;
using Workflows.Engine.Connectors;

namespace Workflows.Data.Connectors;

/// <summary>
/// Opens connectors for executions. Kept in memory for <see cref="Limits.SecretTrust"/>, or until a change is announced.
/// </summary>
public sealed class ConnectorStore
{
    private readonly WorkflowsDatabase _database;
    private readonly SecretSealer _sealer;
    private readonly TrustedCache<(Guid TenantId, string Name), OpenConnector> _known;

    public ConnectorStore(WorkflowsDatabase database, SecretSealer sealer, Invalidation invalidation, TimeProvider clock)
    {
        (_database, _sealer, _known) = (database, sealer, new(clock, Limits.CachedSecrets, Limits.SecretTrust));
        invalidation.OnChange((what, tenantId, changed) =>
        {
            if (what == Invalidated.Connector)
            {
                _known.DropKeys(key => key.TenantId == tenantId);
            }
        });
    }

    /// <summary>What a connector's configuration is sealed for.</summary>
    public static string PurposeOf(Guid id) => $"connector:{id}";

    private const string FindSql = """
        select c.id, c.type, c.version, c.status, c.key_id, c.sealed from connectors c where c.tenant_id = $1 and c.name = $2
        """;

    /// <summary>The connector of this name, which must be of the type.</summary>
    /// <exception cref="ConnectorException">There is none, it is disabled, or of another type.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">Its configuration cannot be opened.</exception>
    public async ValueTask<OpenConnector> GetAsync(Guid tenantId, string name, string type, CancellationToken cancellationToken)
    {
        var connector = await _known.GetAsync(
            (tenantId, name), static (key, self) => self.ReadAsync(key.TenantId, key.Name), this, cancellationToken)
            ?? throw new ConnectorException("CONNECTOR_UNKNOWN", $"There is no connector '{name}'.");
        return connector.Type == type
            ? connector
            : throw new ConnectorException(
                "CONNECTOR_TYPE", $"The connector '{name}' is of the type '{connector.Type}'; this node needs '{type}'.");
    }

    /// <summary>Opens a configuration.</summary>
    public async ValueTask<OpenConnector> OpenAsync(
        Guid tenantId, Guid id, string name, string type, int version, SealedBytes @sealed, CancellationToken cancellationToken) =>
        new(tenantId, id, name, type, version,
            JsonSerializer.Deserialize<Dictionary<string, string>>(await _sealer.OpenAsync(tenantId, PurposeOf(id), @sealed, cancellationToken))!);

    /// <summary>Seals a configuration.</summary>
    public ValueTask<SealedBytes> SealAsync(Guid tenantId, Guid id, IReadOnlyDictionary<string, string> config, CancellationToken cancellationToken) =>
        _sealer.SealAsync(tenantId, PurposeOf(id), JsonSerializer.SerializeToUtf8Bytes(config), cancellationToken);

    private async Task<OpenConnector?> ReadAsync(Guid tenantId, string name)
    {
        var command = new NpgsqlBatchCommand(FindSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Text(name));
        var rows = await _database.ReadAsync(
            tenantId,
            command,
            row => (Id: row.GetGuid(0), Type: row.GetString(1), Version: row.GetInt32(2), Status: row.GetString(3),
                Sealed: new SealedBytes(row.GetString(4), row.GetFieldValue<byte[]>(5))),
            CancellationToken.None);
        if (rows.Count == 0)
        {
            return null;
        }

        var found = rows[0];
        return found.Status == "active"
            ? await OpenAsync(tenantId, found.Id, name, found.Type, found.Version, found.Sealed, CancellationToken.None)
            : throw new ConnectorException("CONNECTOR_DISABLED", $"The connector '{name}' is disabled.");
    }
}

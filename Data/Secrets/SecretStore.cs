using System.Text;
using Npgsql;
using Workflows.Data.Caching;
using Workflows.Data.Database;
using Workflows.Data.Identity;

namespace Workflows.Data.Secrets;

/// <summary>
/// The tenants' secrets in clear, for whoever runs their work. Values are kept in memory for <see cref="Limits.SecretTrust"/>, or until a change is
/// announced: after that an execution that begins sees the new value. A secret that does not exist is absent from the answer.
/// </summary>
public sealed class SecretStore
{
    private readonly WorkflowsDatabase _database;
    private readonly SecretSealer _sealer;
    private readonly TrustedCache<(Guid TenantId, string Name), string> _known;

    public SecretStore(WorkflowsDatabase database, SecretSealer sealer, Invalidation invalidation, TimeProvider clock)
    {
        (_database, _sealer, _known) = (database, sealer, new(clock, Limits.CachedSecrets, Limits.SecretTrust));
        invalidation.OnChange((what, tenantId, _) =>
        {
            if (what == Invalidated.Secret)
            {
                _known.DropKeys(key => key.TenantId == tenantId);
            }
        });
    }

    /// <summary>What a secret of this name is sealed for.</summary>
    public static string PurposeOf(string name) => $"secret:{name}";

    private const string FindSql = "select s.name, s.key_id, s.sealed from secrets s where s.tenant_id = $1 and s.name = any ($2)";

    /// <summary>The values of those of the names that exist.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A value cannot be opened: changed, or its master key is gone.</exception>
    public async ValueTask<IReadOnlyDictionary<string, string>> GetAsync(
        Guid tenantId, IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        var values = await _known.GetAllAsync(
            names.Select(name => (tenantId, name)), missing => ReadAsync(tenantId, missing), cancellationToken);
        return values.ToDictionary(pair => pair.Key.Name, pair => pair.Value, StringComparer.Ordinal);
    }

    private async Task<IReadOnlyDictionary<(Guid TenantId, string Name), Task<string>>> ReadAsync(
        Guid tenantId, IReadOnlyList<(Guid TenantId, string Name)> keys)
    {
        var command = new NpgsqlBatchCommand(FindSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Texts(keys, key => key.Name));
        var rows = await _database.ReadAsync(
            tenantId,
            command,
            row => (Name: row.GetString(0), Sealed: new SealedBytes(row.GetString(1), row.GetFieldValue<byte[]>(2))),
            CancellationToken.None);
        return rows.ToDictionary(row => (tenantId, row.Name), row => OpenAsync(tenantId, row.Name, row.Sealed));
    }

    private async Task<string> OpenAsync(Guid tenantId, string name, SealedBytes @sealed) =>
        Encoding.UTF8.GetString(await _sealer.OpenAsync(tenantId, PurposeOf(name), @sealed, CancellationToken.None));
}

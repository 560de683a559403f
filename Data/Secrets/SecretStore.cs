using System.Collections.Concurrent;
using System.Text;
using Npgsql;
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
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<(Guid TenantId, string Name), (long ReadAt, string Value)> _known = new();

    public SecretStore(WorkflowsDatabase database, SecretSealer sealer, Invalidation invalidation, TimeProvider clock)
    {
        (_database, _sealer, _clock) = (database, sealer, clock);
        invalidation.OnChange((what, tenantId, _) =>
        {
            if (what == Invalidated.Secret)
            {
                Forget(tenantId);
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
        var values = new Dictionary<string, string>(names.Count, StringComparer.Ordinal);
        var missing = new List<string>();
        foreach (var name in names)
        {
            if (_known.TryGetValue((tenantId, name), out var known) && _clock.GetElapsedTime(known.ReadAt) < Limits.SecretTrust)
            {
                values[name] = known.Value;
            }
            else
            {
                missing.Add(name);
            }
        }

        if (missing.Count > 0)
        {
            await ReadAsync(tenantId, missing, values, cancellationToken);
        }

        return values;
    }

    private async Task ReadAsync(Guid tenantId, List<string> names, Dictionary<string, string> values, CancellationToken cancellationToken)
    {
        var readAt = _clock.GetTimestamp();
        var command = new NpgsqlBatchCommand(FindSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Texts(names, name => name));
        var rows = await _database.ReadAsync(
            tenantId, command, row => (Name: row.GetString(0), Sealed: new SealedBytes(row.GetString(1), row.GetFieldValue<byte[]>(2))), cancellationToken);
        if (_known.Count > Limits.CachedSecrets)
        {
            _known.Clear();
        }

        foreach (var (name, @sealed) in rows)
        {
            var value = Encoding.UTF8.GetString(await _sealer.OpenAsync(tenantId, PurposeOf(name), @sealed, cancellationToken));
            values[name] = value;
            _known[(tenantId, name)] = (readAt, value);
        }
    }

    private void Forget(Guid tenantId)
    {
        foreach (var key in _known.Keys.Where(key => key.TenantId == tenantId))
        {
            _known.TryRemove(key, out _);
        }
    }
}

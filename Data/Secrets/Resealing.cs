using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Secrets;

/// <summary>
/// Seals anew, under the current key, what is sealed under an older one: the background part of a rotation. Guarantees: a value that somebody changes
/// meanwhile is never overwritten (the update names the bytes it read); may stop at any point and be run again. When a round moves nothing, the
/// older master keys may be removed from the configuration.
/// </summary>
public sealed class Resealing(WorkflowsDatabase database, SecretSealer sealer, MasterKeys masters)
{
    private const string OldSecretsSql = """
        select s.tenant_id, s.id, 'secret:' || s.name, s.key_id, s.sealed from secrets s where s.key_id = any ($1) limit $2
        """;

    private const string ResealSecretSql = """
        update secrets s set key_id = $3, sealed = $4 where s.tenant_id = $1 and s.id = $2 and s.key_id = $5 and s.sealed = $6
        """;

    private const string OldConnectorsSql = """
        select c.tenant_id, c.id, 'connector:' || c.id, c.key_id, c.sealed from connectors c where c.key_id = any ($1) limit $2
        """;

    private const string ResealConnectorSql = """
        update connectors c set key_id = $3, sealed = $4 where c.tenant_id = $1 and c.id = $2 and c.key_id = $5 and c.sealed = $6
        """;

    private const string OldFactorsSql = """
        select f.tenant_id, f.user_id, 'second-factor:' || f.user_id, f.key_id, f.sealed
        from second_factors f where f.key_id = any ($1) limit $2
        """;

    private const string ResealFactorSql = """
        update second_factors f set key_id = $3, sealed = $4
        where f.tenant_id = $1 and f.user_id = $2 and f.key_id = $5 and f.sealed = $6
        """;

    private const string OldProvidersSql = """
        select p.tenant_id, p.id, 'identity-provider:' || p.id, p.key_id, p.sealed
        from identity_providers p where p.key_id = any ($1) limit $2
        """;

    private const string ResealProviderSql = """
        update identity_providers p set key_id = $3, sealed = $4
        where p.tenant_id = $1 and p.id = $2 and p.key_id = $5 and p.sealed = $6
        """;

    /// <summary>Seals up to <paramref name="limit"/> rows of each kind anew.</summary>
    /// <returns>How many were there to be sealed; 0 = the rotation is complete.</returns>
    public async Task<int> RoundAsync(int limit, CancellationToken cancellationToken)
    {
        string[] old = [.. masters.Ids.Where(id => id != masters.CurrentId)];
        return old.Length == 0
            ? 0
            : await ResealAsync(OldSecretsSql, ResealSecretSql, old, limit, cancellationToken)
                + await ResealAsync(OldConnectorsSql, ResealConnectorSql, old, limit, cancellationToken)
                + await ResealAsync(OldFactorsSql, ResealFactorSql, old, limit, cancellationToken)
                + await ResealAsync(OldProvidersSql, ResealProviderSql, old, limit, cancellationToken);
    }

    private async Task<int> ResealAsync(string listSql, string resealSql, string[] old, int limit, CancellationToken cancellationToken)
    {
        var rows = await ListAsync(listSql, old, limit, cancellationToken);
        foreach (var row in rows)
        {
            var clear = await sealer.OpenAsync(row.TenantId, row.Purpose, row.Sealed, cancellationToken);
            var anew = await sealer.SealAsync(row.TenantId, row.Purpose, clear, cancellationToken);
            await using var command = Command(resealSql);
            command.Parameters.Add(Sql.Uuid(row.TenantId));
            command.Parameters.Add(Sql.Uuid(row.Id));
            command.Parameters.Add(Sql.Text(anew.KeyId));
            command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = anew.Bytes });
            command.Parameters.Add(Sql.Text(row.Sealed.KeyId));
            command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = row.Sealed.Bytes });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        return rows.Count;
    }

    private async Task<List<Old>> ListAsync(string listSql, string[] old, int limit, CancellationToken cancellationToken)
    {
        await using var command = Command(listSql);
        command.Parameters.Add(Sql.Texts(old, id => id));
        command.Parameters.Add(Sql.Int(limit));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<Old>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new Old(
                reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2), new SealedBytes(reader.GetString(3), reader.GetFieldValue<byte[]>(4))));
        }

        return rows;
    }

    private NpgsqlCommand Command(string sql) => database.Source.CreateCommand(sql);

    private sealed record Old(Guid TenantId, Guid Id, string Purpose, SealedBytes Sealed);
}

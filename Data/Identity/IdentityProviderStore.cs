using Workflows.Data.Database;

namespace Workflows.Data.Identity;

/// <summary>An identity provider whose tenant was found by its address.</summary>
public sealed record KnownProvider(Guid TenantId, Guid ProviderId);

/// <summary>Look-ups of identity providers that come before a tenant is known, and the removal of what is over.
/// </summary>
public sealed class IdentityProviderStore(WorkflowsDatabase database)
{
    private const string FindSql = "select tenant_id, provider_id from find_identity_provider($1, $2)";

    /// <summary>The provider of these slugs; null when there is none that is enabled, of a tenant that is
    /// active.</summary>
    public async Task<KnownProvider?> FindAsync(
        string tenantSlug, string providerSlug, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(FindSql);
        command.Parameters.Add(Sql.Text(tenantSlug));
        command.Parameters.Add(Sql.Text(providerSlug));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new KnownProvider(reader.GetGuid(0), reader.GetGuid(1))
            : null;
    }

    private const string ForgetLoginsSql = "select forget_provider_logins($1)";

    /// <summary>Deletes up to <paramref name="limit"/> logins from which nobody came back in time.</summary>
    /// <returns>How many rows.</returns>
    public async Task<int> ForgetLoginsAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ForgetLoginsSql);
        command.Parameters.Add(Sql.Int(limit));
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}

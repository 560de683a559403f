using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>An OpenID Connect provider whose people log in to the tenant.</summary>
public sealed class IdentityProvider : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>Part of the address that the provider sends people back to, so it stays as it is.</summary>
    public required string Slug { get; set; }

    public required string Name { get; set; }

    /// <summary>As the provider writes it; subjects are of this issuer, so it stays as it is.</summary>
    public required string Issuer { get; set; }

    public required string ClientId { get; set; }

    /// <summary>The master key that the client secret is sealed under; null where there is no secret.</summary>
    public string? KeyId { get; set; }

    public byte[]? Sealed { get; set; }

    public required string[] Scopes { get; set; }

    public bool Enabled { get; set; }

    /// <summary>Whether addresses count as verified though the provider does not say so.</summary>
    public bool TrustEmail { get; set; }

    /// <summary>Whether a verified address leads to the account that has it.</summary>
    public bool LinkByEmail { get; set; }

    /// <summary>Whether people without an account get one.</summary>
    public bool Provision { get; set; }

    /// <summary>The claim that names a person's groups at the provider.</summary>
    public string? GroupsClaim { get; set; }

    /// <summary>What accounts that are made at a login have.</summary>
    public required Guid[] DefaultRoles { get; set; }

    /// <summary>JSON list of <c>{"value", "roles", "groups"}</c>: what a group at the provider gives.</summary>
    public string Mappings { get; set; } = "[]";

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>What the client secret is sealed for.</summary>
    public static string PurposeOf(Guid id) => $"identity-provider:{id}";
}

/// <summary>Which user somebody of a provider is.</summary>
public sealed class UserIdentity : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid ProviderId { get; set; }

    /// <summary>What the provider calls the person, for ever.</summary>
    public required string Subject { get; set; }

    public Guid UserId { get; set; }

    public string? Email { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset LastLoginAt { get; set; }
}

/// <summary>A login that waits for a person to come back from a provider.</summary>
public sealed class ProviderLogin : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid ProviderId { get; set; }

    public required byte[] StateHash { get; set; }

    /// <summary>Of what the browser keeps: who comes back is who went.</summary>
    public required byte[] BrowserHash { get; set; }

    public required string Nonce { get; set; }

    public required string CodeVerifier { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }
}

/// <summary>A program that has API keys of its own.</summary>
public sealed class ServiceAccount : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    public string Description { get; set; } = "";

    /// <summary>Its keys work while it is.</summary>
    public bool Active { get; set; } = true;

    public Guid? CreatedBy { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }
}

internal static class PrincipalsModel
{
    public static void Build(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<IdentityProvider>(provider =>
        {
            provider.ToTable("identity_providers").HasKey(row => new { row.TenantId, row.Id });
            provider.Property(row => row.Mappings).HasColumnType("jsonb");
            provider.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<UserIdentity>(identity =>
        {
            identity.ToTable("user_identities").HasKey(row => new { row.TenantId, row.ProviderId, row.Subject });
            identity.HasQueryFilter(row => row.TenantId == context.TenantId);
            // The order of inserts within one save follows this key.
            identity.HasOne<User>().WithMany().HasForeignKey(row => new { row.TenantId, row.UserId });
        });
        model.Entity<ProviderLogin>(login =>
        {
            login.ToTable("provider_logins").HasKey(row => new { row.TenantId, row.Id });
            login.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<ServiceAccount>(account =>
        {
            account.ToTable("service_accounts").HasKey(row => new { row.TenantId, row.Id });
            account.HasQueryFilter(row => row.TenantId == context.TenantId && row.DeletedAt == null);
        });
    }
}

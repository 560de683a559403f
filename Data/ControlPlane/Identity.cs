namespace Workflows.Data.ControlPlane;

/// <summary>A row that belongs to a tenant; its key is (tenant, id).</summary>
public interface ITenantRow
{
    Guid TenantId { get; set; }
}

/// <summary>A row that people edit: <see cref="Version"/> is its ETag and guards every write.</summary>
public interface IVersionedRow
{
    int Version { get; set; }

    DateTimeOffset CreatedAt { get; set; }

    DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>An organization and everything that is its own.</summary>
public sealed class Tenant : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public required string Name { get; set; }

    /// <summary>Names the tenant where an e-mail address alone does not.</summary>
    public required string Slug { get; set; }

    public string Plan { get; set; } = "free";

    /// <summary>active, suspended or closed.</summary>
    public string Status { get; set; } = "active";

    /// <summary>Why it is suspended or closed.</summary>
    public string? StatusReason { get; set; }

    public DateTimeOffset? ClosedAt { get; set; }

    /// <summary>When everything of a closed tenant is erased.</summary>
    public DateTimeOffset? EraseAfter { get; set; }

    /// <summary>JSON object of what the operator sets: <c>httpAllow</c> and <c>limits</c> (<c>maxQueued</c>,
    /// <c>maxRunning</c>).</summary>
    public string Settings { get; set; } = "{}";

    /// <summary>JSON object that the platform's operators keep about it, such as a number of their books.</summary>
    public string Metadata { get; set; } = "{}";

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>A person with an account in a tenant.</summary>
public sealed class User : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Email { get; set; }

    public required string Username { get; set; }

    public required string Name { get; set; }

    public string? PasswordHash { get; set; }

    /// <summary>Where a picture of the person is; an https address.</summary>
    public string? PhotoUrl { get; set; }

    public string TimeZone { get; set; } = "UTC";

    /// <summary>JSON object of what the person, or a program for them, likes to keep.</summary>
    public string Settings { get; set; } = "{}";

    public bool Active { get; set; } = true;

    public bool EmailVerified { get; set; }

    /// <summary>Wrong passwords since the last right one.</summary>
    public int FailedLogins { get; set; }

    public DateTimeOffset? LockedUntil { get; set; }

    public DateTimeOffset? LastLoginAt { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }

    public List<UserRole> Roles { get; } = [];
}

/// <summary>A named set of permissions.</summary>
public sealed class Role : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    public required string[] Permissions { get; set; }

    public bool BuiltIn { get; set; }

    /// <summary>Its holders see only the objects that were granted to them.</summary>
    public bool OnlyGranted { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>A user's role.</summary>
public sealed class UserRole : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid UserId { get; set; }

    public Guid RoleId { get; set; }

    public Role? Role { get; set; }
}

/// <summary>One chain of refresh tokens, from a login to its end.</summary>
public sealed class UserSession : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid UserId { get; set; }

    /// <summary>SHA-256 of the only refresh token that is valid now.</summary>
    public required byte[] RefreshHash { get; set; }

    public byte[]? PreviousHash { get; set; }

    /// <summary>How often the token was exchanged; tokens name the rotation they are of.</summary>
    public int Rotations { get; set; }

    public string? Ip { get; set; }

    public string? UserAgent { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset RefreshedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    public DateTimeOffset? RevokedAt { get; set; }

    public string? RevokeReason { get; set; }
}

/// <summary>A key of a client system. The key itself is never stored.</summary>
public sealed class ApiKey : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    /// <summary>The first characters, by which people recognize it.</summary>
    public required string Prefix { get; set; }

    /// <summary>SHA-256 of the whole key; 256 random bits need no slow hash.</summary>
    public required byte[] Hash { get; set; }

    public required string[] Scopes { get; set; }

    /// <summary>It sees only the objects that were granted to who made it.</summary>
    public bool OnlyGranted { get; set; }

    public Guid? CreatedBy { get; set; }

    /// <summary>The program whose key it is; else it is of who made it.</summary>
    public Guid? ServiceAccountId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? ExpiresAt { get; set; }

    public DateTimeOffset? LastUsedAt { get; set; }

    public DateTimeOffset? RevokedAt { get; set; }
}

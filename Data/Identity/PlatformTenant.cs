namespace Workflows.Data.Identity;

/// <summary>
/// The tenant whose users are the operators of the platform. It has people, roles, sessions, API keys and an activity
/// as every tenant has, and nothing that runs. Only its callers can have permissions that reach beyond a tenant.
/// </summary>
public static class PlatformTenant
{
    /// <summary>The slug; no other tenant may take it.</summary>
    public const string Slug = "platform";

    /// <summary>Ends the e-mail addresses of accounts by which operators of the platform are in a tenant. No address
    /// under .invalid can be anybody's (RFC 2606).</summary>
    public const string OperatorDomain = "@operators.invalid";

    /// <summary>The id as it stands in statements.</summary>
    public const string IdText = "00000000-0000-7000-8000-000000000001";

    /// <summary>The same everywhere; the functions of migration 0026 name it, too.</summary>
    public static readonly Guid Id = new(IdText);
}

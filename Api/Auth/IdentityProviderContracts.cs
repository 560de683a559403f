namespace Workflows.Api.Auth;

/// <param name="Value">What the claim says of who is in the group at the provider.</param>
/// <param name="Roles">Names of roles; none with more permissions than the caller, and never that of owners.</param>
/// <param name="Groups">Names of groups.</param>
internal sealed record ProviderMapping(string Value, string[]? Roles = null, string[]? Groups = null);

/// <param name="Slug">Part of the address that the provider sends people back to; stays as it is.</param>
/// <param name="Issuer">Exactly as the provider's discovery document has it; stays as it is.</param>
/// <param name="ClientSecret">Write-only; left out for a public client.</param>
/// <param name="Scopes">Left out: openid, email, profile.</param>
/// <param name="TrustEmail">Whether addresses count as verified though the provider does not say so.</param>
/// <param name="LinkByEmail">Whether a verified address leads to the account that has it.</param>
/// <param name="Provision">Whether people without an account get one.</param>
/// <param name="GroupsClaim">The claim that names a person's groups.</param>
/// <param name="DefaultRoles">Names of roles of accounts that are made at a login.</param>
internal sealed record CreateIdentityProviderRequest(
    string Slug, string Name, string Issuer, string ClientId, string? ClientSecret = null, string[]? Scopes = null,
    bool Enabled = true, bool TrustEmail = false, bool LinkByEmail = false, bool Provision = false,
    string? GroupsClaim = null, string[]? DefaultRoles = null, ProviderMapping[]? Mappings = null);

/// <summary>What is left out stays as it is; an empty secret or claim is taken away.</summary>
internal sealed record UpdateIdentityProviderRequest(
    string? Name = null, string? ClientId = null, string? ClientSecret = null, string[]? Scopes = null,
    bool? Enabled = null, bool? TrustEmail = null, bool? LinkByEmail = null, bool? Provision = null,
    string? GroupsClaim = null, string[]? DefaultRoles = null, ProviderMapping[]? Mappings = null);

/// <param name="RedirectUri">What the provider is told to send people back to; null while the platform does not know
/// its own address.</param>
/// <param name="LoginUrl">Where a login begins.</param>
internal sealed record IdentityProviderView(
    Guid Id, string Slug, string Name, string Issuer, string ClientId, bool HasSecret, IReadOnlyList<string> Scopes,
    bool Enabled, bool TrustEmail, bool LinkByEmail, bool Provision, string? GroupsClaim,
    IReadOnlyList<string> DefaultRoles, IReadOnlyList<ProviderMapping> Mappings, string? RedirectUri, string? LoginUrl,
    int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <param name="Message">Why it cannot be used.</param>
internal sealed record ProviderTestView(bool Succeeded, string Message);

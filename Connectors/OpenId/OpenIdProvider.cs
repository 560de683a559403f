namespace Workflows.Connectors.OpenId;

/// <summary>An identity provider as a tenant configured it.</summary>
/// <param name="ClientSecret">Null for a public client.</param>
public sealed record OpenIdProvider(Guid TenantId, string Issuer, string ClientId, string? ClientSecret);

/// <summary>One login: what is sent along and must come back.</summary>
/// <param name="CodeVerifier">Shows, with the code, that who redeems it began the login (RFC 7636).</param>
public sealed record OpenIdLogin(
    string RedirectUri, IReadOnlyList<string> Scopes, string State, string Nonce, string CodeVerifier);

/// <summary>Whom a provider vouches for.</summary>
/// <param name="Subject">What it calls the person, for ever.</param>
/// <param name="EmailVerified">Null when it does not say.</param>
/// <param name="Groups">Values of the claim that was asked for.</param>
public sealed record OpenIdPerson(
    string Subject, string? Email, bool? EmailVerified, string? Name, string? Username, IReadOnlyList<string> Groups);

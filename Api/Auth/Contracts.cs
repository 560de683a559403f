using Workflows.Api.Http;

namespace Workflows.Api.Auth;

/// <param name="Tenant">Slug of the tenant; needed only by those who use one address and password in several.</param>
internal sealed record LoginRequest(string Email, string Password, string? Tenant = null);

/// <param name="RefreshToken">Left out by the console, whose token is in its cookie.</param>
internal sealed record RefreshRequest(string? RefreshToken = null) : IOptionalBody;

internal sealed record PasswordRequest(string CurrentPassword, string NewPassword);

/// <param name="ExpiresIn">Seconds that the access token is good for.</param>
/// <param name="RefreshToken">To be exchanged once; a second use ends the session. Null for the console: it is in the
/// cookie then.</param>
internal sealed record TokenView(
    string AccessToken, string TokenType, int ExpiresIn, string? RefreshToken, Guid SessionId, Guid TenantId);

/// <summary>Who the caller is and may.</summary>
/// <param name="TenantSlug">The tenant's part of the addresses of webhooks and of files to download.</param>
internal sealed record MeView(
    Guid TenantId,
    string TenantName,
    string TenantSlug,
    Guid Id,
    string Type,
    string Name,
    Guid? SessionId,
    IReadOnlyList<string> Permissions);

internal sealed record SessionView(
    Guid Id, string? Ip, string? UserAgent, DateTimeOffset CreatedAt, DateTimeOffset RefreshedAt, DateTimeOffset ExpiresAt, bool Current);

using Workflows.Api.Http;

namespace Workflows.Api.Auth;

/// <summary>Where people go to an identity provider, and come back from it. Made of what the operator configured, never
/// of what a request says of the host.</summary>
internal static class ProviderAddresses
{
    public const string Route = "/api/v1/auth/oidc";

    /// <summary>Null while the platform does not know its own address.</summary>
    public static string? Start(MailSettings settings, string tenant, string provider) =>
        settings.PublicUrl is { } url ? $"{url}{Route}/{tenant}/{provider}/start" : null;

    /// <inheritdoc cref="Start"/>
    public static string? Callback(MailSettings settings, string tenant, string provider) =>
        settings.PublicUrl is { } url ? $"{url}{Route}/{tenant}/{provider}/callback" : null;

    /// <summary>How the browser keeps its half of a login: for the routes of logins only, and no script.</summary>
    public static CookieOptions Cookie(string publicUrl)
    {
        var url = new Uri(publicUrl);
        return new CookieOptions
        {
            HttpOnly = true,
            Secure = url.Scheme == Uri.UriSchemeHttps,
            SameSite = SameSiteMode.Lax, // the provider's page leads here
            Path = $"{url.AbsolutePath.TrimEnd('/')}{Route}",
            MaxAge = Limits.ProviderLoginLifetime,
        };
    }
}

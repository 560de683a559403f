using Workflows.Api.Http;

namespace Workflows.Api.Auth;

/// <summary>
/// Sessions of the console: the refresh token is in a cookie that no script reads and that only the routes of logins
/// see, the access token in the page's memory. What opens or refreshes such a session names itself by a header, which
/// no page of another origin can send, and comes from our own origin.
/// </summary>
internal static class BrowserSession
{
    public const string Header = "X-Workflows-Console";
    public const string Cookie = "__Secure-wf-refresh";

    /// <summary>Whether the console asks.</summary>
    public static bool IsMeant(HttpContext context) => context.Request.Headers[Header] == "1";

    public static string? TokenOf(HttpContext context) => context.Request.Cookies[Cookie];

    /// <summary>Moves the refresh token of an answer into the cookie. Once the session is over the cookie goes, too.
    /// </summary>
    public static async ValueTask<object?> KeepAsync(
        EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        if (!IsMeant(context))
        {
            return await next(invocation);
        }

        if (!IsOwnOrigin(context.Request, context.RequestServices.GetRequiredService<MailSettings>().PublicUrl))
        {
            return new Problem(Errors.Forbidden, "A session of the console is opened from its own pages only.");
        }

        var result = await next(invocation);
        if (result is ApiResponse<TokenView> { Data: { RefreshToken: { } refresh } view })
        {
            var options = Options();
            options.MaxAge = Limits.SessionLifetime;
            context.Response.Cookies.Append(Cookie, refresh, options);
            return ApiResponse<TokenView>.Ok(view with { RefreshToken = null });
        }

        if (result is ApiResponse<TokenView> { Problem.Code: var code } && code == Errors.SessionRevoked)
        {
            context.Response.Cookies.Delete(Cookie, Options());
        }

        return result;
    }

    public static ApiRequest Forget(ApiRequest request)
    {
        if (IsMeant(request.Http))
        {
            request.Http.Response.Cookies.Delete(Cookie, Options());
        }

        return request;
    }

    // Behind a proxy the scheme, and sometimes the host, are not the ones that the browser sees.
    private static bool IsOwnOrigin(HttpRequest request, string? publicUrl) =>
        Uri.TryCreate(request.Headers.Origin, UriKind.Absolute, out var origin)
        && (new HostString(origin.Authority) == request.Host
            || (publicUrl is not null && new Uri(publicUrl).Authority == origin.Authority));

    private static CookieOptions Options() => new()
    {
        HttpOnly = true,
        Secure = true,
        SameSite = SameSiteMode.Strict,
        Path = "/api/v1/auth",
    };
}

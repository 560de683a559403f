using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Auth;

/// <summary>The beginning of a session, in the transaction of what proves who the caller is.</summary>
internal static class SessionOpening
{
    /// <summary>Adds the session that the caller names and makes its first tokens.</summary>
    public static TokenView Open(ApiRequest request, Tokens tokens)
    {
        var (tenantId, sessionId) = (request.Caller.TenantId, request.Caller.SessionId!.Value);
        var refresh = tokens.NewRefreshToken(
            new RefreshToken(tenantId, sessionId, 0, BrowserSession.IsMeant(request.Http)));
        request.Db.Sessions.Add(new UserSession
        {
            TenantId = tenantId,
            Id = sessionId,
            UserId = request.Caller.Id,
            RefreshHash = Tokens.Hash(refresh),
            Ip = request.Http.Connection.RemoteIpAddress?.ToString(),
            UserAgent = Caller.UserAgent(request.Http.Request),
            CreatedAt = request.Now,
            RefreshedAt = request.Now,
            ExpiresAt = request.Now + Limits.SessionLifetime,
        });
        return View(request, tokens, refresh);
    }

    /// <summary>A new access token beside a refresh token.</summary>
    public static TokenView View(ApiRequest request, Tokens tokens, string refresh)
    {
        var (tenantId, sessionId) = (request.Caller.TenantId, request.Caller.SessionId!.Value);
        var access = new AccessToken(tenantId, sessionId, request.Now + Limits.AccessTokenLifetime);
        return new TokenView(
            tokens.NewAccessToken(access), "Bearer", (int)Limits.AccessTokenLifetime.TotalSeconds, refresh, sessionId,
            tenantId);
    }
}

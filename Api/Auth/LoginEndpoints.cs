using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Identity;

namespace Workflows.Api.Auth;

/// <summary>
/// Password login and the exchange of refresh tokens. Answers and times do not tell whether an account exists, is locked or has another password.
/// </summary>
internal static class LoginEndpoints
{
    internal static readonly LoginLocks Locks = new(
        Limits.FailedLogins, Limits.FailedLoginsAnywhere, Limits.FirstLock, Limits.LongestLock, Limits.FailureMemory);

    public static void MapLogin(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("Authentication").AllowAnonymous()
            .WithMetadata(new NotRepeatable(), new BodyLimit(Limits.LoginBodyBytes))
            .AddEndpointFilter(BrowserSession.KeepAsync);
        group.MapPost("/login", LoginAsync).WithSummary("Log in with e-mail address and password");
        group.MapPost("/refresh", RefreshAsync).WithSummary("Exchange the refresh token for new tokens");
    }

    private static async Task<ApiResponse<TokenView>> LoginAsync(
        Body<LoginRequest> body,
        HttpContext context,
        GrantStore grants,
        LoginLimiter limiter,
        Passwords passwords,
        Tokens tokens,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        var (email, password, tenant) = body.Value;
        if (email.Length > Limits.EmailLength || password.Length > Limits.PasswordMaxLength)
        {
            return new Problem(Errors.InvalidCredentials);
        }

        var from = LoginAddresses.Of(context.Connection.RemoteIpAddress);
        if (await limiter.TakeAsync(from.Key) is { Granted: 0 } refused)
        {
            return new Problem(Errors.RateLimited, "Too many logins from this address.", retryAfter: refused.RetryAfter);
        }

        var candidates = await grants.FindLoginsAsync(email, tenant, Limits.LoginCandidates, from, cancellationToken);
        var now = clock.GetUtcNow();
        var matches = new List<(Login Login, bool IsOutdated)>();
        foreach (var candidate in candidates.DefaultIfEmpty())
        {
            // Checked in any case, so that time does not tell.
            var result = await passwords.VerifyAsync(candidate?.PasswordHash, password, cancellationToken);
            if (result != PasswordVerificationResult.Failed && candidate!.Active && !(candidate.LockedUntil > now))
            {
                matches.Add((candidate, result == PasswordVerificationResult.SuccessRehashNeeded));
            }
        }

        if (matches.Count == 0)
        {
            await RecordFailuresAsync(grants, candidates, from, now, cancellationToken);
            return new Problem(Errors.InvalidCredentials);
        }

        if (matches.Count > 1)
        {
            return new Problem(
                Errors.Conflict,
                "The account exists in several tenants: name one as 'tenant'.",
                [.. matches.Select(match => new ErrorDetail("/tenant", "CHOICE", match.Login.TenantSlug))]);
        }

        var (login, isOutdated) = matches[0];
        var hash = isOutdated ? await passwords.HashAsync(password, cancellationToken) : login.PasswordHash;
        if (await SecondFactors.ChallengeAsync(context, login, tokens, now, cancellationToken) is { } challenge)
        {
            return challenge; // wrong passwords are forgotten when the login is complete
        }

        await grants.ForgetFailuresAsync(login.TenantId, login.UserId, from.Key, cancellationToken);
        return await OpenSessionAsync(context, login, hash, email, tokens);
    }

    private static async Task RecordFailuresAsync(
        GrantStore grants, IReadOnlyList<Login> candidates, LoginAddress from, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        foreach (var candidate in candidates.Where(
            candidate => candidate.PasswordHash is not null && !(candidate.LockedUntil > now)))
        {
            await grants.RecordFailureAsync(
                candidate.TenantId, candidate.UserId, from.Key, Locks, now, cancellationToken);
        }
    }

    // The hash is the one to keep: a new one of the same password when the old one was weak.
    private static Task<ApiResponse<TokenView>> OpenSessionAsync(
        HttpContext context, Login login, string? hash, string email, Tokens tokens)
    {
        var checkedHash = login.PasswordHash;
        var sessionId = Guid.CreateVersion7();
        var caller = new Caller(login.TenantId, login.UserId, email, Permission.None, sessionId);
        var request = ApiRequest.For(context, caller);
        return request.ChangeAsync<TokenView>(async token =>
        {
            var view = SessionOpening.Open(request, tokens);

            // A password that was changed since it was checked stays: only the hash that was checked is replaced.
            await request.Db.Users.Where(user => user.Id == login.UserId).ExecuteUpdateAsync(
                user => user
                    .SetProperty(row => row.PasswordHash, row => row.PasswordHash == checkedHash ? hash : row.PasswordHash)
                    .SetProperty(row => row.FailedLogins, 0)
                    .SetProperty(row => row.LockedUntil, (DateTimeOffset?)null)
                    .SetProperty(row => row.LastLoginAt, request.Now),
                token);
            request.Record("auth.login", "session", sessionId, email);
            return view;
        });
    }

    private static async Task<ApiResponse<TokenView>> RefreshAsync(
        Body<RefreshRequest> body, HttpContext context, Tokens tokens, Invalidation invalidation)
    {
        var inBrowser = BrowserSession.IsMeant(context);
        var text = (inBrowser ? BrowserSession.TokenOf(context) : body.Value.RefreshToken) ?? "";
        if (!tokens.TryReadRefreshToken(text, out var presented) || presented.InBrowser != inBrowser)
        {
            return new Problem(
                Errors.Unauthenticated,
                inBrowser ? "This browser has no session." : "This is no refresh token of ours.");
        }

        var request = ApiRequest.For(
            context,
            new Caller(presented.TenantId, Guid.Empty, "refresh token", Permission.None, presented.SessionId));
        if (await FindAsync(request, presented.SessionId) is not { } session)
        {
            return new Problem(Errors.SessionRevoked, "The session has ended.");
        }

        var hash = Tokens.Hash(text);
        var caller = new Caller(
            presented.TenantId, session.UserId, session.Email, Permission.None, presented.SessionId);
        var own = ApiRequest.For(context, caller);
        var next = tokens.NextRefreshToken(text, presented);
        return CryptographicOperations.FixedTimeEquals(hash, session.RefreshHash)
            && await RotateAsync(own, tokens, next, hash) is { } rotated ? rotated
            : inBrowser && await WasJustRotatedAsync(own, next, hash) ? SessionOpening.View(own, tokens, next)
            : await RevokeReusedAsync(own, presented.SessionId, invalidation);
    }

    private sealed record OpenSession(Guid UserId, string Email, byte[] RefreshHash);

    private static Task<OpenSession?> FindAsync(ApiRequest request, Guid sessionId) =>
        (from session in request.Db.Sessions.AsNoTracking()
         join user in request.Db.Users on session.UserId equals user.Id
         where session.Id == sessionId && session.RevokedAt == null && session.ExpiresAt > request.Now && user.Active
         select new OpenSession(session.UserId, user.Email, session.RefreshHash))
        .SingleOrDefaultAsync(request.Http.RequestAborted);

    /// <returns>Null when another request has exchanged the token in between.</returns>
    private static async Task<ApiResponse<TokenView>?> RotateAsync(
        ApiRequest request, Tokens tokens, string next, byte[] hash)
    {
        var (sessionId, nextHash) = (request.Caller.SessionId!.Value, Tokens.Hash(next));
        var response = await request.ChangeAsync<TokenView>(async token =>
        {
            var rotated = await request.Db.Sessions
                .Where(row => row.Id == sessionId && row.RefreshHash == hash && row.RevokedAt == null)
                .ExecuteUpdateAsync(
                    row => row.SetProperty(session => session.RefreshHash, nextHash)
                        .SetProperty(session => session.PreviousHash, hash)
                        .SetProperty(session => session.Rotations, session => session.Rotations + 1)
                        .SetProperty(session => session.RefreshedAt, request.Now),
                    token);
            if (rotated == 0)
            {
                return new Problem(Errors.SessionRevoked);
            }

            request.Record("auth.refresh", "session", sessionId, request.Caller.Name);
            return SessionOpening.View(request, tokens, next);
        });
        return response.Problem is null ? response : null;
    }

    // Tabs of one browser share the cookie, and an answer can be lost: the token just exchanged gets the same successor.
    private static Task<bool> WasJustRotatedAsync(ApiRequest request, string next, byte[] hash)
    {
        var (sessionId, nextHash) = (request.Caller.SessionId!.Value, Tokens.Hash(next));
        var since = request.Now - Limits.RefreshGrace;
        return request.Db.Sessions.AnyAsync(
            row => row.Id == sessionId && row.RevokedAt == null && row.PreviousHash == hash
                && row.RefreshHash == nextHash && row.RefreshedAt > since,
            request.Http.RequestAborted);
    }

    // An authentic token that is not the present one has been exchanged before: it, or its successor, is in foreign hands.
    private static async Task<ApiResponse<TokenView>> RevokeReusedAsync(ApiRequest request, Guid sessionId, Invalidation invalidation)
    {
        await request.ChangeAsync<Done>(async token =>
        {
            await request.Db.Sessions.Where(row => row.Id == sessionId && row.RevokedAt == null).ExecuteUpdateAsync(
                row => row.SetProperty(session => session.RevokedAt, request.Now)
                    .SetProperty(session => session.RevokeReason, "refresh token used twice"),
                token);
            request.Record("auth.reuse", "session", sessionId, request.Caller.Name);
            return new Done(sessionId, "revoked");
        });
        invalidation.Publish(Invalidated.Session, request.Caller.TenantId, sessionId);
        return new Problem(Errors.SessionRevoked, "The refresh token was used before; the session has been ended.");
    }
}

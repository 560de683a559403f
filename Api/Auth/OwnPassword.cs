using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Auth;

/// <summary>The password asked again before an account is changed: a stolen session must not be enough, nor a place to
/// guess the password at.</summary>
internal static class OwnPassword
{
    /// <summary>Null when it is right.</summary>
    public static async Task<Problem?> CheckAsync(
        ApiRequest request, string password, Passwords passwords, LoginLimiter limiter, CancellationToken token)
    {
        if (await limiter.TakeAsync(request.Caller.Id) is { Granted: 0 } refused)
        {
            return new Problem(Errors.RateLimited, "Too many passwords were tried.", retryAfter: refused.RetryAfter);
        }

        var me = request.Caller.UserId;
        var hash = await request.Db.Users.Where(user => user.Id == me).Select(user => user.PasswordHash)
            .SingleOrDefaultAsync(token);
        if (hash is null && await request.Db.UserIdentities.AnyAsync(row => row.UserId == me, token))
        {
            return await LogsInAnewAsync(request, token);
        }

        return hash is null || password.Length > Limits.PasswordMaxLength
            || await passwords.VerifyAsync(hash, password, token) == PasswordVerificationResult.Failed
            ? new Problem(Errors.InvalidCredentials, "The password is wrong.")
            : null;
    }

    // Who logs in by an identity provider only has no password: a login of a moment ago shows that it is they.
    private static async Task<Problem?> LogsInAnewAsync(ApiRequest request, CancellationToken token)
    {
        var since = request.Now - Limits.RecentLogin;
        var session = request.Caller.SessionId;
        return await request.Db.Sessions.AnyAsync(row => row.Id == session && row.CreatedAt > since, token)
            ? null
            : new Problem(
                Errors.InvalidCredentials,
                $"The account has no password: log in again, and do this within {Limits.RecentLogin.TotalMinutes} "
                    + "minutes.");
    }
}

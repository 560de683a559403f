using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Data.Secrets;

namespace Workflows.Api.Auth;

/// <param name="Code">Of the app, or a recovery code.</param>
internal sealed record SecondFactorRequest(string Challenge, string Code);

/// <summary>
/// The second step of a login. Guarantees: a code of the app, and a recovery code, is accepted once; wrong ones count
/// and lock as wrong passwords do, and a right password does not make them forgotten.
/// </summary>
internal static class SecondFactors
{
    public static void MapSecondFactorLogin(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("/auth").WithTags("Authentication").AllowAnonymous()
            .WithMetadata(new NotRepeatable(), new BodyLimit(Limits.LoginBodyBytes))
            .AddEndpointFilter(BrowserSession.KeepAsync)
            .MapPost("/second-factor", LogInAsync).WithSummary("Complete a login with the code of the second factor");

    /// <summary>What a right password is answered where the account has a second factor; null where it has none.
    /// </summary>
    public static async Task<Problem?> ChallengeAsync(
        HttpContext context, Login login, Tokens tokens, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var request = ApiRequest.For(context, Caller.Nobody(login.TenantId, "login"));
        if (!await request.Db.SecondFactors.AnyAsync(
            row => row.UserId == login.UserId && row.ConfirmedAt != null, cancellationToken))
        {
            return null;
        }

        var challenge = tokens.NewChallenge(new LoginChallenge(
            login.TenantId, login.UserId, now + Limits.ChallengeLifetime, LoginChallenge.Of(login.PasswordHash)));
        return new Problem(Errors.SecondFactorRequired, null, [new ErrorDetail("/challenge", "CHALLENGE", challenge)]);
    }

    /// <summary>Whether a code is right; it is used up then. Within the caller's transaction.</summary>
    public static async Task<bool> TryUseAsync(
        ApiRequest request, SecretSealer sealer, Guid userId, string code, CancellationToken token)
    {
        if (await request.Db.LockSecondFactorAsync(userId, token) is not { ConfirmedAt: not null } factor)
        {
            return false;
        }

        var secret = await sealer.OpenAsync(
            factor.TenantId, SecondFactor.PurposeOf(userId), new SealedBytes(factor.KeyId, factor.Sealed), token);
        if (OneTimeCodes.TryFind(secret, code, request.Now, factor.LastStep, out var step))
        {
            factor.LastStep = step;
            return true;
        }

        var hash = OneTimeCodes.HashOfRecoveryCode(code);
        return await request.Db.RecoveryCodes.Where(
                row => row.UserId == userId && row.Hash == hash && row.UsedAt == null)
            .ExecuteUpdateAsync(row => row.SetProperty(other => other.UsedAt, request.Now), token) == 1;
    }

    private static async Task<ApiResponse<TokenView>> LogInAsync(
        Body<SecondFactorRequest> body, HttpContext context, GrantStore grants, LoginLimiter limiter, Tokens tokens,
        SecretSealer sealer, TimeProvider clock, CancellationToken cancellationToken)
    {
        var from = LoginAddresses.Of(context.Connection.RemoteIpAddress);
        if (await limiter.TakeAsync(from.Key) is { Granted: 0 } refused)
        {
            return new Problem(
                Errors.RateLimited, "Too many logins from this address.", retryAfter: refused.RetryAfter);
        }

        var now = clock.GetUtcNow();
        if (!tokens.TryReadChallenge(body.Value.Challenge, out var challenge) || challenge.ExpiresAt <= now)
        {
            return new Problem(Errors.InvalidCredentials, "Log in with the password again.");
        }

        if (await FindAsync(context, challenge, grants, from, cancellationToken) is not ({ } login, var email)
            || !login.Active || login.LockedUntil > now || challenge.Password != LoginChallenge.Of(login.PasswordHash))
        {
            return new Problem(Errors.InvalidCredentials);
        }

        var request = ApiRequest.For(
            context, new Caller(login.TenantId, login.UserId, email, Permission.None, Guid.CreateVersion7()));
        var response = await request.ChangeAsync<TokenView>(async token =>
        {
            if (!await TryUseAsync(request, sealer, login.UserId, body.Value.Code, token))
            {
                return new Problem(Errors.InvalidCredentials, "The code is wrong, or was used.");
            }

            await request.Db.Users.Where(user => user.Id == login.UserId).ExecuteUpdateAsync(
                user => user.SetProperty(row => row.FailedLogins, 0)
                    .SetProperty(row => row.LockedUntil, (DateTimeOffset?)null)
                    .SetProperty(row => row.LastLoginAt, request.Now), token);
            request.Record("auth.login", "session", request.Caller.SessionId, email);
            return SessionOpening.Open(request, tokens);
        });
        if (response.Problem?.Code == Errors.InvalidCredentials)
        {
            await grants.RecordFailureAsync(
                login.TenantId, login.UserId, from.Key, LoginEndpoints.Locks, now, cancellationToken);
        }
        else if (response.Problem is null)
        {
            await grants.ForgetFailuresAsync(login.TenantId, login.UserId, from.Key, cancellationToken);
        }

        return response;
    }

    private static async Task<(Login Login, string Email)?> FindAsync(
        HttpContext context, LoginChallenge challenge, GrantStore grants, LoginAddress from, CancellationToken token)
    {
        var request = ApiRequest.For(context, Caller.Nobody(challenge.TenantId, "login"));
        var email = await request.Db.Users.Where(user => user.Id == challenge.UserId).Select(user => user.Email)
            .SingleOrDefaultAsync(token);
        var slug = await request.Db.Tenants.Select(tenant => tenant.Slug).SingleOrDefaultAsync(token);
        if (email is null || slug is null)
        {
            return null;
        }

        var logins = await grants.FindLoginsAsync(email, slug, 1, from, token);
        return logins is [{ } login] && login.UserId == challenge.UserId ? (login, email) : null;
    }
}

using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Auth;

/// <param name="Tenant">Slug of the tenant; without it the accounts of the address in all tenants get a link.</param>
internal sealed record RequestPasswordResetRequest(string Email, string? Tenant = null);

internal sealed record ResetPasswordRequest(string Token, string Password);

/// <param name="Status">accepted, whether there is such an account or not.</param>
internal sealed record Accepted(string Status);

/// <summary>
/// The way back in for people who forgot their password. Neither answer nor time tells whether there is an account.
/// </summary>
internal static class PasswordResets
{
    public static void MapPasswordResets(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("Authentication").AllowAnonymous()
            .WithMetadata(new NotRepeatable(), new BodyLimit(Limits.LoginBodyBytes));
        group.MapPost("/request-password-reset", RequestAsync).WithMetadata(new SuccessStatus(202))
            .WithSummary("Have a link mailed that sets a new password");
        group.MapPost("/reset-password", ResetAsync)
            .WithSummary("Set a new password by a mailed link; all sessions end and the account is unlocked");
    }

    private static async Task<ApiResponse<Accepted>> RequestAsync(
        Body<RequestPasswordResetRequest> body, HttpContext context, GrantStore grants, LoginLimiter limiter,
        AccountMails mails, CancellationToken cancellationToken)
    {
        if (mails.Missing is { } missing)
        {
            return missing;
        }

        var (email, tenant) = body.Value;
        if (new Checks().Email("email", email).Text("tenant", tenant, Limits.NameLength).Problem is { } problem)
        {
            return problem;
        }

        var from = LoginAddresses.Of(context.Connection.RemoteIpAddress);
        if (await limiter.TakeAsync(from.Key) is { Granted: 0 } refused)
        {
            return new Problem(
                Errors.RateLimited, "Too many requests from this address.", retryAfter: refused.RetryAfter);
        }

        // What is done for an account is done within this time, which all wait for.
        var answer = Task.Delay(Limits.PasswordResetAnswer, cancellationToken);
        var accounts = await grants.FindLoginsAsync(email, tenant, Limits.LoginCandidates, from, cancellationToken);
        foreach (var account in accounts.Where(account => account.Active))
        {
            await OfferAsync(context, account, mails);
        }

        await answer;
        return ApiResponse<Accepted>.Accepted(new Accepted("accepted"));
    }

    private static Task<ApiResponse<Done>> OfferAsync(HttpContext context, Login account, AccountMails mails)
    {
        var request = ApiRequest.For(context, Caller.Nobody(account.TenantId, "password reset"));
        return request.ChangeAsync<Done>(async token =>
        {
            // The address as it is stored: a mail never goes to what a stranger wrote. Locked, so that requests at once
            // are counted one after the other.
            // Who logs in by an identity provider only gets no way past it.
            if (await request.Db.LockUserAsync(account.UserId, token) is not
                { Active: true, PasswordHash: not null } user
                || await AccountMails.AreTooManyAsync(request, AccountLink.OfPasswordReset, user.Id, token))
            {
                return new Problem(Errors.LimitReached); // nobody sees it
            }

            var link = await AccountMails.ReplaceLinkAsync(
                request, AccountLink.OfPasswordReset, user.Id, user.Email, request.Now + Limits.PasswordResetLifetime,
                token);
            await mails.ResetPasswordAsync(request, link, token);
            request.Record("auth.request_password_reset", "user", user.Id, user.Email);
            return new Done(user.Id, "mailed");
        });
    }

    private static async Task<ApiResponse<Done>> ResetAsync(
        Body<ResetPasswordRequest> body, HttpContext context, Tokens tokens, LoginLimiter limiter, Passwords passwords,
        AccountMails mails, Invalidation invalidation, CancellationToken cancellationToken)
    {
        var (link, request, refusal) =
            await OneTimeLinks.FindAsync(context, tokens, limiter, body.Value.Token, LinkKind.PasswordReset);
        if (link is null)
        {
            return refusal!;
        }

        var userId = link.UserId!.Value;
        var account = await request!.Db.Users.AsNoTracking()
            .SingleOrDefaultAsync(user => user.Id == userId && user.Active, cancellationToken);
        if (account is null)
        {
            return new Problem(Errors.LinkGone);
        }

        var about = await request.AboutAsync(account, cancellationToken);
        if (new Checks().Password("password", body.Value.Password, about).Problem is { } problem)
        {
            return problem;
        }

        var hash = await passwords.HashAsync(body.Value.Password, cancellationToken);
        var resetting = OneTimeLinks.AsPerson(context, link, userId, account.Email);
        var response = await resetting.ChangeAsync<Done>(async token =>
        {
            // A link that was mailed to an address that is the account's no more opens nothing.
            if (await resetting.Db.LockUserAsync(userId, token) is not { Active: true } user
                || !string.Equals(user.Email, link.Email, StringComparison.OrdinalIgnoreCase)
                || !await OneTimeLinks.TryUseAsync(resetting, link, token))
            {
                return new Problem(Errors.LinkGone);
            }

            user.EmailVerified = true;
            await resetting.Db.SetPasswordAsync(user, hash, "password reset", resetting.Now, token);
            await mails.TellOfNewPasswordAsync(resetting, user.Email, token);
            resetting.Record("auth.reset_password", "user", user.Id, user.Email);
            return new Done(user.Id, "changed");
        });
        invalidation.Publish(Invalidated.User, link.TenantId, userId);
        return response;
    }
}

using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Auth;

/// <param name="Password">The present one: a session that was stolen must not be enough.</param>
internal sealed record ChangeEmailRequest(string Email, string Password);

internal sealed record VerifyEmailRequest(string Token);

/// <summary>One's own e-mail address: that mails reach one at it, and another one instead.</summary>
internal static class EmailEndpoints
{
    public static void MapEmails(this IEndpointRouteBuilder routes)
    {
        var me = routes.MapGroup("/users/me").WithTags("Users").Requires(Permission.None)
            .WithMetadata(new NotRepeatable(), new SuccessStatus(202), new BodyLimit(Limits.LoginBodyBytes));
        me.MapPost("/verify-email", RequestAsync)
            .WithSummary("Have a link mailed that confirms one's own e-mail address");
        me.MapPost("/email", ChangeAsync)
            .WithSummary("Change one's own e-mail address, once a link that is mailed to the new one is opened");
        routes.MapGroup("/auth").WithTags("Authentication").AllowAnonymous()
            .WithMetadata(new NotRepeatable(), new BodyLimit(Limits.LoginBodyBytes))
            .MapPost("/verify-email", VerifyAsync).WithSummary("Confirm an e-mail address by a mailed link");
    }

    private static async Task<ApiResponse<Accepted>> RequestAsync(ApiRequest request, AccountMails mails)
    {
        if (request.Caller.UserId is not { } me)
        {
            return NoAddress();
        }

        if (mails.Missing is { } missing)
        {
            return missing;
        }

        return await request.ChangeAsync<Accepted>(async token =>
        {
            var user = await request.Db.LockUserAsync(me, token);
            return user is null ? new Problem(Errors.UserNotFound)
                : user.EmailVerified ? new Problem(Errors.Conflict, "The address is confirmed.")
                : await MailAsync(request, AccountLink.OfEmailVerification, me, user.Email, mails, token);
        });
    }

    private static async Task<ApiResponse<Accepted>> ChangeAsync(
        Body<ChangeEmailRequest> body, ApiRequest request, Passwords passwords, LoginLimiter limiter,
        AccountMails mails, CancellationToken cancellationToken)
    {
        if (request.Caller.UserId is not { } me)
        {
            return NoAddress();
        }

        if (mails.Missing is { } missing)
        {
            return missing;
        }

        if (new Checks().Email("email", body.Value.Email).Problem is { } problem)
        {
            return problem;
        }

        if (await OwnPassword.CheckAsync(request, body.Value.Password, passwords, limiter, cancellationToken)
            is { } wrong)
        {
            return wrong;
        }

        // Whether somebody else has the address shows only to who receives its mail.
        return await request.ChangeAsync<Accepted>(async token =>
        {
            if (await request.Db.LockUserAsync(me, token) is not { } user)
            {
                return new Problem(Errors.UserNotFound);
            }

            var response = await MailAsync(request, AccountLink.OfEmailChange, me, body.Value.Email, mails, token);
            if (response.Problem is null)
            {
                await mails.TellOfNewAddressAsync(request, user.Email, token);
            }

            return response;
        });
    }

    private static async Task<ApiResponse<Accepted>> MailAsync(
        ApiRequest request, string kind, Guid userId, string email, AccountMails mails, CancellationToken token)
    {
        if (await AccountMails.AreTooManyAsync(request, kind, userId, token))
        {
            return new Problem(
                Errors.RateLimited, $"At most {Limits.LinksPerHour} links an hour are mailed.",
                retryAfter: TimeSpan.FromHours(1));
        }

        var link = await AccountMails.ReplaceLinkAsync(
            request, kind, userId, email, request.Now + Limits.EmailVerificationLifetime, token);
        await mails.VerifyAsync(request, link, token);
        request.Record(
            kind == AccountLink.OfEmailChange ? "user.request_email" : "user.request_verification", "user", userId,
            request.Caller.Name);
        return ApiResponse<Accepted>.Accepted(new Accepted("accepted"));
    }

    private static async Task<ApiResponse<Done>> VerifyAsync(
        Body<VerifyEmailRequest> body, HttpContext context, Tokens tokens, LoginLimiter limiter,
        Invalidation invalidation)
    {
        var (link, _, refusal) =
            await OneTimeLinks.FindAsync(context, tokens, limiter, body.Value.Token, LinkKind.EmailVerification);
        if (link is null)
        {
            return refusal!;
        }

        var userId = link.UserId!.Value;
        var request = OneTimeLinks.AsPerson(context, link, userId, link.Email);
        var response = await request.ChangeAsync<Done>(async token =>
        {
            var user = await request.Db.LockUserAsync(userId, token);
            var isChange = link.Kind == AccountLink.OfEmailChange;
            if (user is not { Active: true }
                || (!isChange && !string.Equals(user.Email, link.Email, StringComparison.OrdinalIgnoreCase))
                || !await OneTimeLinks.TryUseAsync(request, link, token))
            {
                return new Problem(Errors.LinkGone);
            }

            var before = user.Email;
            if (isChange)
            {
                await EndLinksAsync(request, userId, token); // what was mailed to the old address opens nothing more
                user.Email = link.Email;
            }

            user.EmailVerified = true;
            user.Touch(request.Now);
            request.Record(
                isChange ? "user.email" : "user.verify_email", "user", userId, user.Email,
                isChange ? new { Email = before } : null, isChange ? new { user.Email } : null);
            return new Done(userId, isChange ? "changed" : "verified");
        });
        invalidation.Publish(Invalidated.User, link.TenantId, userId);
        return response;
    }

    private static Task<int> EndLinksAsync(ApiRequest request, Guid userId, CancellationToken token) =>
        request.Db.AccountLinks.Where(row => row.UserId == userId && row.EndedAt == null)
            .ExecuteUpdateAsync(row => row.SetProperty(link => link.EndedAt, request.Now), token);

    private static Problem NoAddress() => new(Errors.Conflict, "An API key has no e-mail address.");
}

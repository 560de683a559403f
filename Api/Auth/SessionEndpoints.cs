using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Identity;

namespace Workflows.Api.Auth;

/// <summary>What every known caller may do about itself.</summary>
internal static class SessionEndpoints
{
    private static readonly ErrorCode NeedsUser = Errors.Forbidden;

    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("Authentication").Requires(Permission.None)
            .WithMetadata(new NotRepeatable());
        group.MapGet("/me", MeAsync).WithMetadata(new OpenBeforeTerms())
            .WithSummary("Who the caller is and what it may do");
        group.MapPost("/logout", LogoutAsync).WithMetadata(new OpenBeforeTerms())
            .WithSummary("End the present session");
        group.MapGet("/sessions", ListAsync).WithSummary("List one's own sessions");
        group.MapDelete("/sessions/{sessionId:guid}", RevokeAsync).WithSummary("End one of one's own sessions");
        group.MapPost("/password", ChangePasswordAsync).WithSummary("Change one's own password; all other sessions end");
    }

    private static async Task<ApiResponse<MeView>> MeAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var caller = request.Caller;
        var tenant = await request.Db.Tenants.AsNoTracking()
            .Select(row => new { row.Name, row.Slug })
            .SingleAsync(cancellationToken);
        return new MeView(
            caller.TenantId, tenant.Name, tenant.Slug, caller.Id, caller.ActorType, caller.Name, caller.SessionId,
            Permissions.Names(caller.Permissions));
    }

    private static async Task<ApiResponse<Done>> LogoutAsync(ApiRequest request, Invalidation invalidation) =>
        request.Caller.SessionId is { } sessionId
            ? await EndAsync(BrowserSession.Forget(request), sessionId, "logout", invalidation)
            : new Problem(NeedsUser, "An API key has no session.");

    private static async Task<ApiResponse<List<SessionView>>> ListAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var userId = request.Caller.UserId;
        return await request.Db.Sessions.AsNoTracking()
            .Where(session => session.UserId == userId && session.RevokedAt == null && session.ExpiresAt > request.Now)
            .OrderByDescending(session => session.Id)
            .Take(Limits.MaxPageSize)
            .Select(session => new SessionView(
                session.Id, session.Ip, session.UserAgent, session.CreatedAt, session.RefreshedAt, session.ExpiresAt, session.Id == request.Caller.SessionId))
            .ToListAsync(cancellationToken);
    }

    private static Task<ApiResponse<Done>> RevokeAsync(Guid sessionId, ApiRequest request, Invalidation invalidation) =>
        EndAsync(request, sessionId, "revoked by its user", invalidation);

    private static async Task<ApiResponse<Done>> EndAsync(ApiRequest request, Guid sessionId, string reason, Invalidation invalidation)
    {
        var response = await request.ChangeAsync<Done>(async token =>
        {
            var userId = request.Caller.UserId;
            var ended = await request.Db.Sessions
                .Where(session => session.Id == sessionId && session.UserId == userId && session.RevokedAt == null)
                .ExecuteUpdateAsync(
                    session => session.SetProperty(row => row.RevokedAt, request.Now).SetProperty(row => row.RevokeReason, reason), token);
            if (ended == 0)
            {
                return new Problem(Errors.SessionNotFound);
            }

            request.Record("session.end", "session", sessionId, request.Caller.Name, after: new { reason });
            return new Done(sessionId, "ended");
        });
        invalidation.Publish(Invalidated.Session, request.Caller.TenantId, sessionId);
        return response;
    }

    private static async Task<ApiResponse<Done>> ChangePasswordAsync(
        Body<PasswordRequest> body, ApiRequest request, Passwords passwords, LoginLimiter limiter,
        Invalidation invalidation, CancellationToken cancellationToken)
    {
        // A session that was stolen must not become a place to guess the password at.
        if (await limiter.TakeAsync(request.Caller.Id) is { Granted: 0 } refused)
        {
            return new Problem(Errors.RateLimited, "Too many passwords were tried.", retryAfter: refused.RetryAfter);
        }

        var userId = request.Caller.UserId;
        if (await request.Db.Users.AsNoTracking().SingleOrDefaultAsync(row => row.Id == userId, cancellationToken)
            is not { } account)
        {
            return new Problem(Errors.InvalidCredentials, "The current password is wrong.");
        }

        var about = await request.AboutAsync(account, cancellationToken);
        if (new Checks().Password("newPassword", body.Value.NewPassword, about).Problem is { } problem)
        {
            return problem;
        }

        var present = account.PasswordHash;
        if (present is null || body.Value.CurrentPassword.Length > Limits.PasswordMaxLength
            || await passwords.VerifyAsync(present, body.Value.CurrentPassword, cancellationToken) == PasswordVerificationResult.Failed)
        {
            return new Problem(Errors.InvalidCredentials, "The current password is wrong.");
        }

        var hash = await passwords.HashAsync(body.Value.NewPassword, cancellationToken);
        var response = await request.ChangeAsync<Done>(async token =>
        {
            var changed = await request.Db.Users.Where(user => user.Id == userId && user.PasswordHash == present).ExecuteUpdateAsync(
                user => user.SetProperty(row => row.PasswordHash, hash)
                    .SetProperty(row => row.UpdatedAt, request.Now)
                    .SetProperty(row => row.Version, row => row.Version + 1),
                token);
            if (changed == 0)
            {
                return new Problem(Errors.VersionConflict);
            }

            await request.Db.Sessions
                .Where(session => session.UserId == userId && session.Id != request.Caller.SessionId && session.RevokedAt == null)
                .ExecuteUpdateAsync(
                    session => session.SetProperty(row => row.RevokedAt, request.Now).SetProperty(row => row.RevokeReason, "password changed"), token);
            await request.Db.EndResetLinksAsync(request.Caller.Id, request.Now, token);
            request.Record("user.password", "user", userId, request.Caller.Name);
            return new Done(request.Caller.Id, "changed");
        });
        invalidation.Publish(Invalidated.User, request.Caller.TenantId, request.Caller.Id);
        return response;
    }
}

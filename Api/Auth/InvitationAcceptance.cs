using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Auth;

/// <param name="Name">May be left out when the invitation names the person.</param>
/// <param name="Username">Made of the e-mail address when it is left out.</param>
internal sealed record AcceptInvitationRequest(
    string Token, string Password, string? Name = null, string? Username = null);

/// <summary>Joining a tenant by an invitation.</summary>
internal static class InvitationAcceptance
{
    public static void MapInvitationAcceptance(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("/auth").WithTags("Authentication").AllowAnonymous()
            .WithMetadata(new NotRepeatable(), new BodyLimit(Limits.LoginBodyBytes))
            .AddEndpointFilter(BrowserSession.KeepAsync)
            .MapPost("/accept-invitation", AcceptAsync)
            .WithSummary("Accept an invitation: makes the account and logs in");

    private static async Task<ApiResponse<TokenView>> AcceptAsync(
        Body<AcceptInvitationRequest> body, HttpContext context, Tokens tokens, LoginLimiter limiter,
        Passwords passwords, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        var (link, request, refusal) =
            await OneTimeLinks.FindAsync(context, tokens, limiter, wanted.Token, LinkKind.Invitation);
        if (link is null)
        {
            return refusal!;
        }

        var invitation = await request!.Db.Invitations.AsNoTracking()
            .SingleAsync(row => row.Id == link.InvitationId, cancellationToken);
        var name = wanted.Name ?? invitation.Name;
        var about = await request.AboutAsync([invitation.Email, wanted.Username, name], cancellationToken);
        var checks = new Checks().Name("name", name).Name("username", wanted.Username)
            .Password("password", wanted.Password, about);
        if ((name is null ? checks.Add("name", "REQUIRED", "'name' is required.") : checks).Problem is { } problem)
        {
            return problem;
        }

        var hash = await passwords.HashAsync(wanted.Password, cancellationToken);
        var (userId, sessionId) = (Guid.CreateVersion7(request.Now), Guid.CreateVersion7(request.Now));
        var joining = ApiRequest.For(
            context, new Caller(link.TenantId, userId, invitation.Email, Permission.None, sessionId));
        return await joining.ChangeAsync<TokenView>(async token =>
        {
            if (await joining.Db.LockInvitationAsync(invitation.Id, token) is not
                { AcceptedAt: null, RevokedAt: null } open || !await OneTimeLinks.TryUseAsync(joining, link, token))
            {
                return new Problem(Errors.LinkGone);
            }

            await AddUserAsync(joining, open, name!, wanted.Username, hash, token);
            open.AcceptedAt = joining.Now;
            open.UserId = userId;
            joining.Record("invitation.accept", "invitation", open.Id, open.Email);
            joining.Record("user.create", "user", userId, open.Email, after: new { open.Email, Name = name });
            return SessionOpening.Open(joining, tokens);
        });
    }

    // A role or group that was deleted since then gives nothing any more.
    private static async Task AddUserAsync(
        ApiRequest request, Invitation invitation, string name, string? username, string hash, CancellationToken token)
    {
        var at = invitation.Email.IndexOf('@', StringComparison.Ordinal);
        var user = new User
        {
            TenantId = request.Caller.TenantId,
            Id = request.Caller.Id,
            Email = invitation.Email,
            EmailVerified = true,
            Username = username ?? await request.Db.FreeUsernameAsync(invitation.Email[..at], token),
            Name = name,
            PasswordHash = hash,
            LastLoginAt = request.Now,
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
        var roles = await request.Db.Roles.Where(role => invitation.RoleIds.Contains(role.Id))
            .Select(role => role.Id).ToListAsync(token);
        var groups = await request.Db.Groups.Where(row => invitation.GroupIds.Contains(row.Id))
            .Select(row => row.Id).ToListAsync(token);
        user.Roles.AddRange(
            roles.Select(role => new UserRole { TenantId = user.TenantId, UserId = user.Id, RoleId = role }));
        request.Db.Users.Add(user);
        request.Db.UserGroups.AddRange(
            groups.Select(row => new UserGroup { TenantId = user.TenantId, UserId = user.Id, GroupId = row }));
    }
}

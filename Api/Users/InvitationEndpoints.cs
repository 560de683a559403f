using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Users;

/// <param name="Name">What to call the person until they say it themselves.</param>
/// <param name="Roles">Names of roles; none with more permissions than the caller.</param>
/// <param name="Groups">Names of groups.</param>
/// <param name="ExpiresInDays">1 to 30.</param>
internal sealed record CreateInvitationRequest(
    string Email, string[] Roles, string? Name = null, string[]? Groups = null,
    int ExpiresInDays = Limits.InvitationDays);

/// <param name="Status">open, accepted, revoked or expired.</param>
/// <param name="Mailed">Whether the link is mailed to the person. If not, <c>token</c> is for the caller to hand
/// over.</param>
/// <param name="Token">What accepts the invitation: only where no mail can be sent, in this answer and never again.
/// </param>
/// <param name="Link">The same as an address; null when the platform does not know its own.</param>
internal sealed record InvitationView(
    Guid Id,
    string Email,
    string? Name,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> Groups,
    string Status,
    Guid? InvitedBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    Guid? UserId,
    bool? Mailed = null,
    string? Token = null,
    string? Link = null);

/// <summary>Which invitations a list shows.</summary>
internal sealed record InvitationListQuery([property: FromQuery(Name = "status")] string? Status);

/// <summary>Asking people to join. Nobody invites to more than they may themselves.</summary>
internal static class InvitationEndpoints
{
    public static void MapInvitations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/invitations").WithTags("Users").Requires(Permission.UsersManage);
        group.MapGet("", ListAsync).WithSummary("List invitations, newest first");
        group.MapGet("/{invitationId:guid}", GetAsync).WithSummary("Get an invitation");
        group.MapPost("", CreateAsync).WithMetadata(new SuccessStatus(201), new NotRepeatable())
            .WithSummary("Invite a person by e-mail; without mail the answer holds the link, once");
        group.MapPost("/{invitationId:guid}/resend", ResendAsync).WithMetadata(new NotRepeatable())
            .WithSummary("Send an invitation again with a new link and seven more days; the old link ends");
        group.MapDelete("/{invitationId:guid}", RevokeAsync).WithSummary("Revoke an invitation that is open");
    }

    private static async Task<ApiResponse<List<InvitationView>>> ListAsync(
        [AsParameters] InvitationListQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"invitations?{filter}");
        var all = request.Db.Invitations.AsNoTracking();
        var open = all.Where(row => row.AcceptedAt == null && row.RevokedAt == null);
        IQueryable<Invitation>? invitations = filter.Status switch
        {
            null => all,
            "open" => open.Where(row => row.ExpiresAt > request.Now),
            "expired" => open.Where(row => row.ExpiresAt <= request.Now),
            "accepted" => all.Where(row => row.AcceptedAt != null),
            "revoked" => all.Where(row => row.RevokedAt != null),
            _ => null,
        };
        if (invitations is null)
        {
            return Problem.Parameter("status", "'status' is one of open, expired, accepted, revoked.");
        }

        var total = await invitations.CountAsync(query, cancellationToken);
        var rows = await invitations.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id)
            .Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<InvitationView>>.Page(
            await ViewsAsync(request, rows, cancellationToken), pagination, FieldSelection.Read<InvitationView>(query));
    }

    private static async Task<ApiResponse<InvitationView>> GetAsync(
        Guid invitationId, ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.Invitations.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == invitationId, cancellationToken) is { } found
            ? (await ViewsAsync(request, [found], cancellationToken))[0]
            : new Problem(Errors.InvitationNotFound);

    private static async Task<ApiResponse<InvitationView>> CreateAsync(
        Body<CreateInvitationRequest> body, ApiRequest request, AccountMails mails)
    {
        var wanted = body.Value with { Groups = body.Value.Groups ?? [] };
        if (Check(wanted) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<InvitationView>(async token =>
        {
            var (roles, refusal) = await RoleGrants.FindAsync(request, "roles", wanted.Roles, token);
            if (refusal is not null)
            {
                return refusal;
            }

            var groups = await request.Db.Groups.AsNoTracking().Where(row => wanted.Groups.Contains(row.Name))
                .ToListAsync(token);
            if ((Unknown(wanted.Groups, groups) ?? await ObstacleAsync(request, wanted.Email, token)) is { } obstacle)
            {
                return obstacle;
            }

            var made = new Invitation
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Email = wanted.Email,
                Name = wanted.Name,
                RoleIds = [.. roles.Select(role => role.Id)],
                GroupIds = [.. groups.Select(row => row.Id)],
                InvitedBy = await InviterAsync(request, token),
                CreatedAt = request.Now,
                ExpiresAt = request.Now.AddDays(wanted.ExpiresInDays),
            };
            request.Db.Invitations.Add(made);
            request.Record(
                "invitation.create", "invitation", made.Id, made.Email, after: new { wanted.Roles, wanted.Groups });
            var view = View(
                made, roles.ToDictionary(role => role.Id, role => role.Name),
                groups.ToDictionary(row => row.Id, row => row.Name), request.Now);
            return ApiResponse<InvitationView>.Created(
                await SendAsync(request, made, view, mails, token), $"/api/v1/invitations/{made.Id}");
        });
    }

    private static Task<ApiResponse<InvitationView>> ResendAsync(
        Guid invitationId, ApiRequest request, AccountMails mails) => request.ChangeAsync<InvitationView>(async token =>
    {
        var (found, refusal) = await FindOpenAsync(request, invitationId, token);
        if (found is null)
        {
            return refusal!;
        }

        if (await AccountMails.AreTooManyAsync(request, AccountLink.OfInvitation, found.Id, token))
        {
            return new Problem(
                Errors.RateLimited, $"An invitation is sent at most {Limits.LinksPerHour} times an hour.",
                retryAfter: TimeSpan.FromHours(1));
        }

        found.ExpiresAt = request.Now.AddDays(Limits.InvitationDays);
        request.Record("invitation.resend", "invitation", found.Id, found.Email);
        var view = (await ViewsAsync(request, [found], token))[0];
        return await SendAsync(request, found, view, mails, token);
    });

    private static Task<ApiResponse<Done>> RevokeAsync(Guid invitationId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
    {
        var (found, refusal) = await FindOpenAsync(request, invitationId, token);
        if (found is null)
        {
            return refusal!;
        }

        found.RevokedAt = request.Now;
        await request.Db.AccountLinks.Where(row => row.InvitationId == invitationId && row.EndedAt == null)
            .ExecuteUpdateAsync(row => row.SetProperty(link => link.EndedAt, request.Now), token);
        request.Record("invitation.revoke", "invitation", found.Id, found.Email);
        return new Done(found.Id, "revoked");
    });

    // Locked, so that it is not accepted meanwhile.
    private static async Task<(Invitation? Found, Problem? Problem)> FindOpenAsync(
        ApiRequest request, Guid id, CancellationToken token)
    {
        if (await request.Db.LockInvitationAsync(id, token) is not { } found)
        {
            return (null, new Problem(Errors.InvitationNotFound));
        }

        if (found.AcceptedAt is not null || found.RevokedAt is not null)
        {
            return (null, new Problem(Errors.InvitationClosed));
        }

        var roles = await request.Db.Roles.AsNoTracking().Where(role => found.RoleIds.Contains(role.Id))
            .ToListAsync(token);
        return roles.TrueForAll(role => request.Caller.May(BuiltInRoles.Of(role)))
            ? (found, null)
            : (null, new Problem(Errors.Forbidden, "The invitation gives permissions that you lack yourself."));
    }

    private static async Task<InvitationView> SendAsync(
        ApiRequest request, Invitation invitation, InvitationView view, AccountMails mails, CancellationToken token)
    {
        var link = await AccountMails.ReplaceLinkAsync(
            request, AccountLink.OfInvitation, invitation.Id, invitation.Email, invitation.ExpiresAt, token);
        if (mails.Missing is null)
        {
            await mails.InviteAsync(request, link, token);
            return view with { Mailed = true };
        }

        var secret = mails.TokenOf(link);
        return view with { Mailed = false, Token = secret, Link = mails.AddressOf(secret, LinkKind.Invitation) };
    }

    // An API key acts for who made it.
    private static async Task<Guid?> InviterAsync(ApiRequest request, CancellationToken token) =>
        request.Caller.UserId ?? await request.Db.ApiKeys.Where(key => key.Id == request.Caller.Id)
            .Select(key => key.CreatedBy).SingleOrDefaultAsync(token);

    private static Problem? Check(CreateInvitationRequest wanted)
    {
        var checks = new Checks().Email("email", wanted.Email).Name("name", wanted.Name);
        if (wanted.Roles.Length is 0 or > Limits.InvitationGrants)
        {
            checks.Add("roles", "COUNT", $"An invitation gives 1 to {Limits.InvitationGrants} roles.");
        }

        if (wanted.Groups!.Length > Limits.InvitationGrants)
        {
            checks.Add("groups", "COUNT", $"An invitation names at most {Limits.InvitationGrants} groups.");
        }

        return (wanted.ExpiresInDays is < 1 or > Limits.MaxInvitationDays
            ? checks.Add("expiresInDays", "RANGE", $"An invitation lasts 1 to {Limits.MaxInvitationDays} days.")
            : checks).Problem;
    }

    private static Problem? Unknown(string[] names, List<Group> groups)
    {
        var checks = new Checks();
        for (var index = 0; index < names.Length; index++)
        {
            if (!groups.Exists(row => row.Name == names[index]))
            {
                checks.Add($"groups/{index}", "UNKNOWN", $"There is no group '{names[index]}'.");
            }
        }

        return checks.Problem;
    }

    // Whoever invites manages users, and may know who they are. An invitation whose time is over makes room.
    private static async Task<Problem?> ObstacleAsync(ApiRequest request, string email, CancellationToken token)
    {
#pragma warning disable CA1304, CA1311, CA1862 // translated to lower() of the database, whose index it is
        var lower = email.ToLowerInvariant();
        if (await request.Db.Users.AnyAsync(user => user.Email.ToLower() == lower, token))
        {
            return new Problem(Errors.NameTaken, "A user has this e-mail address.");
        }

        var open = request.Db.Invitations.Where(row => row.AcceptedAt == null && row.RevokedAt == null);
        await open.Where(row => row.Email.ToLower() == lower && row.ExpiresAt <= request.Now).ExecuteUpdateAsync(
            row => row.SetProperty(invitation => invitation.RevokedAt, request.Now), token);
        if (await open.AnyAsync(row => row.Email.ToLower() == lower, token))
        {
            return new Problem(Errors.NameTaken, "The address has an open invitation: send that one again.");
        }
#pragma warning restore CA1304, CA1311, CA1862

        return await open.CountAsync(token) >= Limits.OpenInvitations
            ? new Problem(Errors.LimitReached, $"A tenant has at most {Limits.OpenInvitations} open invitations.")
            : null;
    }

    private static async Task<List<InvitationView>> ViewsAsync(
        ApiRequest request, List<Invitation> rows, CancellationToken token)
    {
        var roleIds = rows.SelectMany(row => row.RoleIds).Distinct().ToArray();
        var groupIds = rows.SelectMany(row => row.GroupIds).Distinct().ToArray();
        var roles = await request.Db.Roles.Where(role => roleIds.Contains(role.Id))
            .ToDictionaryAsync(role => role.Id, role => role.Name, token);
        var groups = await request.Db.Groups.Where(row => groupIds.Contains(row.Id))
            .ToDictionaryAsync(row => row.Id, row => row.Name, token);
        return rows.ConvertAll(row => View(row, roles, groups, request.Now));
    }

    private static InvitationView View(
        Invitation row, Dictionary<Guid, string> roles, Dictionary<Guid, string> groups, DateTimeOffset now) => new(
        row.Id,
        row.Email,
        row.Name,
        [.. row.RoleIds.Where(roles.ContainsKey).Select(id => roles[id])],
        [.. row.GroupIds.Where(groups.ContainsKey).Select(id => groups[id])],
        row.AcceptedAt is not null ? "accepted" : row.RevokedAt is not null ? "revoked"
            : row.ExpiresAt <= now ? "expired" : "open",
        row.InvitedBy,
        row.CreatedAt,
        row.ExpiresAt,
        row.UserId);
}

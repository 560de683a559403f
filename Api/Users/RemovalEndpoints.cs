using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Users;

/// <summary>How a user is deleted.</summary>
/// <param name="ReassignTo">Who gets what the user owns and is asked to decide.</param>
/// <param name="KeepApiKeys">Whether the API keys that the user made go on, as keys of who is named; else they
/// end.</param>
internal sealed record DeleteUserQuery(
    [property: FromQuery(Name = "reassignTo")] Guid? ReassignTo,
    [property: FromQuery(Name = "keepApiKeys")] bool? KeepApiKeys);

/// <param name="Reassigned">Things that are the other's now.</param>
/// <param name="Approvals">Open approval requests that ask the other now.</param>
/// <param name="ApiKeys">API keys that were revoked, or given to the other.</param>
internal sealed record DeletedUserView(Guid Id, long Reassigned, int Approvals, int ApiKeys);

/// <param name="Pseudonym">What stands in the history now.</param>
/// <param name="Rows">Rows of the history that were changed.</param>
internal sealed record ErasedPersonView(Guid Id, string Pseudonym, long Rows);

/// <summary>The end of an account, and the end of what is known of a person.</summary>
internal static class RemovalEndpoints
{
    public static void MapRemovals(this IEndpointRouteBuilder routes)
    {
        var user = routes.MapGroup("/users/{userId:guid}").WithTags("Users").Requires(Permission.UsersManage);
        user.MapDelete("", DeleteAsync)
            .WithSummary("Delete a user; what the user owns and is asked goes to another");
        user.MapGet("/export", PersonExport.ExportAsync)
            .Produces<object>(StatusCodes.Status200OK, Envelope.MediaType)
            .WithSummary("Export all that is kept about a person, as JSON");
        user.MapPost("/erasure", EraseAsync)
            .WithSummary("Take a deleted person's name and traces out of all that is kept");
    }

    private static async Task<ApiResponse<DeletedUserView>> DeleteAsync(
        Guid userId, [AsParameters] DeleteUserQuery query, ApiRequest request, Invalidation invalidation)
    {
        List<Guid> keys = [];
        var response = await request.ChangeAsync<DeletedUserView>(async token =>
        {
            if (await request.Db.LockUserAsync(userId, token) is not { } user)
            {
                return new Problem(Errors.UserNotFound);
            }

            user.Active = false;
            user.DeletedAt = request.Now;
            if ((request.CheckMatch(user) ?? UserRights.Check(request.Caller, user)
                ?? await ObstacleAsync(request, user, query, token)) is { } refusal)
            {
                return refusal;
            }

            var requests = await request.Db.LockOpenRequestsAsync(userId, query.ReassignTo, token);
            if (Stuck(requests, query.ReassignTo) is { } stuck)
            {
                return stuck;
            }

            var owned = await request.Db.HandOverAsync(userId, query.ReassignTo, token);
            if (owned > 0 && query.ReassignTo is null)
            {
                return new Problem(
                    Errors.NotEmpty, "The user owns things: name as 'reassignTo' who gets them.",
                    [new ErrorDetail("reassignTo", "OWNED", $"{owned} things")]);
            }

            if (query.ReassignTo is { } to)
            {
                await request.Db.GiveRequestsAsync(requests, userId, to, request.Now, token);
            }

            keys = await SettleKeysAsync(request, userId, query, token);
            await EndAsync(request, user, query.ReassignTo, token);
            request.Record(
                "user.delete", "user", user.Id, user.Email,
                after: new { query.ReassignTo, owned, approvals = requests.Count, apiKeys = keys.Count });
            return new DeletedUserView(user.Id, owned, requests.Count, keys.Count);
        });
        invalidation.Publish(Invalidated.User, request.Caller.TenantId, userId);
        keys.ForEach(key => invalidation.Publish(Invalidated.ApiKey, request.Caller.TenantId, key));
        return response;
    }

    private static async Task<Problem?> ObstacleAsync(
        ApiRequest request, User user, DeleteUserQuery query, CancellationToken token)
    {
        if (user.Id == request.Caller.Id)
        {
            return new Problem(Errors.Conflict, "Nobody deletes themselves: ask who else manages users.");
        }

        if (query.KeepApiKeys == true && query.ReassignTo is null)
        {
            return Problem.Parameter("keepApiKeys", "API keys go on as those of who is named by 'reassignTo'.");
        }

        if (query.ReassignTo is { } to
            && (to == user.Id || !await request.Db.Users.AnyAsync(row => row.Id == to && row.Active, token)))
        {
            return Problem.Parameter("reassignTo", "'reassignTo' is no other active user.");
        }

        return await request.KeepsOwnerAsync(user, token) ? null : new Problem(Errors.LastOwner);
    }

    // Whoever is asked in the place of another has to be able to answer: else the request would wait for ever.
    private static Problem? Stuck(List<OpenRequest> requests, Guid? to)
    {
        var stuck = requests.FindAll(request => !request.CanGo);
        return stuck.Count == 0 ? null : new Problem(
            Errors.NotEmpty,
            to is null
                ? "Open approval requests are addressed to the user: name as 'reassignTo' who is asked instead."
                : "Some open approval requests cannot go to that user, who is asked or has decided already, or is "
                    + "excluded: delegate these first.",
            [.. stuck.Take(Limits.MaxPageSize)
                .Select(request => new ErrorDetail(request.Id.ToString(), "APPROVAL", request.Title))]);
    }

    // A key that may more than who deletes is revoked as well: that takes power from nobody who has it.
    private static async Task<List<Guid>> SettleKeysAsync(
        ApiRequest request, Guid userId, DeleteUserQuery query, CancellationToken token)
    {
        // Those of programs are not the person's.
        var keys = await request.Db.ApiKeys.Where(
                key => key.CreatedBy == userId && key.ServiceAccountId == null && key.RevokedAt == null)
            .ToListAsync(token);
        foreach (var key in keys)
        {
            if (query is { KeepApiKeys: true, ReassignTo: { } to })
            {
                key.CreatedBy = to;
            }
            else
            {
                key.RevokedAt = request.Now;
            }
        }

        return keys.ConvertAll(key => key.Id);
    }

    private static async Task EndAsync(ApiRequest request, User user, Guid? to, CancellationToken token)
    {
        await request.Db.ForgetBelongingsAsync(user.Id, request.Now, token);
        await request.Db.Invitations.Where(row => row.InvitedBy == user.Id && row.AcceptedAt == null)
            .ExecuteUpdateAsync(row => row.SetProperty(invitation => invitation.InvitedBy, to), token);
        user.Roles.Clear();
        user.PasswordHash = null;
        user.FailedLogins = 0;
        user.LockedUntil = null;
        user.Touch(request.Now);
    }

    private static Task<ApiResponse<ErasedPersonView>> EraseAsync(Guid userId, ApiRequest request) =>
        request.ChangeAsync<ErasedPersonView>(async token =>
    {
        var user = await request.Db.Users.IgnoreQueryFilters()
            .SingleOrDefaultAsync(row => row.TenantId == request.Caller.TenantId && row.Id == userId, token);
        if (user is null)
        {
            return new Problem(Errors.UserNotFound);
        }

        if (user.DeletedAt is null)
        {
            return new Problem(Errors.Conflict, "Delete the user first: what is still used cannot be erased.");
        }

        // The same each time, so that a second call changes nothing.
        var pseudonym = string.Create(CultureInfo.InvariantCulture, $"erased-{userId.ToString("N")[^12..]}");
        var rows = await request.Db.ErasePersonAsync(userId, pseudonym, token);
        await request.Db.Sessions.Where(row => row.UserId == userId).ExecuteDeleteAsync(token);
        await request.Db.AccountLinks.Where(row => row.UserId == userId).ExecuteDeleteAsync(token);
        await request.Db.Notifications.Where(row => row.UserId == userId).ExecuteUpdateAsync(
            row => row.SetProperty(notification => notification.Title, pseudonym)
                .SetProperty(notification => notification.Body, (string?)null), token);
        await request.Db.TermsAcceptances.Where(row => row.UserId == userId).ExecuteUpdateAsync(
            row => row.SetProperty(accepted => accepted.Ip, (string?)null)
                .SetProperty(accepted => accepted.UserAgent, (string?)null), token);
        await ForgetAddressAsync(request, user.Email, token);
        user.Email = $"{pseudonym}@erased.invalid";
        user.Username = pseudonym;
        user.Name = pseudonym;
        user.PhotoUrl = null;
        user.TimeZone = "UTC";
        user.Settings = "{}";
        user.LastLoginAt = null;
        user.Touch(request.Now);
        request.Record("user.erase", "user", userId, pseudonym, after: new { rows });
        return new ErasedPersonView(userId, pseudonym, rows);
    });

    private static async Task ForgetAddressAsync(ApiRequest request, string email, CancellationToken token)
    {
#pragma warning disable CA1304, CA1311, CA1862 // translated to lower() of the database
        var lower = email.ToLowerInvariant();
        await request.Db.Mails.Where(row => row.Recipient.ToLower() == lower).ExecuteDeleteAsync(token);
        await request.Db.Invitations.Where(row => row.Email.ToLower() == lower).ExecuteDeleteAsync(token);
#pragma warning restore CA1304, CA1311, CA1862
    }
}

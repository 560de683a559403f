using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Users;

/// <param name="LastUsedAt">When tokens were exchanged last: every 15 minutes of a session that is used.</param>
/// <param name="Current">Whether it is the one of this request.</param>
internal sealed record UserSessionView(
    Guid Id, string? Ip, string? UserAgent, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt,
    DateTimeOffset ExpiresAt, bool Current);

/// <summary>How many sessions were ended.</summary>
internal sealed record EndedSessions(int Ended);

/// <summary>Sessions of other people, for who manages users and may as much as they.</summary>
internal static class UserSessionEndpoints
{
    public static void MapUserSessions(this IEndpointRouteBuilder routes)
    {
        var sessions = routes.MapGroup("/users/{userId:guid}/sessions").WithTags("Users")
            .Requires(Permission.UsersManage);
        sessions.MapGet("", ListAsync).WithSummary("List a user's sessions, newest first");
        sessions.MapDelete("", EndAllAsync).WithSummary("End all sessions of a user, but for one's own present one");
        sessions.MapDelete("/{sessionId:guid}", EndOneAsync).WithSummary("End a session of a user");
    }

    private static async Task<ApiResponse<List<UserSessionView>>> ListAsync(
        Guid userId, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var (user, refusal) = await FindAsync(userId, request, cancellationToken);
        if (user is null)
        {
            return refusal!;
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"users/{userId}/sessions");
        var sessions = Open(request, userId);
        var total = await sessions.CountAsync(query, cancellationToken);
        var rows = await sessions.AsNoTracking().After(page, after => row => row.Id < after.Id)
            .OrderByDescending(row => row.Id).Take(page.Take)
            .Select(row => new UserSessionView(
                row.Id, row.Ip, row.UserAgent, row.CreatedAt, row.RefreshedAt, row.ExpiresAt,
                row.Id == request.Caller.SessionId))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<UserSessionView>>.Page(
            rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<UserSessionView>(query));
    }

    private static async Task<ApiResponse<EndedSessions>> EndAllAsync(
        Guid userId, ApiRequest request, Invalidation invalidation)
    {
        var response = await request.ChangeAsync<EndedSessions>(async token =>
        {
            var (user, refusal) = await FindAsync(userId, request, token);
            if (user is null)
            {
                return refusal!;
            }

            var ended = await RevokeAsync(
                request, Open(request, userId).Where(row => row.Id != request.Caller.SessionId), token);
            request.Record("user.end_sessions", "user", user.Id, user.Email, after: new { ended });
            return new EndedSessions(ended);
        });
        invalidation.Publish(Invalidated.User, request.Caller.TenantId, userId);
        return response;
    }

    private static async Task<ApiResponse<Done>> EndOneAsync(
        Guid userId, Guid sessionId, ApiRequest request, Invalidation invalidation)
    {
        var response = await request.ChangeAsync<Done>(async token =>
        {
            var (user, refusal) = await FindAsync(userId, request, token);
            if (user is null)
            {
                return refusal!;
            }

            if (await RevokeAsync(request, Open(request, userId).Where(row => row.Id == sessionId), token) == 0)
            {
                return new Problem(Errors.SessionNotFound);
            }

            request.Record("session.end", "session", sessionId, user.Email);
            return new Done(sessionId, "ended");
        });
        invalidation.Publish(Invalidated.Session, request.Caller.TenantId, sessionId);
        return response;
    }

    private static IQueryable<UserSession> Open(ApiRequest request, Guid userId) =>
        request.Db.Sessions.Where(
            row => row.UserId == userId && row.RevokedAt == null && row.ExpiresAt > request.Now);

    private static Task<int> RevokeAsync(
        ApiRequest request, IQueryable<UserSession> sessions, CancellationToken token) =>
        sessions.ExecuteUpdateAsync(
            row => row.SetProperty(session => session.RevokedAt, request.Now)
                .SetProperty(session => session.RevokeReason, "ended by who manages users"), token);

    private static async Task<(User? User, Problem? Problem)> FindAsync(
        Guid userId, ApiRequest request, CancellationToken token)
    {
        var user = await request.Db.Users.AsNoTracking().Include(row => row.Roles).ThenInclude(row => row.Role)
            .SingleOrDefaultAsync(row => row.Id == userId, token);
        return user is null ? (null, new Problem(Errors.UserNotFound))
            : UserRights.Check(request.Caller, user) is { } problem ? (null, problem)
            : (user, null);
    }
}

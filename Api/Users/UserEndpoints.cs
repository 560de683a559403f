using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Users;

internal sealed record CreateUserRequest(string Email, string Name, string Password, string[] Roles, string? Username = null, string TimeZone = "UTC");

/// <summary>What is left out stays as it is.</summary>
/// <param name="PhotoUrl">An https address; an empty text takes it away.</param>
/// <param name="RevokeApiKeys">Whether the API keys that the user made end as well, as they should when a person
/// leaves; else they go on.</param>
internal sealed record UpdateUserRequest(
    string? Name = null, bool? Active = null, string[]? Roles = null, string? TimeZone = null,
    bool RevokeApiKeys = false, string? Username = null, string? PhotoUrl = null);

/// <summary>People and what they may do. Nobody gives away, or takes from others, more than they have themselves.</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        var users = routes.MapGroup("/users").WithTags("Users");
        users.MapGet("", ListAsync).Requires(Permission.UsersRead).WithSummary("List users; filters go together");
        users.MapGet("/{userId:guid}", GetAsync).Requires(Permission.UsersRead).WithSummary("Get a user");
        users.MapPost("", CreateAsync).Requires(Permission.UsersManage).WithMetadata(new SuccessStatus(201)).WithSummary("Create a user");
        users.MapPatch("/{userId:guid}", UpdateAsync).Requires(Permission.UsersManage).WithSummary("Change a user's name, roles or activity");
    }

    private static async Task<ApiResponse<List<UserView>>> ListAsync(
        [AsParameters] UserListQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"users?{filter}");
        var users = UserFilters.Apply(request.Db, filter);
        var total = await users.CountAsync(query, cancellationToken);
        var rows = await UserViews.Of(
            request.Db,
            users.After(page, after => user => user.Id > after.Id).OrderBy(user => user.Id).Take(page.Take),
            request.Now).ToListAsync(cancellationToken);
        return ApiResponse<List<UserView>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<UserView>(query));
    }

    private static async Task<ApiResponse<UserView>> GetAsync(Guid userId, ApiRequest request, CancellationToken cancellationToken) =>
        await UserViews.Of(request.Db, request.Db.Users.Where(user => user.Id == userId), request.Now)
            .SingleOrDefaultAsync(cancellationToken) is { } view
            ? ApiResponse<UserView>.Ok(view, view.Version)
            : new Problem(Errors.UserNotFound);

    private static async Task<ApiResponse<UserView>> CreateAsync(
        Body<CreateUserRequest> body, ApiRequest request, Passwords passwords, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        var about = await request.AboutAsync([wanted.Email, wanted.Username, wanted.Name], cancellationToken);
        var checks = new Checks().Email("email", wanted.Email).Name("name", wanted.Name).Name("username", wanted.Username)
            .Password("password", wanted.Password, about);
        if (checks.TimeZone("timeZone", wanted.TimeZone).Problem is { } problem)
        {
            return problem;
        }

        var hash = await passwords.HashAsync(wanted.Password, cancellationToken);
        return await request.ChangeAsync<UserView>(async token =>
        {
            var (roles, refusal) = await RoleGrants.FindAsync(request, "roles", wanted.Roles, token);
            if (refusal is not null)
            {
                return refusal;
            }

            var user = new User
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Email = wanted.Email,
                Username = wanted.Username ?? await request.Db.FreeUsernameAsync(
                    wanted.Email[..wanted.Email.IndexOf('@', StringComparison.Ordinal)], token),
                Name = wanted.Name,
                PasswordHash = hash,
                TimeZone = wanted.TimeZone,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            user.Roles.AddRange(roles.Select(role => new UserRole { TenantId = user.TenantId, UserId = user.Id, RoleId = role.Id, Role = role }));
            request.Db.Users.Add(user);
            request.Record("user.create", "user", user.Id, user.Email, after: new { user.Email, user.Name, roles = wanted.Roles });
            return ApiResponse<UserView>.Created(
                UserViews.Of(user, 0, request.Now), $"/api/v1/users/{user.Id}", user.Version);
        });
    }

    private static async Task<ApiResponse<UserView>> UpdateAsync(
        Guid userId, Body<UpdateUserRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var wanted = body.Value;
        if (new Checks().Name("name", wanted.Name).Name("username", wanted.Username)
            .PhotoUrl("photoUrl", wanted.PhotoUrl).TimeZone("timeZone", wanted.TimeZone).Problem is { } problem)
        {
            return problem;
        }

        List<Guid> revoked = [];
        var response = await request.ChangeAsync<UserView>(async token =>
        {
            var user = await request.Db.Users.Include(row => row.Roles).ThenInclude(row => row.Role)
                .SingleOrDefaultAsync(row => row.Id == userId, token);
            if (user is null)
            {
                return new Problem(Errors.UserNotFound);
            }

            if ((request.CheckMatch(user) ?? UserRights.Check(request.Caller, user)) is { } refused)
            {
                return refused;
            }

            var before = Snapshot(user);
            if (await ApplyRolesAsync(request, user, wanted.Roles, token) is { } refusal)
            {
                return refusal;
            }

            Apply(wanted, user);
            user.Active = wanted.Active ?? user.Active;
            user.Touch(request.Now);
            if (!await request.KeepsOwnerAsync(user, token))
            {
                return new Problem(Errors.LastOwner);
            }

            if (!user.Active)
            {
                await EndSessionsAsync(request, userId, token);
            }

            revoked = wanted.RevokeApiKeys ? await RevokeKeysAsync(request, userId, token) : [];
            request.Record("user.update", "user", user.Id, user.Email, before, Snapshot(user, revoked.Count));
            var keys = await request.Db.ApiKeys.CountAsync(key =>
                key.CreatedBy == userId && key.ServiceAccountId == null && key.RevokedAt == null, token);
            return ApiResponse<UserView>.Ok(UserViews.Of(user, keys, request.Now), user.Version);
        });
        invalidation.Publish(Invalidated.User, request.Caller.TenantId, userId);
        foreach (var key in revoked)
        {
            invalidation.Publish(Invalidated.ApiKey, request.Caller.TenantId, key);
        }

        return response;
    }

    private static object Snapshot(User user, int? revokedApiKeys = null) => new
    {
        user.Name,
        user.Username,
        user.Active,
        user.TimeZone,
        user.PhotoUrl,
        roles = UserViews.RoleNames(user),
        revokedApiKeys,
    };

    private static void Apply(UpdateUserRequest wanted, User user)
    {
        user.Name = wanted.Name ?? user.Name;
        user.Username = wanted.Username ?? user.Username;
        user.TimeZone = wanted.TimeZone ?? user.TimeZone;
        user.PhotoUrl = wanted.PhotoUrl is null ? user.PhotoUrl : wanted.PhotoUrl.Length == 0 ? null : wanted.PhotoUrl;
    }

    private static Task<int> EndSessionsAsync(ApiRequest request, Guid userId, CancellationToken token) =>
        request.Db.Sessions.Where(session => session.UserId == userId && session.RevokedAt == null).ExecuteUpdateAsync(
            session => session.SetProperty(row => row.RevokedAt, request.Now)
                .SetProperty(row => row.RevokeReason, "user deactivated"),
            token);

    // Keys that may more than who revokes them stay: the user's own rights were checked, but a key keeps those that its
    // maker had.
    private static async Task<List<Guid>> RevokeKeysAsync(ApiRequest request, Guid userId, CancellationToken token)
    {
        var keys = await request.Db.ApiKeys.Where(
                key => key.CreatedBy == userId && key.ServiceAccountId == null && key.RevokedAt == null)
            .ToListAsync(token);
        var revocable = keys.FindAll(key => request.Caller.May(Permissions.Of(key.Scopes)));
        revocable.ForEach(key => key.RevokedAt = request.Now);
        await request.Db.SaveChangesAsync(token);
        return [.. revocable.Select(key => key.Id)];
    }

    private static async Task<Problem?> ApplyRolesAsync(ApiRequest request, User user, string[]? names, CancellationToken token)
    {
        if (names is null)
        {
            return null;
        }

        var (roles, problem) = await RoleGrants.FindAsync(request, "roles", names, token);
        if (problem is not null)
        {
            return problem;
        }

        user.Roles.RemoveAll(row => roles.TrueForAll(role => role.Id != row.RoleId));
        user.Roles.AddRange(roles.Where(role => user.Roles.TrueForAll(row => row.RoleId != role.Id))
            .Select(role => new UserRole { TenantId = user.TenantId, UserId = user.Id, RoleId = role.Id, Role = role }));
        return null;
    }
}

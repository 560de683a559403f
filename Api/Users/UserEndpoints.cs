using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Engine.Schedules;

namespace Workflows.Api.Users;

internal sealed record CreateUserRequest(string Email, string Name, string Password, string[] Roles, string? Username = null, string TimeZone = "UTC");

/// <summary>What is left out stays as it is.</summary>
/// <param name="RevokeApiKeys">Whether the API keys that the user made end as well, as they should when a person
/// leaves; else they go on.</param>
internal sealed record UpdateUserRequest(
    string? Name = null, bool? Active = null, string[]? Roles = null, string? TimeZone = null,
    bool RevokeApiKeys = false);

/// <param name="LockedUntil">When logins from unknown addresses are taken again after many wrong passwords; null when
/// they are.</param>
/// <param name="ApiKeys">API keys that the user made and that still work.</param>
internal sealed record UserView(
    Guid Id,
    string Email,
    string Username,
    string Name,
    string TimeZone,
    bool Active,
    IReadOnlyList<string> Roles,
    DateTimeOffset? LastLoginAt,
    DateTimeOffset? LockedUntil,
    int ApiKeys,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>People and what they may do. Nobody gives away, or takes from others, more than they have themselves.</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        var users = routes.MapGroup("/users").WithTags("Users");
        users.MapGet("", ListAsync).Requires(Permission.UsersRead).WithSummary("List users");
        users.MapGet("/{userId:guid}", GetAsync).Requires(Permission.UsersRead).WithSummary("Get a user");
        users.MapPost("", CreateAsync).Requires(Permission.UsersManage).WithMetadata(new SuccessStatus(201)).WithSummary("Create a user");
        users.MapPatch("/{userId:guid}", UpdateAsync).Requires(Permission.UsersManage).WithSummary("Change a user's name, roles or activity");
    }

    private static async Task<ApiResponse<List<UserView>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, "users");
        var total = await request.Db.Users.CountAsync(query, cancellationToken);
        var rows = await Views(request.Db,
            request.Db.Users.After(page, after => user => user.Id > after.Id).OrderBy(user => user.Id).Take(page.Take))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<UserView>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<UserView>(query));
    }

    private static async Task<ApiResponse<UserView>> GetAsync(Guid userId, ApiRequest request, CancellationToken cancellationToken) =>
        await Views(request.Db, request.Db.Users.Where(user => user.Id == userId))
            .SingleOrDefaultAsync(cancellationToken) is { } view
            ? ApiResponse<UserView>.Ok(view, view.Version)
            : new Problem(Errors.UserNotFound);

    private static async Task<ApiResponse<UserView>> CreateAsync(
        Body<CreateUserRequest> body, ApiRequest request, Passwords passwords, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        var checks = new Checks().Email("email", wanted.Email).Name("name", wanted.Name).Name("username", wanted.Username)
            .Password("password", wanted.Password, wanted.Email);
        if (CheckTimeZone(checks, wanted.TimeZone).Problem is { } problem)
        {
            return problem;
        }

        var hash = await passwords.HashAsync(wanted.Password, cancellationToken);
        return await request.ChangeAsync<UserView>(async token =>
        {
            var (roles, refusal) = await FindRolesAsync(request, wanted.Roles, token);
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
            return ApiResponse<UserView>.Created(View(user, 0), $"/api/v1/users/{user.Id}", user.Version);
        });
    }

    private static async Task<ApiResponse<UserView>> UpdateAsync(
        Guid userId, Body<UpdateUserRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var wanted = body.Value;
        if (CheckTimeZone(new Checks().Name("name", wanted.Name), wanted.TimeZone).Problem is { } problem)
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

            var before = new { user.Name, user.Active, user.TimeZone, roles = RoleNames(user) };
            if (await ApplyRolesAsync(request, user, wanted.Roles, token) is { } refusal)
            {
                return refusal;
            }

            user.Name = wanted.Name ?? user.Name;
            user.TimeZone = wanted.TimeZone ?? user.TimeZone;
            user.Active = wanted.Active ?? user.Active;
            user.Touch(request.Now);
            if (!await HasOtherOwnerAsync(request, user, token))
            {
                return new Problem(Errors.LastOwner);
            }

            if (!user.Active)
            {
                await EndSessionsAsync(request, userId, token);
            }

            revoked = wanted.RevokeApiKeys ? await RevokeKeysAsync(request, userId, token) : [];
            request.Record(
                "user.update", "user", user.Id, user.Email, before,
                new { user.Name, user.Active, user.TimeZone, roles = RoleNames(user), revokedApiKeys = revoked.Count });
            var keys = await request.Db.ApiKeys.CountAsync(key =>
                key.CreatedBy == userId && key.RevokedAt == null, token);
            return ApiResponse<UserView>.Ok(View(user, keys), user.Version);
        });
        invalidation.Publish(Invalidated.User, request.Caller.TenantId, userId);
        foreach (var key in revoked)
        {
            invalidation.Publish(Invalidated.ApiKey, request.Caller.TenantId, key);
        }

        return response;
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
        var keys = await request.Db.ApiKeys.Where(key => key.CreatedBy == userId && key.RevokedAt == null)
            .ToListAsync(token);
        var revocable = keys.FindAll(key => request.Caller.May(Permissions.Of(key.Scopes)));
        revocable.ForEach(key => key.RevokedAt = request.Now);
        await request.Db.SaveChangesAsync(token);
        return [.. revocable.Select(key => key.Id)];
    }

    private static async Task<(List<Role> Roles, Problem? Problem)> FindRolesAsync(ApiRequest request, string[] names, CancellationToken token)
    {
        var roles = await request.Db.Roles.Where(role => names.Contains(role.Name)).ToListAsync(token);
        var checks = new Checks();
        for (var index = 0; index < names.Length; index++)
        {
            var role = roles.Find(role => role.Name == names[index]);
            if (role is null)
            {
                checks.Add($"roles/{index}", "UNKNOWN", $"There is no role '{names[index]}'.");
            }
            else if (!request.Caller.May(BuiltInRoles.Of(role)))
            {
                checks.Add($"roles/{index}", "NOT_YOURS", $"You cannot give the role '{role.Name}', which has more permissions than you.");
            }
        }

        return (roles, checks.Problem);
    }

    private static async Task<Problem?> ApplyRolesAsync(ApiRequest request, User user, string[]? names, CancellationToken token)
    {
        if (names is null)
        {
            return null;
        }

        var (roles, problem) = await FindRolesAsync(request, names, token);
        if (problem is not null)
        {
            return problem;
        }

        user.Roles.RemoveAll(row => roles.TrueForAll(role => role.Id != row.RoleId));
        user.Roles.AddRange(roles.Where(role => user.Roles.TrueForAll(row => row.RoleId != role.Id))
            .Select(role => new UserRole { TenantId = user.TenantId, UserId = user.Id, RoleId = role.Id, Role = role }));
        return null;
    }

    // The tenant's row is the lock under which owners are counted, so that two owners cannot remove each other at once.
    private static async Task<bool> HasOtherOwnerAsync(ApiRequest request, User user, CancellationToken token)
    {
        if (user.Active && user.Roles.Exists(row => row.Role!.Name == BuiltInRoles.Owner))
        {
            return true;
        }

        await request.Db.Tenants.ExecuteUpdateAsync(tenant => tenant.SetProperty(row => row.UpdatedAt, request.Now), token);
        return await request.Db.Users.AnyAsync(
            other => other.Id != user.Id && other.Active && other.Roles.Any(row => row.Role!.Name == BuiltInRoles.Owner), token);
    }

    private static Checks CheckTimeZone(Checks checks, string? timeZone) =>
        timeZone is not null && !TimeZones.Exists(timeZone)
            ? checks.Add(
                "timeZone", "UNKNOWN", $"The time zone is not one of the IANA database. {TimeZones.Hint(timeZone)}")
            : checks;

    private static string[] RoleNames(User user) => [.. user.Roles.Select(row => row.Role!.Name).Order(StringComparer.Ordinal)];

    private static UserView View(User user, int apiKeys) => new(
        user.Id, user.Email, user.Username, user.Name, user.TimeZone, user.Active, RoleNames(user), user.LastLoginAt,
        user.LockedUntil, apiKeys, user.Version, user.CreatedAt, user.UpdatedAt);

    private static IQueryable<UserView> Views(WorkflowsDbContext db, IQueryable<User> users) =>
        users.AsNoTracking().Select(user => new UserView(
        user.Id,
        user.Email,
        user.Username,
        user.Name,
        user.TimeZone,
        user.Active,
        user.Roles.Select(row => row.Role!.Name).ToList(),
        user.LastLoginAt,
        user.LockedUntil,
        db.ApiKeys.Count(key => key.CreatedBy == user.Id && key.RevokedAt == null),
        user.Version,
        user.CreatedAt,
        user.UpdatedAt));
}

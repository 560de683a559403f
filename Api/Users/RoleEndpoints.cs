using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Users;

/// <param name="Objects">all (the default): its holders see every object of the tenant; granted: those that were granted
/// to them.</param>
internal sealed record CreateRoleRequest(string Name, string[] Permissions, string Objects = RoleReach.All);

/// <summary>What is left out stays as it is.</summary>
internal sealed record UpdateRoleRequest(string? Name = null, string[]? Permissions = null, string? Objects = null);

/// <param name="Objects">all or granted.</param>
internal sealed record RoleView(
    Guid Id, string Name, IReadOnlyList<string> Permissions, string Objects, bool BuiltIn, int Version);

/// <summary>The tenant's own roles beside the built-in ones. Users get them by <c>PATCH /users/{id}</c>. Nobody makes a role of more than they have.</summary>
internal static class RoleEndpoints
{
    public static void MapRoles(this IEndpointRouteBuilder routes)
    {
        var roles = routes.MapGroup("/roles").WithTags("Users");
        roles.MapGet("", ListAsync).Requires(Permission.UsersRead).WithSummary("List roles and their permissions");
        roles.MapGet("/{roleId:guid}", GetAsync).Requires(Permission.UsersRead).WithSummary("Get a role");
        roles.MapPost("", CreateAsync).Requires(Permission.UsersManage).WithMetadata(new SuccessStatus(201)).WithSummary("Create a role");
        roles.MapPatch("/{roleId:guid}", UpdateAsync).Requires(Permission.UsersManage).WithSummary("Change a role's name or permissions");
        roles.MapDelete("/{roleId:guid}", DeleteAsync).Requires(Permission.UsersManage).WithSummary("Delete a role that nobody holds");
    }

    private static async Task<ApiResponse<List<RoleView>>> ListAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var roles = await request.Db.Roles.AsNoTracking().OrderBy(role => role.Id).Take(Limits.RolesPerTenant).ToListAsync(cancellationToken);
        return roles.ConvertAll(View);
    }

    private static async Task<ApiResponse<RoleView>> GetAsync(Guid roleId, ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.Roles.AsNoTracking().SingleOrDefaultAsync(role => role.Id == roleId, cancellationToken) is { } role
            ? ApiResponse<RoleView>.Ok(View(role), role.Version)
            : new Problem(Errors.RoleNotFound);

    private static async Task<ApiResponse<RoleView>> CreateAsync(Body<CreateRoleRequest> body, ApiRequest request)
    {
        var wanted = body.Value with { Name = Names.Clean(body.Value.Name) };
        if (Check(request, wanted.Name, wanted.Permissions, wanted.Objects) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<RoleView>(async token =>
        {
            if (await request.Db.Roles.CountAsync(token) >= Limits.RolesPerTenant)
            {
                return new Problem(Errors.LimitReached, $"A tenant has at most {Limits.RolesPerTenant} roles.");
            }

            var role = new Role
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Name = wanted.Name,
                Permissions = [.. wanted.Permissions.Distinct()],
                OnlyGranted = wanted.Objects == RoleReach.Granted,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.Roles.Add(role);
            request.Record("role.create", "role", role.Id, role.Name, after: Summary(role));
            return ApiResponse<RoleView>.Created(View(role), $"/api/v1/roles/{role.Id}", role.Version);
        });
    }

    private static async Task<ApiResponse<RoleView>> UpdateAsync(Guid roleId, Body<UpdateRoleRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var wanted = body.Value with { Name = body.Value.Name is { } name ? Names.Clean(name) : null };
        if (Check(request, wanted.Name, wanted.Permissions, wanted.Objects) is { } problem)
        {
            return problem;
        }

        var response = await request.ChangeAsync<RoleView>(async token =>
        {
            var (role, refusal) = await FindAsync(request, roleId, token);
            if (role is null)
            {
                return refusal!;
            }

            var before = Summary(role);
            role.Name = wanted.Name ?? role.Name;
            role.Permissions = wanted.Permissions is { } permissions ? [.. permissions.Distinct()] : role.Permissions;
            role.OnlyGranted = wanted.Objects is { } reach ? reach == RoleReach.Granted : role.OnlyGranted;
            if (RoleReach.Check(role.Permissions, role.OnlyGranted, new Checks()).Problem is { } tooMuch)
            {
                return tooMuch;
            }

            role.Touch(request.Now);
            request.Record("role.update", "role", role.Id, role.Name, before, Summary(role));
            return ApiResponse<RoleView>.Ok(View(role), role.Version);
        });
        invalidation.Publish(Invalidated.Tenant, request.Caller.TenantId, roleId);
        return response;
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid roleId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        var (role, refusal) = await FindAsync(request, roleId, token);
        if (role is null)
        {
            return refusal!;
        }

        if (await request.Db.UserRoles.AnyAsync(row => row.RoleId == roleId, token)
            || await request.Db.ApprovalAssignees.AnyAsync(row => row.Kind == "role" && row.PrincipalId == roleId && row.Open, token))
        {
            return new Problem(
                Errors.NotEmpty, "Users hold the role, or open approval requests are addressed to it.", [new ErrorDetail("", "USERS", "Holders or open approval requests")]);
        }

        request.Db.Roles.Remove(role);
        request.Record("role.delete", "role", role.Id, role.Name, before: Summary(role));
        return new Done(role.Id, "deleted");
    });

    /// <summary>A role of the tenant's own that the caller may change, or why not.</summary>
    private static async Task<(Role? Role, Problem? Problem)> FindAsync(ApiRequest request, Guid roleId, CancellationToken token)
    {
        var role = await request.Db.Roles.SingleOrDefaultAsync(role => role.Id == roleId, token);
        return role is null ? (null, new Problem(Errors.RoleNotFound))
            : role.BuiltIn ? (null, new Problem(Errors.BuiltInRole))
            : request.CheckMatch(role) is { } conflict ? (null, conflict)
            : !request.Caller.May(BuiltInRoles.Of(role)) ? (null, new Problem(Errors.Forbidden, "The role has permissions that you lack yourself."))
            : (role, null);
    }

    private static Problem? Check(ApiRequest request, string? name, string[]? permissions, string? reach)
    {
        var checks = new Checks().Name("name", name);
        if (reach is not (null or RoleReach.All or RoleReach.Granted))
        {
            checks.Add("objects", "VALUE", "'objects' is all or granted.");
        }

        if (permissions is not null)
        {
            RoleReach.Check(permissions, reach == RoleReach.Granted, checks);
        }

        for (var index = 0; index < permissions?.Length; index++)
        {
            var permission = permissions[index];
            if (permission is null || !Permissions.IsKnown(permission))
            {
                checks.Add($"permissions/{index}", "UNKNOWN", $"There is no permission '{permission}'; known are {string.Join(", ", Permissions.All.Select(known => known.Key))}.");
            }
            else if (!request.Caller.May(Permissions.Of([permission])))
            {
                checks.Add($"permissions/{index}", "NOT_YOURS", $"You cannot give away '{permission}', which you lack yourself.");
            }
        }

        return checks.Problem;
    }

    private static object Summary(Role role) =>
        new { role.Name, role.Permissions, Objects = RoleReach.Of(role.OnlyGranted) };

    private static RoleView View(Role role) => new(
        role.Id, role.Name, Permissions.Names(BuiltInRoles.Of(role)), RoleReach.Of(role.OnlyGranted), role.BuiltIn,
        role.Version);
}

using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Groups;

internal sealed record CreateGroupRequest(string Name, string? Description = null);

/// <summary>What is left out stays as it is.</summary>
internal sealed record UpdateGroupRequest(string? Name = null, string? Description = null);

internal sealed record GroupView(Guid Id, string Name, string Description, int Members, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

internal sealed record MemberView(Guid UserId, string Email, string Name, bool Active);

/// <summary>Groups of users, to whom approvals and notifications are addressed.</summary>
internal static class GroupEndpoints
{
    public static void MapGroups(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/groups").WithTags("Users");
        group.MapGet("", ListAsync).Requires(Permission.UsersRead).WithSummary("List groups by name");
        group.MapGet("/{groupId:guid}", GetAsync).Requires(Permission.UsersRead).WithSummary("Get a group");
        group.MapPost("", CreateAsync).Requires(Permission.UsersManage).WithMetadata(new SuccessStatus(201)).WithSummary("Create a group");
        group.MapPatch("/{groupId:guid}", UpdateAsync).Requires(Permission.UsersManage).WithSummary("Change a group's name or description");
        group.MapDelete("/{groupId:guid}", DeleteAsync).Requires(Permission.UsersManage).WithSummary("Delete a group that no open approval request is addressed to");
        group.MapGet("/{groupId:guid}/members", ListMembersAsync).Requires(Permission.UsersRead).WithSummary("List the members of a group");
        group.MapPut("/{groupId:guid}/members/{userId:guid}", AddMemberAsync).Requires(Permission.UsersManage).WithSummary("Make a user a member of a group");
        group.MapDelete("/{groupId:guid}/members/{userId:guid}", RemoveMemberAsync).Requires(Permission.UsersManage).WithSummary("Take a user out of a group");
    }

    private static async Task<ApiResponse<List<GroupView>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<TextKey>(query, request.Caller.TenantId, "groups");
        var groups = request.Db.Groups.AsNoTracking();
        var total = await groups.CountAsync(query, cancellationToken);
        var rows = await Views(
            groups.After(page, after => row => string.Compare(row.Name, after.Text) > 0).OrderBy(row => row.Name).Take(page.Take), request.Db).ToListAsync(cancellationToken);
        return ApiResponse<List<GroupView>>.Page(rows, page.Close(rows, row => new TextKey(row.Name, row.Id), total), FieldSelection.Read<GroupView>(query));
    }

    private static async Task<ApiResponse<GroupView>> GetAsync(Guid groupId, ApiRequest request, CancellationToken cancellationToken) =>
        await Views(request.Db.Groups.AsNoTracking().Where(row => row.Id == groupId), request.Db).SingleOrDefaultAsync(cancellationToken) is { } view
            ? ApiResponse<GroupView>.Ok(view, view.Version)
            : new Problem(Errors.GroupNotFound);

    private static async Task<ApiResponse<GroupView>> CreateAsync(Body<CreateGroupRequest> body, ApiRequest request)
    {
        var wanted = body.Value with { Name = Names.Clean(body.Value.Name) };
        if (new Checks().Name("name", wanted.Name).Text("description", wanted.Description, Limits.DescriptionLength).Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<GroupView>(async token =>
        {
            if (await request.Db.Groups.CountAsync(token) >= Limits.GroupsPerTenant)
            {
                return new Problem(Errors.LimitReached, $"A tenant has at most {Limits.GroupsPerTenant} groups.");
            }

            var made = new Group
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Name = wanted.Name,
                Description = wanted.Description ?? "",
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.Groups.Add(made);
            request.Record("group.create", "group", made.Id, made.Name, after: new { made.Name, made.Description });
            return ApiResponse<GroupView>.Created(View(made, 0), $"/api/v1/groups/{made.Id}", made.Version);
        });
    }

    private static async Task<ApiResponse<GroupView>> UpdateAsync(Guid groupId, Body<UpdateGroupRequest> body, ApiRequest request)
    {
        var wanted = body.Value with { Name = body.Value.Name is { } name ? Names.Clean(name) : null };
        if (new Checks().Name("name", wanted.Name).Text("description", wanted.Description, Limits.DescriptionLength).Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<GroupView>(async token =>
        {
            if (await request.Db.Groups.SingleOrDefaultAsync(row => row.Id == groupId, token) is not { } group)
            {
                return new Problem(Errors.GroupNotFound);
            }

            if (request.CheckMatch(group) is { } conflict)
            {
                return conflict;
            }

            var before = new { group.Name, group.Description };
            group.Name = wanted.Name ?? group.Name;
            group.Description = wanted.Description ?? group.Description;
            group.Touch(request.Now);
            request.Record("group.update", "group", group.Id, group.Name, before, new { group.Name, group.Description });
            return ApiResponse<GroupView>.Ok(View(group, await request.Db.UserGroups.CountAsync(row => row.GroupId == groupId, token)), group.Version);
        });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid groupId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        if (await request.Db.Groups.SingleOrDefaultAsync(row => row.Id == groupId, token) is not { } group)
        {
            return new Problem(Errors.GroupNotFound);
        }

        if (request.CheckMatch(group) is { } conflict)
        {
            return conflict;
        }

        // Deleted, it could never decide; whoever is asked besides might wait for it for ever.
        if (await request.Db.ApprovalAssignees.AnyAsync(row => row.Kind == "group" && row.PrincipalId == groupId && row.Open, token))
        {
            return new Problem(Errors.NotEmpty, "Open approval requests are addressed to the group.", [new ErrorDetail("", "APPROVALS", "Open approval requests")]);
        }

        request.Db.Groups.Remove(group);
        request.Record("group.delete", "group", group.Id, group.Name, before: new { group.Name, group.Description });
        return new Done(group.Id, "deleted");
    });

    private static async Task<ApiResponse<List<MemberView>>> ListMembersAsync(
        Guid groupId, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        if (!await request.Db.Groups.AnyAsync(row => row.Id == groupId, cancellationToken))
        {
            return new Problem(Errors.GroupNotFound);
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"groups/{groupId}/members");
        var users = request.Db.Users.AsNoTracking().Where(user => request.Db.UserGroups.Any(row => row.GroupId == groupId && row.UserId == user.Id));
        var total = await users.CountAsync(query, cancellationToken);
        var rows = await users.After(page, after => user => user.Id > after.Id).OrderBy(user => user.Id).Take(page.Take)
            .Select(user => new MemberView(user.Id, user.Email, user.Name, user.Active)).ToListAsync(cancellationToken);
        return ApiResponse<List<MemberView>>.Page(rows, page.Close(rows, row => new IdKey(row.UserId), total), FieldSelection.Read<MemberView>(query));
    }

    private static Task<ApiResponse<Done>> AddMemberAsync(Guid groupId, Guid userId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        if (await request.Db.Groups.AsNoTracking().SingleOrDefaultAsync(row => row.Id == groupId, token) is not { } group)
        {
            return new Problem(Errors.GroupNotFound);
        }

        if (await request.Db.Users.AsNoTracking().SingleOrDefaultAsync(row => row.Id == userId, token) is not { } user)
        {
            return new Problem(Errors.UserNotFound);
        }

        if (!await request.Db.UserGroups.AnyAsync(row => row.GroupId == groupId && row.UserId == userId, token))
        {
            request.Db.UserGroups.Add(new UserGroup { TenantId = request.Caller.TenantId, GroupId = groupId, UserId = userId });
            request.Record("group.add_member", "group", groupId, group.Name, after: new { user.Id, user.Email });
        }

        return new Done(userId, "member");
    });

    private static Task<ApiResponse<Done>> RemoveMemberAsync(Guid groupId, Guid userId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        if (await request.Db.Groups.AsNoTracking().SingleOrDefaultAsync(row => row.Id == groupId, token) is not { } group)
        {
            return new Problem(Errors.GroupNotFound);
        }

        if (await request.Db.UserGroups.SingleOrDefaultAsync(row => row.GroupId == groupId && row.UserId == userId, token) is not { } member)
        {
            return new Problem(Errors.UserNotFound, "The user is no member of the group.");
        }

        request.Db.UserGroups.Remove(member);
        request.Record("group.remove_member", "group", groupId, group.Name, before: new { Id = userId });
        return new Done(userId, "removed");
    });

    private static GroupView View(Group group, int members) =>
        new(group.Id, group.Name, group.Description, members, group.Version, group.CreatedAt, group.UpdatedAt);

    private static IQueryable<GroupView> Views(IQueryable<Group> groups, WorkflowsDbContext db) => groups.Select(group => new GroupView(
        group.Id, group.Name, group.Description, db.UserGroups.Count(row => row.GroupId == group.Id), group.Version, group.CreatedAt, group.UpdatedAt));
}

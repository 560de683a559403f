using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Database;
using Workflows.Data.Identity;

namespace Workflows.Api.Grants;

/// <summary>
/// Who may what with single objects of the hierarchy, beside those whose role sees the whole tenant. A grant holds for
/// all that lies below its object. Owners, who has the level admin, and who manages users may grant and revoke.
/// </summary>
internal static class GrantEndpoints
{
    private static readonly string[] Levels = ["view", "edit", "admin"];

    private static readonly (string Type, string Path, string Parameter)[] Types =
    [
        ("workspace", "/workspaces", "workspaceId"), ("folder", "/folders", "folderId"), ("job", "/jobs", "jobId"),
        ("workflow", "/workflows", "workflowId"),
    ];

    public static void MapGrants(this IEndpointRouteBuilder routes)
    {
        foreach (var (type, path, parameter) in Types)
        {
            var read = type == "workflow" ? Permission.WorkflowsRead : Permission.WorkspacesRead;
            var group = routes.MapGroup($"{path}/{{{parameter}:guid}}/permissions").WithTags("Permissions")
                .Requires(read);
            group.MapGet("", (HttpContext http, ApiRequest request, ObjectRanks ranks, CancellationToken token) =>
                GetAsync(type, IdOf(http, parameter), request, ranks, token))
                .WithSummary($"Get who may what with a {type}, also by what it lies in");
            group.MapPut("", (HttpContext http, Body<GrantRequest> body, ApiRequest request, ObjectRanks ranks) =>
                GrantAsync(type, IdOf(http, parameter), body.Value, request, ranks))
                .WithMetadata(new LevelRequirement(ObjectLevel.Admin))
                .WithSummary(
                    $"Let a user or a group view, edit or administer a {type}; another grant of theirs is replaced");
            group.MapDelete("/{permissionId:guid}", (
                Guid permissionId, HttpContext http, ApiRequest request, ObjectRanks ranks) =>
                RevokeAsync(type, IdOf(http, parameter), permissionId, request, ranks))
                .WithMetadata(new LevelRequirement(ObjectLevel.Admin))
                .WithSummary($"Take back what was granted on a {type}");
        }

        routes.MapGet("/permissions", ListAsync).WithTags("Permissions").Requires(Permission.UsersRead)
            .WithSummary("List what was granted on objects: to a user, to a group, on an object");
    }

    private static Guid IdOf(HttpContext http, string parameter) =>
        Guid.Parse(http.GetRouteValue(parameter)!.ToString()!, System.Globalization.CultureInfo.InvariantCulture);

    private static async Task<ApiResponse<List<GrantView>>> ListAsync(
        [AsParameters] GrantQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.ObjectType is { } type && !Array.Exists(Types, known => known.Type == type))
        {
            return Problem.Parameter(
                "objectType", $"'objectType' is one of {string.Join(", ", Types.Select(known => known.Type))}.");
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"permissions?{filter}");
        var grants = request.Db.ObjectPermissions.AsNoTracking()
            .Where(row => (filter.User == null || row.UserId == filter.User)
                && (filter.Group == null || row.GroupId == filter.Group)
                && (filter.ObjectType == null || row.ObjectType == filter.ObjectType)
                && (filter.Object == null || row.ObjectId == filter.Object));
        var total = await grants.CountAsync(query, cancellationToken);
        var rows = await grants.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id)
            .Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<GrantView>>.Page(
            await ViewsAsync(request, rows, of: null, cancellationToken), pagination,
            FieldSelection.Read<GrantView>(query));
    }

    private static async Task<ApiResponse<ObjectPermissionsView>> GetAsync(
        string type, Guid id, ApiRequest request, ObjectRanks ranks, CancellationToken cancellationToken)
    {
        if (await ObjectPlace.FindAsync(request.Db, type, id, cancellationToken) is not { } place)
        {
            return new Problem(ObjectRights.NotFound(type));
        }

        var ids = place.Above.Select(above => above.Id).ToList();
        var grants = await request.Db.ObjectPermissions.AsNoTracking().Where(row => ids.Contains(row.ObjectId))
            .OrderBy(row => row.Id).Take(Limits.PermissionsPerObject * Limits.FolderDepth)
            .ToListAsync(cancellationToken);
        var rank = await RankAsync(request, type, id, ranks, cancellationToken);
        return new ObjectPermissionsView(
            Levels[Math.Clamp(rank, 1, Levels.Length) - 1], place.OwnerId,
            await ViewsAsync(request, grants, id, cancellationToken));
    }

    private static async Task<ApiResponse<GrantView>> GrantAsync(
        string type, Guid id, GrantRequest wanted, ApiRequest request, ObjectRanks ranks)
    {
        if (Check(wanted, request) is { } problem)
        {
            return problem;
        }

        if (await RefuseAsync(request, type, id, ranks) is { } refusal)
        {
            return refusal;
        }

        return await request.ChangeAsync<GrantView>(async token =>
        {
            if (await ObjectPlace.FindAsync(request.Db, type, id, token) is not { } place)
            {
                return new Problem(ObjectRights.NotFound(type));
            }

            var grants = request.Db.ObjectPermissions.Where(row => row.ObjectType == type && row.ObjectId == id);
            var grant = await grants.SingleOrDefaultAsync(
                row => row.UserId == wanted.UserId && row.GroupId == wanted.GroupId, token);
            if (grant is null && await grants.CountAsync(token) >= Limits.PermissionsPerObject)
            {
                return new Problem(
                    Errors.LimitReached,
                    $"On one object at most {Limits.PermissionsPerObject} grants are kept: give them to a group.");
            }

            if (await FindGranteeAsync(request, wanted, token) is not { } grantee)
            {
                var field = wanted.UserId is null ? "groupId" : "userId";
                return Problem.Invalid($"/{field}", "The tenant has no such active user or group.", "UNKNOWN");
            }

            if (grant is null)
            {
                grant = new ObjectGrant
                {
                    TenantId = request.Caller.TenantId,
                    Id = Guid.CreateVersion7(request.Now),
                    ObjectType = type,
                    ObjectId = id,
                    UserId = wanted.UserId,
                    GroupId = wanted.GroupId,
                    Level = wanted.Level,
                };
                request.Db.ObjectPermissions.Add(grant);
            }

            (grant.Level, grant.ExpiresAt) = (wanted.Level, wanted.ExpiresAt?.ToUniversalTime());
            (grant.GrantedBy, grant.GrantedAt) = (request.Caller.UserId, request.Now);
            request.Record(
                "permission.grant", type, id, place.Name,
                after: new { grantee = grantee.Name, grantee.Type, grant.Level, grant.ExpiresAt });
            return View(grant, grantee, id, request.Now);
        });
    }

    private static async Task<ApiResponse<Done>> RevokeAsync(
        string type, Guid id, Guid permissionId, ApiRequest request, ObjectRanks ranks)
    {
        if (await RefuseAsync(request, type, id, ranks) is { } refusal)
        {
            return refusal;
        }

        return await request.ChangeAsync<Done>(async token =>
        {
            if (await ObjectPlace.FindAsync(request.Db, type, id, token) is not { } place)
            {
                return new Problem(ObjectRights.NotFound(type));
            }

            var grant = await request.Db.ObjectPermissions.SingleOrDefaultAsync(
                row => row.Id == permissionId && row.ObjectType == type && row.ObjectId == id, token);
            if (grant is null)
            {
                return new Problem(Errors.PermissionNotFound);
            }

            var grantee = (await GranteesAsync(request, [grant], token))[grant.UserId ?? grant.GroupId!.Value];
            request.Db.ObjectPermissions.Remove(grant);
            request.Record(
                "permission.revoke", type, id, place.Name,
                before: new { grantee = grantee.Name, grantee.Type, grant.Level, grant.ExpiresAt });
            return new Done(grant.Id, "revoked");
        });
    }

    private static Problem? Check(GrantRequest wanted, ApiRequest request)
    {
        var checks = new Checks();
        if (!Levels.Contains(wanted.Level))
        {
            checks.Add("level", "VALUE", $"'level' is one of {string.Join(", ", Levels)}.");
        }

        if (wanted.UserId is null == wanted.GroupId is null)
        {
            checks.Add("userId", "ONE_OF", "Exactly one of 'userId' and 'groupId' says whom it is granted to.");
        }

        return (wanted.ExpiresAt <= request.Now
            ? checks.Add("expiresAt", "PAST", "The expiry lies in the past.")
            : checks).Problem;
    }

    // Who sees only what was granted was judged with the route.
    private static async Task<Problem?> RefuseAsync(ApiRequest request, string type, Guid id, ObjectRanks ranks) =>
        await RankAsync(request, type, id, ranks, request.Http.RequestAborted) >= (int)ObjectLevel.Admin
            ? null
            : await ObjectPlace.FindAsync(request.Db, type, id, request.Http.RequestAborted) is null
                ? new Problem(ObjectRights.NotFound(type))
                : new Problem(
                    Errors.Forbidden,
                    "Only the owner, who has the level 'admin', and who manages users says who may what with it.",
                    [new ErrorDetail(id.ToString(), "LEVEL", "admin")]);

    // Who sees the whole tenant edits what the roles let them edit, and administers what is theirs or was granted.
    private static async Task<int> RankAsync(
        ApiRequest request, string type, Guid id, ObjectRanks ranks, CancellationToken cancellationToken)
    {
        if (request.Caller.May(Permission.UsersManage))
        {
            return (int)ObjectLevel.Admin;
        }

        ObjectScope.Enter(request.Caller.PersonId ?? Guid.Empty);
        var rank = await ranks.FindAsync(request.Caller.TenantId, type, id, cancellationToken) ?? 0;
        return request.Caller.OnlyGranted ? rank : Math.Max(rank, (int)ObjectLevel.Edit);
    }

    private static async Task<GranteeView?> FindGranteeAsync(
        ApiRequest request, GrantRequest wanted, CancellationToken token) => wanted.UserId is { } userId
        ? await request.Db.Users.Where(user => user.Id == userId && user.Active)
            .Select(user => new GranteeView("user", user.Id, user.Email)).SingleOrDefaultAsync(token)
        : await request.Db.Groups.Where(group => group.Id == wanted.GroupId)
            .Select(group => new GranteeView("group", group.Id, group.Name)).SingleOrDefaultAsync(token);

    private static async Task<Dictionary<Guid, GranteeView>> GranteesAsync(
        ApiRequest request, List<ObjectGrant> grants, CancellationToken token)
    {
        var ids = grants.ConvertAll(grant => grant.UserId ?? grant.GroupId!.Value);
        var users = await request.Db.Users.IgnoreQueryFilters()
            .Where(user => user.TenantId == request.Caller.TenantId && ids.Contains(user.Id))
            .Select(user => new GranteeView("user", user.Id, user.Email)).ToListAsync(token);
        var groups = await request.Db.Groups.Where(group => ids.Contains(group.Id))
            .Select(group => new GranteeView("group", group.Id, group.Name)).ToListAsync(token);
        return users.Concat(groups).ToDictionary(grantee => grantee.Id);
    }

    private static async Task<List<GrantView>> ViewsAsync(
        ApiRequest request, List<ObjectGrant> grants, Guid? of, CancellationToken token)
    {
        var grantees = await GranteesAsync(request, grants, token);
        return grants.ConvertAll(grant => View(
            grant, grantees[grant.UserId ?? grant.GroupId!.Value], of ?? grant.ObjectId, request.Now));
    }

    private static GrantView View(ObjectGrant grant, GranteeView grantee, Guid of, DateTimeOffset now) => new(
        grant.Id, grant.ObjectType, grant.ObjectId, grant.ObjectId != of, grantee, grant.Level, grant.GrantedBy,
        grant.GrantedAt, grant.ExpiresAt, grant.ExpiresAt <= now);
}

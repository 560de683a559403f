using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Hierarchy;

internal static class FolderEndpoints
{
    public static void MapFolders(this IEndpointRouteBuilder routes)
    {
        var ofWorkspace = routes.MapGroup("/workspaces/{workspaceId:guid}/folders").WithTags("Hierarchy");
        ofWorkspace.MapGet("", ListAsync).Requires(Permission.WorkspacesRead).ReadsStaged()
            .WithSummary("List the folders of a workspace");
        ofWorkspace.MapPost("", CreateAsync).Requires(Permission.WorkspacesWrite).WithMetadata(new SuccessStatus(201))
            .StagesNew(StagedKind.Folder).WithSummary("Create a folder");
        var group = routes.MapGroup("/folders/{folderId:guid}").WithTags("Hierarchy");
        group.MapGet("", GetAsync).Requires(Permission.WorkspacesRead).ReadsStaged().WithSummary("Get a folder");
        group.MapPatch("", UpdateAsync).Requires(Permission.WorkspacesWrite)
            .StagesChange(StagedKind.Folder).WithSummary("Change a folder, or move it with all it holds");
    }

    private static async Task<ApiResponse<List<FolderView>>> ListAsync(
        Guid workspaceId, [AsParameters] OwnerQuery filter, [AsParameters] PageQuery query, ApiRequest request,
        Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"folders:{workspaceId}?{filter}");
        if (!await request.Db.Workspaces.AnyAsync(row => row.Id == workspaceId, cancellationToken))
        {
            return new Problem(Errors.WorkspaceNotFound);
        }

        var folders = request.Db.Folders.AsNoTracking().Where(row => row.WorkspaceId == workspaceId).Of(filter);
        var total = await folders.CountAsync(query, cancellationToken);
        var rows = await folders.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<FolderView>>.Page(
            [.. rows.Select(View)], pagination, FieldSelection.Read<FolderView>(query));
    }

    private static async Task<ApiResponse<FolderView>> GetAsync(
        Guid folderId, ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.Folders.AsNoTracking().SingleOrDefaultAsync(row => row.Id == folderId, cancellationToken)
            is { } folder
            ? ApiResponse<FolderView>.Ok(View(folder), folder.Version)
            : new Problem(Errors.FolderNotFound);

    private static async Task<ApiResponse<FolderView>> CreateAsync(
        Guid workspaceId, Body<CreateFolderRequest> body, ApiRequest request)
    {
        var (name, parentId, description) = body.Value;
        if (Check(name, description) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<FolderView>(async token =>
        {
            if (await request.Db.HoldWorkspaceAsync(workspaceId, token) is null)
            {
                return new Problem(Errors.WorkspaceNotFound);
            }

            var place = await request.FindPlaceAsync(workspaceId, parentId, below: 0, moved: null, token);
            if (place.Problem is { } refusal)
            {
                return refusal;
            }

            var folder = new Folder
            {
                TenantId = request.Caller.TenantId,
                Id = request.NewId(),
                WorkspaceId = workspaceId,
                ParentId = parentId,
                Name = name,
                Description = description,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Own(folder);
            request.Db.Folders.Add(folder);
            request.Record(
                "folder.create", "folder", folder.Id, name, after: new { name, parentId, workspaceId, description });
            return ApiResponse<FolderView>.Created(View(folder), $"/api/v1/folders/{folder.Id}", folder.Version);
        });
    }

    private static async Task<ApiResponse<FolderView>> UpdateAsync(
        Guid folderId, Body<UpdateFolderRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (Check(wanted.Name, wanted.Description) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<FolderView>(async token =>
        {
            var (move, refusal) = wanted is { ParentId: null, WorkspaceId: null }
                ? (null, null) : await FolderMove.PrepareAsync(request, folderId, wanted, token);
            if (refusal is not null)
            {
                return refusal;
            }

            var folder = await request.Db.LockFolderAsync(folderId, token);
            if (folder is null)
            {
                return new Problem(Errors.FolderNotFound);
            }

            if (request.CheckMatch(folder) is { } conflict)
            {
                return conflict;
            }

            var before = Summary(folder);
            if (await request.SetOwnerAsync(folder, wanted.OwnerId, token) is { } unknown)
            {
                return unknown;
            }

            if (move is not null && await move.ApplyAsync(request, folder, token) is { } immovable)
            {
                return immovable;
            }

            folder.Name = wanted.Name ?? folder.Name;
            folder.Description = wanted.Description ?? folder.Description;
            request.Touch(folder);
            request.Record("folder.update", "folder", folder.Id, folder.Name, before, Summary(folder));
            return ApiResponse<FolderView>.Ok(View(folder), folder.Version);
        });
    }

    private static Problem? Check(string? name, string? description) => new Checks()
        .Name("name", name).Text("description", description, Limits.DescriptionLength).Problem;

    private static object Summary(Folder row) =>
        new { row.Name, row.Description, row.WorkspaceId, row.ParentId, row.OwnerId };

    private static FolderView View(Folder row) => new(
        row.Id, row.WorkspaceId, row.ParentId, row.Name, row.Description, row.OwnerId, row.CreatedBy, row.UpdatedBy,
        row.Version, row.CreatedAt, row.UpdatedAt);
}

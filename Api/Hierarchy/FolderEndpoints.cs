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
        ofWorkspace.MapGet("", ListAsync).Requires(Permission.WorkspacesRead).WithSummary("List the folders of a workspace");
        ofWorkspace.MapPost("", CreateAsync).Requires(Permission.WorkspacesWrite).WithMetadata(new SuccessStatus(201)).WithSummary("Create a folder");
        var group = routes.MapGroup("/folders/{folderId:guid}").WithTags("Hierarchy");
        group.MapGet("", GetAsync).Requires(Permission.WorkspacesRead).WithSummary("Get a folder");
        group.MapPatch("", UpdateAsync).Requires(Permission.WorkspacesWrite).WithSummary("Rename a folder");
        group.MapDelete("", DeleteAsync).Requires(Permission.WorkspacesWrite)
            .WithSummary("Delete an empty folder; otherwise it says what would go along");
    }

    private static async Task<ApiResponse<List<FolderView>>> ListAsync(
        Guid workspaceId, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"folders:{workspaceId}");
        if (!await request.Db.Workspaces.AnyAsync(row => row.Id == workspaceId, cancellationToken))
        {
            return new Problem(Errors.WorkspaceNotFound);
        }

        var folders = request.Db.Folders.Where(row => row.WorkspaceId == workspaceId);
        var total = await folders.CountAsync(query, cancellationToken);
        var rows = await Views(folders.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<FolderView>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<FolderView>(query));
    }

    private static async Task<ApiResponse<FolderView>> GetAsync(Guid folderId, ApiRequest request, CancellationToken cancellationToken) =>
        await Views(request.Db.Folders.Where(row => row.Id == folderId)).SingleOrDefaultAsync(cancellationToken) is { } view
            ? ApiResponse<FolderView>.Ok(view, view.Version)
            : new Problem(Errors.FolderNotFound);

    private static async Task<ApiResponse<FolderView>> CreateAsync(Guid workspaceId, Body<CreateFolderRequest> body, ApiRequest request)
    {
        var (name, parentId) = body.Value;
        if (new Checks().Name("name", name).Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<FolderView>(async token =>
        {
            if (await request.Db.HoldWorkspaceAsync(workspaceId, token) is null)
            {
                return new Problem(Errors.WorkspaceNotFound);
            }

            if (await CheckParentAsync(request, workspaceId, parentId, token) is { } refusal)
            {
                return refusal;
            }

            var folder = new Folder
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                WorkspaceId = workspaceId,
                ParentId = parentId,
                Name = name,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.Folders.Add(folder);
            request.Record("folder.create", "folder", folder.Id, name, after: new { name, parentId, workspaceId });
            return ApiResponse<FolderView>.Created(View(folder), $"/api/v1/folders/{folder.Id}", folder.Version);
        });
    }

    private static async Task<Problem?> CheckParentAsync(ApiRequest request, Guid workspaceId, Guid? parentId, CancellationToken token)
    {
        var depth = 0;
        for (var ancestorId = parentId; ancestorId is { } id;)
        {
            var ancestor = await request.Db.HoldFolderAsync(id, token);
            if (ancestor is null || ancestor.WorkspaceId != workspaceId)
            {
                return Problem.Invalid("/parentId", "The workspace has no such folder.", "UNKNOWN");
            }

            if (++depth >= Limits.FolderDepth)
            {
                return Problem.Invalid("/parentId", $"Folders nest at most {Limits.FolderDepth} deep.", "TOO_DEEP");
            }

            ancestorId = ancestor.ParentId;
        }

        return null;
    }

    private static async Task<ApiResponse<FolderView>> UpdateAsync(Guid folderId, Body<UpdateFolderRequest> body, ApiRequest request)
    {
        if (new Checks().Name("name", body.Value.Name).Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<FolderView>(async token =>
        {
            var folder = await request.Db.Folders.SingleOrDefaultAsync(row => row.Id == folderId, token);
            if (folder is null)
            {
                return new Problem(Errors.FolderNotFound);
            }

            if (request.CheckMatch(folder) is { } conflict)
            {
                return conflict;
            }

            var before = new { folder.Name };
            folder.Name = body.Value.Name ?? folder.Name;
            folder.Touch(request.Now);
            request.Record("folder.update", "folder", folder.Id, folder.Name, before, new { folder.Name });
            return ApiResponse<FolderView>.Ok(View(folder), folder.Version);
        });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid folderId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        var folder = await request.Db.LockFolderAsync(folderId, token);
        if (folder is null)
        {
            return new Problem(Errors.FolderNotFound);
        }

        if (request.CheckMatch(folder) is { } conflict)
        {
            return conflict;
        }

        var contents = await request.Db.Folders.Where(row => row.ParentId == folderId).OrderBy(row => row.Id).Take(Limits.MaxPageSize)
            .Select(row => new ErrorDetail(row.Id.ToString(), "FOLDER", row.Name, null)).ToListAsync(token);
        contents.AddRange(await request.Db.Jobs.Where(row => row.FolderId == folderId).OrderBy(row => row.Id).Take(Limits.MaxPageSize)
            .Select(row => new ErrorDetail(row.Id.ToString(), "JOB", row.Name, null)).ToListAsync(token));
        if (contents.Count > 0)
        {
            return new Problem(Errors.NotEmpty, "The folder is not empty: delete what it holds first.", contents);
        }

        folder.DeletedAt = request.Now;
        folder.Touch(request.Now);
        request.Record("folder.delete", "folder", folder.Id, folder.Name);
        return new Done(folder.Id, "deleted");
    });

    private static FolderView View(Folder row) =>
        new(row.Id, row.WorkspaceId, row.ParentId, row.Name, row.Version, row.CreatedAt, row.UpdatedAt);

    private static IQueryable<FolderView> Views(IQueryable<Folder> rows) => rows.AsNoTracking().Select(
        row => new FolderView(row.Id, row.WorkspaceId, row.ParentId, row.Name, row.Version, row.CreatedAt, row.UpdatedAt));
}

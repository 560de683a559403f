using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Trash;

/// <summary>What is to hold an object that comes back: locked, so that it is not deleted meanwhile.</summary>
internal sealed class RestorePlace
{
    private readonly Guid? _workspaceId;
    private readonly Guid? _parentId;

    private RestorePlace(Guid? workspaceId, Guid? parentId) => (_workspaceId, _parentId) = (workspaceId, parentId);

    /// <summary>One of the two answers is null.</summary>
    public static async Task<(RestorePlace? Place, Problem? Problem)> HoldAsync(
        ApiRequest request, IDeletableRow row, Guid? wanted, CancellationToken token)
    {
        switch (row)
        {
            case Job job:
                var folderId = wanted ?? job.FolderId;
                if (await request.RefusesAsync("folder", folderId, ObjectLevel.Edit, token) is { } noFolder)
                {
                    return (null, noFolder);
                }

                return await request.Db.HoldFolderAsync(folderId, token) is not null
                    ? (new RestorePlace(null, folderId), null)
                    : (null, await GoneAsync(request, TreeKind.Folder, folderId, wanted, token));
            case Workflow workflow:
                // For changes, since the dependencies among its workflows come back, too.
                var jobId = wanted ?? workflow.JobId;
                if (await request.RefusesAsync("job", jobId, ObjectLevel.Edit, token) is { } noJob)
                {
                    return (null, noJob);
                }

                return await request.Db.LockJobAsync(jobId, token) is not null
                    ? (new RestorePlace(null, jobId), null)
                    : (null, await GoneAsync(request, TreeKind.Job, jobId, wanted, token));
            case Folder folder:
                return await HoldWorkspaceAsync(request, folder, wanted, token);
            default:
                return wanted is null
                    ? (new RestorePlace(null, null), null)
                    : (null, Problem.Parameter("parentId", "Nothing holds a workspace."));
        }
    }

    /// <summary>Gives the locked row its place.</summary>
    /// <returns>Null, or why it cannot lie there.</returns>
    public async Task<Problem?> PutAsync(ApiRequest request, IDeletableRow row, Tree tree, CancellationToken token)
    {
        switch (row)
        {
            case Job job:
                job.FolderId = _parentId!.Value;
                return null;
            case Workflow workflow:
                workflow.JobId = _parentId!.Value;
                return null;
            case Folder folder:
                var below = FolderPlaces.Levels(folder.Id, tree.Folders.Select(node => (node.Id, node.ParentId)));
                var place = await request.FindPlaceAsync(_workspaceId!.Value, _parentId, below, moved: null, token);
                if (place.Problem is { } problem)
                {
                    return problem.Details is [{ Code: "UNKNOWN" }]
                        ? await GoneAsync(request, TreeKind.Folder, _parentId!.Value, null, token) : problem;
                }

                var isElsewhere = folder.WorkspaceId != _workspaceId;
                (folder.WorkspaceId, folder.ParentId) = (_workspaceId!.Value, _parentId);
                Guid[] ids = isElsewhere ? [.. tree.Folders.Select(node => node.Id)] : [];
                if (ids.Length > 0)
                {
                    await request.Db.Folders.IgnoreQueryFilters()
                        .Where(other => other.TenantId == folder.TenantId && ids.Contains(other.Id))
                        .ExecuteUpdateAsync(set => set.SetProperty(other => other.WorkspaceId, folder.WorkspaceId),
                            token);
                }

                return null;
            default:
                return null;
        }
    }

    private static async Task<(RestorePlace? Place, Problem? Problem)> HoldWorkspaceAsync(
        ApiRequest request, Folder folder, Guid? wanted, CancellationToken token)
    {
        // Its parent may lie in another workspace by now.
        var (workspaceId, parentId) = (folder.WorkspaceId, folder.ParentId);
        if ((wanted ?? folder.ParentId) is { } id)
        {
            var parent = await request.Db.Folders.AsNoTracking().Where(row => row.Id == id)
                .Select(row => (Guid?)row.WorkspaceId).SingleOrDefaultAsync(token);
            (workspaceId, parentId) = parent is { } of ? (of, (Guid?)id)
                : wanted is not null ? (id, null) : (workspaceId, parentId);
        }

        if (await request.Db.LockWorkspaceAsync(workspaceId, token) is null)
        {
            return (null, await GoneAsync(request, TreeKind.Workspace, workspaceId, wanted, token));
        }

        return parentId is { } holder && await request.Db.HoldFolderAsync(holder, token) is null
            ? (null, await GoneAsync(request, TreeKind.Folder, holder, wanted, token))
            : (new RestorePlace(workspaceId, parentId), null);
    }

    private static async Task<Problem> GoneAsync(
        ApiRequest request, TreeKind kind, Guid id, Guid? wanted, CancellationToken token)
    {
        if (wanted is not null)
        {
            return Problem.Parameter("parentId", "There is nothing of this id that could hold it.");
        }

        var parent = await request.Db.FindDeletedAsync(kind, id, locks: false, token);
        var name = parent?.Name ?? "";
        return new Problem(
            Errors.ParentDeleted,
                $"The {kind.Word()} '{name}' that held it is deleted: restore that first, or give another 'parentId'.",
            [new ErrorDetail(id.ToString(), kind.Word().ToUpperInvariant(), name)]);
    }
}

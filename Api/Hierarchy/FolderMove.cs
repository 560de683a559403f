using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Hierarchy;

/// <summary>
/// Takes a folder, with all below it, to another place. The workspaces that it leaves and enters are locked first, in
/// the order of their ids: two moves that would make a circle together come one after the other, and the second is
/// refused. What runs is not disturbed: jobs and workflows keep their ids.
/// </summary>
internal sealed class FolderMove
{
    private readonly Guid _from;
    private readonly Guid _workspaceId;
    private readonly Guid? _parentId;

    private FolderMove(Guid from, Guid workspaceId, Guid? parentId) =>
        (_from, _workspaceId, _parentId) = (from, workspaceId, parentId);

    /// <summary>Locks the workspaces. One of the two answers is null.</summary>
    public static async Task<(FolderMove? Move, Problem? Problem)> PrepareAsync(
        ApiRequest request, Guid folderId, UpdateFolderRequest wanted, CancellationToken token)
    {
        var places = await request.Db.Folders.AsNoTracking()
            .Where(row => row.Id == folderId || row.Id == wanted.ParentId)
            .ToDictionaryAsync(row => row.Id, row => row.WorkspaceId, token);
        if (!places.TryGetValue(folderId, out var from))
        {
            return (null, new Problem(Errors.FolderNotFound));
        }

        if (wanted.ParentId is { } parentId && !places.ContainsKey(parentId))
        {
            return (null, Problem.Invalid("/parentId", "There is no such folder.", "UNKNOWN"));
        }

        var to = wanted.WorkspaceId ?? places[wanted.ParentId!.Value];
        foreach (var workspaceId in new[] { from, to }.Distinct().Order())
        {
            if (await request.Db.LockWorkspaceAsync(workspaceId, token) is null)
            {
                return (null, workspaceId == to
                    ? Problem.Invalid("/workspaceId", "There is no such workspace.", "UNKNOWN")
                    : new Problem(Errors.FolderNotFound));
            }
        }

        return (new FolderMove(from, to, wanted.ParentId), null);
    }

    /// <summary>Moves the locked folder.</summary>
    /// <returns>Null, or why it cannot lie there.</returns>
    public async Task<Problem?> ApplyAsync(ApiRequest request, Folder folder, CancellationToken token)
    {
        if (folder.WorkspaceId != _from)
        {
            return new Problem(Errors.VersionConflict, "The folder was moved meanwhile.");
        }

        var below = await request.Db.LockFoldersBelowAsync(folder.Id, token);
        var levels = FolderPlaces.Levels(folder.Id, below.Select(row => (row.Id, row.ParentId)));
        var place = await request.FindPlaceAsync(_workspaceId, _parentId, levels, folder.Id, token);
        if (place.Problem is { } problem)
        {
            return problem;
        }

        request.Record(
            "folder.move", "folder", folder.Id, folder.Name, new { folder.WorkspaceId, folder.ParentId },
            new { WorkspaceId = _workspaceId, ParentId = _parentId });
        foreach (var row in folder.WorkspaceId == _workspaceId ? [] : below)
        {
            row.WorkspaceId = _workspaceId;
            request.Touch(row);
        }

        (folder.WorkspaceId, folder.ParentId) = (_workspaceId, _parentId);
        return null;
    }
}

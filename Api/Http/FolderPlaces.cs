using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Http;

/// <summary>Where a folder is to lie: how deep its parent is, or why it cannot lie there.</summary>
internal readonly record struct FolderPlace(int Depth, Problem? Problem);

/// <summary>The way from a folder's parent up to its workspace, held against deletion. Under the lock of the workspace
/// it cannot change meanwhile.</summary>
internal static class FolderPlaces
{
    /// <param name="below">The levels of folders below the one that comes to lie there.</param>
    /// <param name="moved">The folder that moves; null = it is a new one.</param>
    public static async Task<FolderPlace> FindPlaceAsync(
        this ApiRequest request, Guid workspaceId, Guid? parentId, int below, Guid? moved, CancellationToken token)
    {
        var depth = 0;
        var (kind, holder) = parentId is { } parent ? ("folder", parent) : ("workspace", workspaceId);
        if (await request.RefusesAsync(kind, holder, ObjectLevel.Edit, token) is { } refusal)
        {
            return new(depth, refusal);
        }

        for (var ancestorId = parentId; ancestorId is { } id;)
        {
            if (id == moved)
            {
                return new(depth, Problem.Invalid("/parentId", "A folder cannot lie within itself.", "CIRCLE"));
            }

            var ancestor = await request.Db.HoldFolderAsync(id, token);
            if (ancestor is null || ancestor.WorkspaceId != workspaceId)
            {
                return new(depth, Problem.Invalid("/parentId", "The workspace has no such folder.", "UNKNOWN"));
            }

            if (++depth + below >= Limits.FolderDepth)
            {
                return new(depth, Problem.Invalid(
                    "/parentId", $"Folders nest at most {Limits.FolderDepth} deep.", "TOO_DEEP"));
            }

            ancestorId = ancestor.ParentId;
        }

        return new(depth, null);
    }

    /// <summary>The levels of folders below one.</summary>
    public static int Levels(Guid folderId, IEnumerable<(Guid Id, Guid? ParentId)> below)
    {
        var children = below.ToLookup(folder => folder.ParentId, folder => folder.Id);
        var levels = 0;
        for (List<Guid> level = [folderId]; (level = [.. level.SelectMany(id => children[id])]).Count > 0;)
        {
            levels++;
        }

        return levels;
    }
}

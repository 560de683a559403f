using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Workflows;

/// <summary>What is to hold what a file is of.</summary>
/// <param name="Types">The types of files that go into it.</param>
internal sealed record ImportTarget(TreeKind Kind, Guid Id, IReadOnlyList<string> Types)
{
    /// <summary>The workspace that it is or lies in; known once it is held.</summary>
    public Guid WorkspaceId { get; private set; }

    /// <summary>Whether something of the name is there already.</summary>
    public Task<bool> IsTakenAsync(WorkflowsDbContext db, string name, string type, CancellationToken token)
    {
        var lower = name.ToLowerInvariant();
#pragma warning disable CA1304, CA1311, CA1862 // translated to SQL, where names are compared as the index on them does
        return (Kind, type) switch
        {
            (TreeKind.Job, _) => db.Workflows.AnyAsync(row => row.JobId == Id && row.Name.ToLower() == lower, token),
            (TreeKind.Folder, "job") =>
                db.Jobs.AnyAsync(row => row.FolderId == Id && row.Name.ToLower() == lower, token),
            (TreeKind.Folder, _) => db.Folders.AnyAsync(row => row.ParentId == Id && row.Name.ToLower() == lower,
                token),
            _ => db.Folders.AnyAsync(
                row => row.WorkspaceId == Id && row.ParentId == null && row.Name.ToLower() == lower, token),
        };
#pragma warning restore CA1304, CA1311, CA1862
    }

    /// <summary>Keeps it from being deleted or moved until the transaction ends.</summary>
    /// <param name="folderLevels">The levels of folders that come into it.</param>
    /// <returns>Null, or why nothing can come into it.</returns>
    public async Task<Problem?> HoldAsync(ApiRequest request, int folderLevels, CancellationToken token)
    {
        switch (Kind)
        {
            case TreeKind.Job:
                return await request.Db.HoldJobAsync(Id, token) is null ? new Problem(Errors.JobNotFound) : null;
            case TreeKind.Workspace:
                WorkspaceId = Id;
                return await request.Db.HoldWorkspaceAsync(Id, token) is null ? new Problem(Errors.WorkspaceNotFound)
                    : (await request.FindPlaceAsync(Id, null, folderLevels, moved: null, token)).Problem;
            default:
                WorkspaceId = await request.Db.Folders.Where(row => row.Id == Id).Select(row => row.WorkspaceId)
                    .SingleOrDefaultAsync(token);
                return await request.Db.HoldWorkspaceAsync(WorkspaceId, token) is null
                    ? new Problem(Errors.FolderNotFound)
                    : (await request.FindPlaceAsync(WorkspaceId, Id, folderLevels - 1, moved: null, token)).Problem;
        }
    }
}

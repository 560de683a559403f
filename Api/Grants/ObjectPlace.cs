using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Grants;

/// <summary>An object of the hierarchy and all that it lies in, from itself up to the workspace.</summary>
/// <param name="Above">Types and ids; the first is the object's own.</param>
internal sealed record ObjectPlace(string Name, Guid? OwnerId, IReadOnlyList<(string Type, Guid Id)> Above)
{
    /// <returns>Null when the caller sees no such object.</returns>
    public static async Task<ObjectPlace?> FindAsync(
        WorkflowsDbContext db, string type, Guid id, CancellationToken cancellationToken)
    {
        var above = new List<(string, Guid)>();
        IOwnedRow? first = null;
        Guid? next = id;
        for (var kind = type; next is { } at;)
        {
            (IOwnedRow? row, kind, next) = await StepAsync(db, kind, at, cancellationToken);
            if (row is null)
            {
                break;
            }

            first ??= row;
            above.Add((row.Kind(), at));
        }

        return first is null ? null : new ObjectPlace(((IDeletableRow)first).Name, first.OwnerId, above);
    }

    private static async Task<(IOwnedRow? Row, string Kind, Guid? Next)> StepAsync(
        WorkflowsDbContext db, string kind, Guid id, CancellationToken token)
    {
        switch (kind)
        {
            case "workflow":
                var workflow = await db.Workflows.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, token);
                return (workflow, "job", workflow?.JobId);
            case "job":
                var job = await db.Jobs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, token);
                return (job, "folder", job?.FolderId);
            case "folder":
                var folder = await db.Folders.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, token);
                return folder?.ParentId is { } parent
                    ? (folder, "folder", parent)
                    : (folder, "workspace", folder?.WorkspaceId);
            default:
                return (await db.Workspaces.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, token), kind,
                    null);
        }
    }
}

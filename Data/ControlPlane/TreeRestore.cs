using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>Something that is not again as it was before its deletion.</summary>
/// <param name="ObjectType">workflow or schedule.</param>
public sealed record RestoreNotice(string Code, string ObjectType, Guid ObjectId, string Message);

/// <summary>
/// Brings a deleted tree back in the transaction around it: the objects, their triggers, dependencies and schedules.
/// What cannot be as it was, since others took its place or what it needs is gone, is left out or switched off, and
/// said. Times that passed meanwhile were not missed: schedules go on from now.
/// </summary>
public static class TreeRestore
{
    /// <summary>A deleted object; null when none of this id is deleted. Locked and tracked if asked for.</summary>
    public static async Task<IDeletableRow?> FindDeletedAsync(
        this WorkflowsDbContext db, TreeKind kind, Guid id, bool locks, CancellationToken cancellationToken)
    {
        if (locks)
        {
            return await LockDeletedAsync(db, kind, id, cancellationToken);
        }

        return kind switch
        {
            TreeKind.Workspace => await Deleted(db, db.Workspaces, id).SingleOrDefaultAsync(cancellationToken),
            TreeKind.Folder => await Deleted(db, db.Folders, id).SingleOrDefaultAsync(cancellationToken),
            TreeKind.Job => await Deleted(db, db.Jobs, id).SingleOrDefaultAsync(cancellationToken),
            TreeKind.Workflow => await Deleted(db, db.Workflows, id).SingleOrDefaultAsync(cancellationToken),
        };
    }

    /// <summary>The tree that was deleted together with a locked object and lies below it.</summary>
    public static async Task<Tree> FindDeletedTreeAsync(
        this WorkflowsDbContext db, TreeKind kind, IDeletableRow row, CancellationToken cancellationToken)
    {
        var (id, with) = (row.Id, row.DeletedWith);
        List<TreeNode> folders = with is null ? [] : kind switch
        {
            TreeKind.Workspace => await Trees.Nodes(db.Folders.FromSql(
                $"""
                select * from folders where tenant_id = {db.TenantId} and workspace_id = {id} and deleted_with = {with}
                order by id for update
                """).IgnoreQueryFilters()).ToListAsync(cancellationToken),
            TreeKind.Folder => await Trees.Nodes(db.Folders.FromSql(
                $"""
                select * from folders where tenant_id = {db.TenantId} and id in (
                  with recursive below as (
                    select f.id from folders f
                    where f.tenant_id = {db.TenantId} and f.parent_id = {id} and f.deleted_with = {with}
                    union
                    select f.id from folders f join below b on f.parent_id = b.id
                    where f.tenant_id = {db.TenantId} and f.deleted_with = {with}
                  )
                  select id from below)
                order by id for update
                """).IgnoreQueryFilters()).ToListAsync(cancellationToken),
            _ => [],
        };
        Guid[] holders = kind == TreeKind.Folder ? [id, .. folders.Select(folder => folder.Id)]
            : [.. folders.Select(folder => folder.Id)];
        List<TreeNode> jobs = holders.Length == 0 ? [] : await Trees.Nodes(db.Jobs.FromSql(
            $"""
            select * from jobs where tenant_id = {db.TenantId} and folder_id = any ({holders}) and deleted_with = {with}
            order by id for update
            """).IgnoreQueryFilters()).ToListAsync(cancellationToken);
        Guid[] owners = kind == TreeKind.Job ? [id] : [.. jobs.Select(job => job.Id)];
        List<TreeNode> workflows = with is null || owners.Length == 0 ? [] : await Trees.Nodes(db.Workflows.FromSql(
            $"""
            select * from workflows where tenant_id = {db.TenantId} and job_id = any ({owners})
              and deleted_with = {with}
            order by id for update
            """).IgnoreQueryFilters()).ToListAsync(cancellationToken);
        return new Tree(Trees.Node(row), folders, jobs, workflows) { Row = row };
    }

    /// <summary>Brings back what was found; the row of the root may have been given another name or place
    /// before.</summary>
    /// <returns>The schedules that came back, and what is not as it was.</returns>
    public static async Task<(int Schedules, List<RestoreNotice> Notices)> RestoreTreeAsync(
        this WorkflowsDbContext db, Tree tree, IDeletableRow root, Guid? by, DateTimeOffset now,
            CancellationToken cancellationToken)
    {
        var with = root.DeletedWith;
        (root.DeletedAt, root.DeletedBy, root.DeletedByName, root.ReasonToDelete, root.DeletedWith) =
            (null, null, null, null, null);
        (root.UpdatedAt, root.UpdatedBy, root.Version) = (now, by, root.Version + 1);
        await db.SaveChangesAsync(cancellationToken);
        await ReviveAsync(db, db.Folders, tree.Folders, by, now, cancellationToken);
        await ReviveAsync(db, db.Jobs, tree.Jobs, by, now, cancellationToken);
        await ReviveAsync(db, db.Workflows, tree.Workflows, by, now, cancellationToken);
        var workflows = tree.Ids(TreeKind.Workflow);
        var notices = workflows.Length == 0 ? [] : await RestoredParts.BringBackAsync(db, workflows, cancellationToken);
        var schedules = with is { } together
            ? await RestoredSchedules.BringBackAsync(db, together, workflows, tree.Ids(TreeKind.Job), now, notices,
                cancellationToken)
            : 0;
        return (schedules, notices);
    }

    private static async Task<IDeletableRow?> LockDeletedAsync(
        WorkflowsDbContext db, TreeKind kind, Guid id, CancellationToken cancellationToken)
    {
        return kind switch
        {
            TreeKind.Workspace => await db.Workspaces.FromSql(
                $"""
                select * from workspaces where tenant_id = {db.TenantId} and id = {id} and deleted_at is not null
                for update
                """).IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken),
            TreeKind.Folder => await db.Folders.FromSql(
                $"""
                select * from folders where tenant_id = {db.TenantId} and id = {id} and deleted_at is not null
                for update
                """).IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken),
            TreeKind.Job => await db.Jobs.FromSql(
                $"""
                select * from jobs where tenant_id = {db.TenantId} and id = {id} and deleted_at is not null
                for update
                """).IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken),
            TreeKind.Workflow => await db.Workflows.FromSql(
                $"""
                select * from workflows where tenant_id = {db.TenantId} and id = {id} and deleted_at is not null
                for update
                """).IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken),
        };
    }

    private static IQueryable<T> Deleted<T>(WorkflowsDbContext db, IQueryable<T> rows, Guid id)
        where T : class, IDeletableRow =>
        rows.IgnoreQueryFilters().AsNoTracking()
            .Where(row => row.TenantId == db.TenantId && row.Id == id && row.DeletedAt != null);

    private static async Task ReviveAsync<T>(
        WorkflowsDbContext db, IQueryable<T> rows, IReadOnlyList<TreeNode> nodes, Guid? by, DateTimeOffset now,
            CancellationToken cancellationToken)
        where T : class, IDeletableRow
    {
        if (nodes.Count == 0)
        {
            return;
        }

        Guid[] ids = [.. nodes.Select(node => node.Id)];
        await rows.IgnoreQueryFilters().Where(row => row.TenantId == db.TenantId && ids.Contains(row.Id))
            .ExecuteUpdateAsync(
            set => set.SetProperty(row => row.DeletedAt, (DateTimeOffset?)null)
                .SetProperty(row => row.DeletedBy, (Guid?)null)
                .SetProperty(row => row.DeletedByName, (string?)null)
                .SetProperty(row => row.ReasonToDelete, (string?)null)
                .SetProperty(row => row.DeletedWith, (Guid?)null)
                .SetProperty(row => row.UpdatedAt, now)
                .SetProperty(row => row.UpdatedBy, by)
                .SetProperty(row => row.Version, row => row.Version + 1),
            cancellationToken);
    }
}

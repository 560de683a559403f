using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>Something that was deleted by itself, maybe with a tree below it.</summary>
/// <param name="Type">workspace, folder, job or workflow.</param>
public sealed record TrashItem(
    string Type, Guid Id, string Name, Guid? ParentId, DateTimeOffset DeletedAt, Guid? DeletedBy, string? DeletedByName,
        string? Reason);

/// <summary>What went along with a deletion, the object itself left out.</summary>
public readonly record struct TrashContents(int Folders, int Jobs, int Workflows);

/// <summary>Reads what was deleted and can be had back, newest first. What went along with something else is no item
/// of its own.</summary>
public static class Trash
{
    /// <param name="type">Only this type; null = all.</param>
    /// <param name="after">Only what was deleted before this item; null = from the newest on.</param>
    public static Task<List<TrashItem>> ListTrashAsync(
        this WorkflowsDbContext db, string? type, (DateTimeOffset At, Guid Id)? after, int take,
            CancellationToken cancellationToken)
    {
        var (at, id) = (after?.At, after?.Id);
        return db.Database.SqlQuery<TrashItem>(
            $"""
            select * from (
              (select 'workspace' as "Type", id as "Id", name as "Name", null::uuid as "ParentId",
                deleted_at as "DeletedAt",
                 deleted_by as "DeletedBy", deleted_by_name as "DeletedByName", reason_to_delete as "Reason"
               from workspaces
               where tenant_id = {db.TenantId} and deleted_at is not null and (deleted_with is null
                 or deleted_with = id)
                 and coalesce({type}::text, 'workspace') = 'workspace'
                 and ({at}::timestamptz is null or (deleted_at, id) < ({at}, {id}))
               order by deleted_at desc, id desc limit {take})
              union all
              (select 'folder', id, name, coalesce(parent_id, workspace_id), deleted_at, deleted_by, deleted_by_name,
                reason_to_delete
               from folders
               where tenant_id = {db.TenantId} and deleted_at is not null and (deleted_with is null
                 or deleted_with = id)
                 and coalesce({type}::text, 'folder') = 'folder'
                 and ({at}::timestamptz is null or (deleted_at, id) < ({at}, {id}))
               order by deleted_at desc, id desc limit {take})
              union all
              (select 'job', id, name, folder_id, deleted_at, deleted_by, deleted_by_name, reason_to_delete
               from jobs
               where tenant_id = {db.TenantId} and deleted_at is not null and (deleted_with is null
                 or deleted_with = id)
                 and coalesce({type}::text, 'job') = 'job'
                 and ({at}::timestamptz is null or (deleted_at, id) < ({at}, {id}))
               order by deleted_at desc, id desc limit {take})
              union all
              (select 'workflow', id, name, job_id, deleted_at, deleted_by, deleted_by_name, reason_to_delete
               from workflows
               where tenant_id = {db.TenantId} and deleted_at is not null and (deleted_with is null
                 or deleted_with = id)
                 and coalesce({type}::text, 'workflow') = 'workflow'
                 and ({at}::timestamptz is null or (deleted_at, id) < ({at}, {id}))
               order by deleted_at desc, id desc limit {take})
            ) items
            order by "DeletedAt" desc, "Id" desc limit {take}
            """).ToListAsync(cancellationToken);
    }

    /// <summary>The ids of all items, to be counted.</summary>
    public static IQueryable<Guid> TrashIds(this WorkflowsDbContext db, string? type) =>
        Items(db, db.Workspaces, type is null or "workspace").Concat(Items(db, db.Folders, type is null or "folder"))
            .Concat(Items(db, db.Jobs, type is null or "job"))
                .Concat(Items(db, db.Workflows, type is null or "workflow"));

    /// <summary>How much went along with each of these.</summary>
    public static async Task<Dictionary<Guid, TrashContents>> CountTrashAsync(
        this WorkflowsDbContext db, Guid[] items, CancellationToken cancellationToken)
    {
        var folders = await CountAsync(db, db.Folders, items, cancellationToken);
        var jobs = await CountAsync(db, db.Jobs, items, cancellationToken);
        var workflows = await CountAsync(db, db.Workflows, items, cancellationToken);
        return items.ToDictionary(id => id, id => new TrashContents(
            folders.GetValueOrDefault(id), jobs.GetValueOrDefault(id), workflows.GetValueOrDefault(id)));
    }

    private static Task<Dictionary<Guid, int>> CountAsync<T>(
        WorkflowsDbContext db, IQueryable<T> rows, Guid[] items, CancellationToken cancellationToken)
        where T : class, IDeletableRow =>
        rows.IgnoreQueryFilters()
            .Where(row => row.TenantId == db.TenantId && items.Contains(row.DeletedWith!.Value)
                && row.DeletedWith != row.Id)
            .GroupBy(row => row.DeletedWith!.Value).Select(group => new { group.Key, Count = group.Count() })
            .ToDictionaryAsync(group => group.Key, group => group.Count, cancellationToken);

    private static IQueryable<Guid> Items<T>(WorkflowsDbContext db, IQueryable<T> rows, bool isWanted)
        where T : class, IDeletableRow =>
        rows.IgnoreQueryFilters()
            .Where(row => isWanted && row.TenantId == db.TenantId && row.DeletedAt != null
                && (row.DeletedWith == null || row.DeletedWith == row.Id))
            .Select(row => row.Id);
}

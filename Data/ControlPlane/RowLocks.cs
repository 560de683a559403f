using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>
/// Locks that keep the hierarchy free of orphans, since deletion is soft and a foreign key cannot see it. Who adds a child holds its parent; who deletes
/// locks the row first and looks for children after that. Lock order: workspace, folder, job, workflow. Inside <see cref="WorkflowsDbContext.TransactAsync"/> only.
/// </summary>
public static class RowLocks
{
    /// <summary>Keeps the workspace from being deleted until the transaction ends; others may hold it, too.</summary>
    public static Task<Workspace?> HoldWorkspaceAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Workspaces.FromSql($"select * from workspaces where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for share")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    public static Task<Workspace?> LockWorkspaceAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Workspaces.FromSql($"select * from workspaces where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    public static Task<Folder?> HoldFolderAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Folders.FromSql($"select * from folders where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for share")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    public static Task<Folder?> LockFolderAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Folders.FromSql($"select * from folders where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    public static Task<Job?> HoldJobAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Jobs.FromSql($"select * from jobs where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for share")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    public static Task<Job?> LockJobAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Jobs.FromSql($"select * from jobs where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>For changes of a workflow: saves, publications and deletions come one after the other.</summary>
    public static Task<Workflow?> LockWorkflowAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Workflows.FromSql($"select * from workflows where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);
}

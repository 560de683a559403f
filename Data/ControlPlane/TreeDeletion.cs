using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>Who deletes, when and why.</summary>
/// <param name="ByName">As the activity list names the caller.</param>
public sealed record Deletion(Guid? By, string ByName, string Reason, DateTimeOffset At);

/// <summary>
/// Deletes a locked tree in the transaction around it. Each object keeps with what it was deleted; nothing is removed
/// that a restoration needs: a workflow keeps its triggers and dependencies as JSON (<see
/// cref="Workflow.DeletedParts"/>), since others may take a webhook's address meanwhile.
/// </summary>
public static class TreeDeletion
{
    /// <returns>The schedules that went along.</returns>
    public static async Task<int> DeleteTreeAsync(
        this WorkflowsDbContext db, Tree tree, Deletion deletion, CancellationToken cancellationToken)
    {
        var (root, workflows, jobs) = (tree.Root.Id, tree.Ids(TreeKind.Workflow), tree.Ids(TreeKind.Job));
        await MarkAsync(db.Workspaces, tree.Ids(TreeKind.Workspace), root, deletion, cancellationToken);
        await MarkAsync(db.Folders, tree.Ids(TreeKind.Folder), root, deletion, cancellationToken);
        await MarkAsync(db.Jobs, jobs, root, deletion, cancellationToken);
        if (workflows.Length > 0)
        {
            await KeepPartsAsync(db, workflows, cancellationToken);
            await db.WorkflowTriggers.Where(row => workflows.Contains(row.WorkflowId))
                .ExecuteDeleteAsync(cancellationToken);
            await db.WorkflowDependencies.Where(row => workflows.Contains(row.WorkflowId)
                || workflows.Contains(row.DependsOnId))
                .ExecuteDeleteAsync(cancellationToken);
            await MarkAsync(db.Workflows, workflows, root, deletion, cancellationToken);
        }

        return await db.Schedules
            .Where(row => workflows.Contains(row.WorkflowId!.Value) || jobs.Contains(row.JobId!.Value))
            .ExecuteUpdateAsync(
                set => set.SetProperty(row => row.DeletedAt, deletion.At).SetProperty(row => row.DeletedWith, root)
                    .SetProperty(row => row.UpdatedAt, deletion.At)
                        .SetProperty(row => row.Version, row => row.Version + 1),
                cancellationToken);
    }

    private static Task<int> KeepPartsAsync(WorkflowsDbContext db, Guid[] workflows,
        CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync(
            $"""
            update workflows w set deleted_parts = jsonb_build_object(
              'triggers', coalesce((
                select jsonb_agg(to_jsonb(t) order by t.trigger_id) from workflow_triggers t
                where t.tenant_id = w.tenant_id and t.workflow_id = w.id), '[]'),
              'dependencies', coalesce((
                select jsonb_agg(to_jsonb(d) order by d.workflow_id, d.depends_on_id) from workflow_dependencies d
                where d.tenant_id = w.tenant_id and (d.workflow_id = w.id or d.depends_on_id = w.id)), '[]'))
            where w.tenant_id = {db.TenantId} and w.id = any ({workflows})
            """,
            cancellationToken);

    private static async Task MarkAsync<T>(
        IQueryable<T> rows, Guid[] ids, Guid root, Deletion deletion, CancellationToken cancellationToken)
        where T : class, IDeletableRow
    {
        if (ids.Length > 0)
        {
            await rows.Where(row => ids.Contains(row.Id)).ExecuteUpdateAsync(
                set => set.SetProperty(row => row.DeletedAt, deletion.At)
                    .SetProperty(row => row.DeletedBy, deletion.By)
                    .SetProperty(row => row.DeletedByName, deletion.ByName)
                    .SetProperty(row => row.ReasonToDelete, deletion.Reason)
                    .SetProperty(row => row.DeletedWith, root)
                    .SetProperty(row => row.UpdatedAt, deletion.At)
                    .SetProperty(row => row.Version, row => row.Version + 1),
                cancellationToken);
        }
    }
}

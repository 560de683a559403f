using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>Triggers and dependencies of workflows that come back: what was kept of them when they were
/// deleted.</summary>
internal static class RestoredParts
{
    /// <summary>For workflows that live again, under the lock of their jobs.</summary>
    public static async Task<List<RestoreNotice>> BringBackAsync(
        WorkflowsDbContext db, Guid[] workflows, CancellationToken cancellationToken)
    {
        var notices = new List<RestoreNotice>();
        await AddTriggersAsync(db, workflows, notices, cancellationToken);
        await AddDependenciesAsync(db, workflows, notices, cancellationToken);
        foreach (var id in await db.Workflows
            .Where(row => workflows.Contains(row.Id) && row.PublishedVersion != null && row.DeletedParts == null)
            .OrderBy(row => row.Id).Select(row => row.Id).ToListAsync(cancellationToken))
        {
            notices.Add(new("PUBLISH_AGAIN", "workflow", id,
                "It was deleted by an older release, which kept no triggers: publish it again to have them back."));
        }

        await db.Workflows.Where(row => workflows.Contains(row.Id))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.DeletedParts, (string?)null), cancellationToken);
        return notices;
    }

    private static async Task AddTriggersAsync(
        WorkflowsDbContext db, Guid[] workflows, List<RestoreNotice> notices, CancellationToken cancellationToken)
    {
        // An address that somebody else took meanwhile stays theirs.
        await db.Database.ExecuteSqlAsync(
            $"""
            insert into workflow_triggers
            select t.* from workflows w
            cross join lateral jsonb_array_elements(w.deleted_parts -> 'triggers') as kept
            cross join lateral jsonb_populate_record(null::workflow_triggers, kept) as t
            where w.tenant_id = {db.TenantId} and w.id = any ({workflows}) and t.tenant_id = w.tenant_id
              and t.workflow_id = w.id
            on conflict do nothing
            """,
            cancellationToken);
        var lost = await db.Database.SqlQuery<LostTrigger>(
            $"""
            select w.id as "WorkflowId", kept ->> 'trigger_id' as "TriggerId", kept ->> 'webhook_path' as "WebhookPath"
              from workflows w
            cross join lateral jsonb_array_elements(w.deleted_parts -> 'triggers') as kept
            where w.tenant_id = {db.TenantId} and w.id = any ({workflows}) and not exists (
              select from workflow_triggers t
              where t.tenant_id = w.tenant_id and t.workflow_id = w.id and t.trigger_id = kept ->> 'trigger_id')
            order by w.id
            """).ToListAsync(cancellationToken);
        notices.AddRange(lost.Select(trigger => new RestoreNotice(
            "WEBHOOK_PATH_TAKEN", "workflow", trigger.WorkflowId,
            $"Another workflow listens at '{trigger.WebhookPath}' by now: "
                + $"the trigger '{trigger.TriggerId}' did not come back.")));
    }

    private static async Task AddDependenciesAsync(
        WorkflowsDbContext db, Guid[] workflows, List<RestoreNotice> notices, CancellationToken cancellationToken)
    {
        var wanted = await db.Database.SqlQuery<Edge>(
            $"""
            select distinct (kept ->> 'workflow_id')::uuid as "From", (kept ->> 'depends_on_id')::uuid as "To"
              from workflows w
            cross join lateral jsonb_array_elements(w.deleted_parts -> 'dependencies') as kept
            where w.tenant_id = {db.TenantId} and w.id = any ({workflows})
            """).ToListAsync(cancellationToken);
        if (wanted.Count == 0)
        {
            return;
        }

        Guid[] ends = [.. wanted.SelectMany(edge => new[] { edge.From, edge.To }).Distinct()];
        var jobs = await db.Workflows.Where(row => ends.Contains(row.Id))
            .ToDictionaryAsync(row => row.Id, row => row.JobId, cancellationToken);
        var possible = wanted.Where(edge => jobs.TryGetValue(edge.From, out var from)
            && jobs.TryGetValue(edge.To, out var to) && from == to).ToList();
        Guid[] ofJobs = [.. jobs.Values.Distinct()];
        var present = await db.WorkflowDependencies
            .Where(row => db.Workflows.Any(workflow => workflow.Id == row.WorkflowId
                && ofJobs.Contains(workflow.JobId)))
            .Select(row => new Edge(row.WorkflowId, row.DependsOnId)).ToListAsync(cancellationToken);
        var isCircular = Dependencies.AreCircular([.. present.Concat(possible).Select(edge => (edge.From, edge.To))]);
        var kept = isCircular ? [] : possible.Except(present).ToList();
        db.WorkflowDependencies.AddRange(kept.Select(edge => new WorkflowDependency
        {
            TenantId = db.TenantId!.Value,
            WorkflowId = edge.From,
            DependsOnId = edge.To,
        }));
        foreach (var edge in wanted.Except(kept).Except(present))
        {
            var id = workflows.Contains(edge.From) ? edge.From : edge.To;
            notices.Add(new("DEPENDENCY_LOST", "workflow", id,
                $"The workflow {edge.From} waits for {edge.To} no longer: one of them is gone, in another job, "
                    + "or they would wait for each other."));
        }
    }

    private sealed record LostTrigger(Guid WorkflowId, string TriggerId, string? WebhookPath);

    private sealed record Edge(Guid From, Guid To);
}

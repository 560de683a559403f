using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>Something outside of a tree, or at its edge, that names something in it.</summary>
/// <param name="Type">SCHEDULE, JOB_PACKAGE, RULE, WORKFLOW or NODE_DEFINITION.</param>
public sealed record TreeUse(string Type, Guid Id, string Name);

/// <summary>An execution that has not ended.</summary>
public sealed record RunningExecution(Guid Id, Guid WorkflowId);

/// <summary>What a deletion of a tree would stop, or leave pointing nowhere. Each answer is bounded by
/// <c>limit</c>.</summary>
public static class TreeUses
{
    private static readonly string[] Unfinished = ["running", "queued", "waiting", "paused", "held"];

    /// <summary>Executions of workflows that have not ended.</summary>
    public static async Task<List<RunningExecution>> FindRunningAsync(
        this WorkflowsDbContext db, Guid[] workflows, int limit, CancellationToken cancellationToken)
    {
        var found = new List<RunningExecution>();
        if (workflows.Length == 0)
        {
            return found;
        }

        // One look per status, since each has its small partial index; one over all of them would read the history.
        foreach (var status in Unfinished)
        {
            found.AddRange(await db.Executions
                .Where(row => row.Status == EF.Constant(status) && workflows.Contains(row.WorkflowId))
                    .OrderBy(row => row.Id)
                .Take(limit - found.Count).Select(row => new RunningExecution(row.Id, row.WorkflowId))
                .ToListAsync(cancellationToken));
            if (found.Count >= limit)
            {
                break;
            }
        }

        return found;
    }

    /// <summary>Runs of jobs that have not ended.</summary>
    public static Task<List<Guid>> FindJobRunsAsync(
        this WorkflowsDbContext db, Guid[] jobs, int limit, CancellationToken cancellationToken) =>
        db.JobRuns.Where(row => row.Status == "running" && jobs.Contains(row.JobId!.Value)).OrderBy(row => row.Id)
            .Take(limit).Select(row => row.Id).ToListAsync(cancellationToken);

    /// <summary>The schedules that start what is in the tree: they go along.</summary>
    public static Task<List<TreeUse>> FindSchedulesAsync(
        this WorkflowsDbContext db, Tree tree, int limit, CancellationToken cancellationToken)
    {
        var (workflows, jobs) = (tree.Ids(TreeKind.Workflow), tree.Ids(TreeKind.Job));
        return db.Schedules.Where(row => workflows.Contains(row.WorkflowId!.Value) || jobs.Contains(row.JobId!.Value))
            .OrderBy(row => row.Id).Take(limit).Select(row => new TreeUse("SCHEDULE", row.Id, row.Name))
            .ToListAsync(cancellationToken);
    }

    /// <summary>The packages with a job of the tree: they stay, and a run of one fails there.</summary>
    public static Task<List<TreeUse>> FindPackagesAsync(
        this WorkflowsDbContext db, Guid[] jobs, int limit, CancellationToken cancellationToken) =>
        db.JobPackages.Where(row =>
            db.JobPackageSteps.Any(step => step.PackageId == row.Id && jobs.Contains(step.JobId)))
            .OrderBy(row => row.Id).Take(limit).Select(row => new TreeUse("JOB_PACKAGE", row.Id, row.Name))
            .ToListAsync(cancellationToken);

    /// <summary>The rules that start a workflow of the tree: they stay, and start nothing there.</summary>
    public static Task<List<TreeUse>> FindRulesAsync(
        this WorkflowsDbContext db, Guid[] workflows, int limit, CancellationToken cancellationToken)
    {
        var ids = Array.ConvertAll(workflows, id => id.ToString());
        return db.Rules.FromSql(
            $"""
            select * from rules r where r.tenant_id = {db.TenantId} and r.deleted_at is null and exists (
              select from jsonb_array_elements(r.definition -> 'actions') a
              where a ->> 'type' = 'startWorkflow' and lower(a ->> 'workflow') = any ({ids}))
            """).AsNoTracking().OrderBy(row => row.Id).Take(limit).Select(row => new TreeUse("RULE", row.Id, row.Name))
            .ToListAsync(cancellationToken);
    }

    /// <summary>
    /// Published workflows outside of the tree, and custom nodes, that call a workflow in it: they stay, and the call
    /// fails. A call by a name counts where it may mean one of the tree; one whose name is computed is not found.
    /// </summary>
    public static async Task<List<TreeUse>> FindCallersAsync(
        this WorkflowsDbContext db, Tree tree, int limit, CancellationToken cancellationToken)
    {
        var workflows = tree.Ids(TreeKind.Workflow);
        if (workflows.Length == 0)
        {
            return [];
        }

        string[] ids = [.. workflows.Select(id => id.ToString())];
        string[] names = [.. ids, .. tree.Of(TreeKind.Workflow).Select(node => node.Name)];
        var callers = await db.Workflows.FromSql(
            $$"""
            select w.* from workflows w
            join workflow_versions v on v.tenant_id = w.tenant_id and v.workflow_id = w.id
              and v.number = w.published_version
            where w.tenant_id = {{db.TenantId}} and w.deleted_at is null and w.id <> all ({{workflows}}) and exists (
              select from jsonb_path_query(v.definition,
                '$.**.nodes[*] ? (@.type == "subworkflow").parameters.workflow ? (@.type() == "string")') as called
              where lower(called #>> '{}') = any (select lower(n) from unnest({{names}}) n))
            """).AsNoTracking().OrderBy(row => row.Id).Take(limit)
            .Select(row => new TreeUse("WORKFLOW", row.Id, row.Name))
            .ToListAsync(cancellationToken);
        callers.AddRange(await db.NodeDefinitions.FromSql(
            $"""
            select * from node_definitions
            where tenant_id = {db.TenantId} and lower(implementation ->> 'workflow') = any ({ids})
            """).AsNoTracking().OrderBy(row => row.Id).Take(limit - callers.Count)
            .Select(row => new TreeUse("NODE_DEFINITION", row.Id, row.Name)).ToListAsync(cancellationToken));
        return callers;
    }
}

using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Executions;

namespace Workflows.Api.Trash;

/// <summary>What the deletion of a locked tree does, once nothing speaks against it.</summary>
internal sealed class DeletionPlan
{
    private readonly Tree _tree;
    private readonly string _reason;
    private readonly IReadOnlyList<RunningExecution> _running;
    private readonly IReadOnlyList<Guid> _jobRuns;

    private DeletionPlan(
        Tree tree, string reason, IReadOnlyList<RunningExecution> running, IReadOnlyList<Guid> jobRuns) =>
        (_tree, _reason, _running, _jobRuns) = (tree, reason, running, jobRuns);

    public static Problem? Check(DeletionQuery query) =>
        query.Reason?.Length > Limits.ReasonLength
            ? Problem.Parameter("reason", $"'reason' has at most {Limits.ReasonLength} characters.")
        : query is { Cancel: true, Force: not true }
            ? Problem.Parameter("cancel", "'cancel=true' goes with 'force=true' only.")
        : null;

    /// <summary>One of the two answers is null.</summary>
    public static async Task<(DeletionPlan? Plan, Problem? Problem)> MakeAsync(
        ApiRequest request, Tree tree, DeletionQuery query, CancellationToken token)
    {
        if (tree.Count > Limits.TreeObjects)
        {
            return (null, new Problem(
                Errors.LimitReached,
                $"One deletion takes at most {Limits.TreeObjects} objects along, and there are {tree.Count}: "
                    + "delete parts of it first."));
        }

        if (query.Force != true && await FindReasonsAsync(request.Db, tree, token) is { } full)
        {
            return (null, full);
        }

        if (tree.Workflows.Count > 0 && !request.Caller.May(Permission.WorkflowsWrite))
        {
            return (null, Lacks("workflows.write", "Workflows would go along"));
        }

        var running = await request.Db.FindRunningAsync(tree.Ids(TreeKind.Workflow), Data.Limits.BulkControl + 1,
            token);
        var jobRuns = await request.Db.FindJobRunsAsync(tree.Ids(TreeKind.Job), Data.Limits.BulkControl, token);
        return CheckRunning(request, tree, query, running, jobRuns) is { } busy
            ? (null, busy)
            : (new DeletionPlan(tree, query.Reason ?? "", running, jobRuns), null);
    }

    /// <summary>The same for people to read, before they decide.</summary>
    public static async Task<DeletionView> ViewAsync(
        WorkflowsDbContext db, Tree tree, CancellationToken cancellationToken)
    {
        var (workflows, jobs) = (tree.Ids(TreeKind.Workflow), tree.Ids(TreeKind.Job));
        var running = await db.FindRunningAsync(workflows, Data.Limits.BulkControl + 1, cancellationToken);
        var jobRuns = await db.FindJobRunsAsync(jobs, Limits.NamesShown, cancellationToken);
        var busy = running.Select(execution => execution.WorkflowId).ToHashSet();
        var schedules = await db.FindSchedulesAsync(tree, Limits.TreeObjects, cancellationToken);
        var webhooks = await db.WorkflowTriggers
            .Where(row => row.WebhookPath != null && workflows.Contains(row.WorkflowId)).OrderBy(row => row.WebhookPath)
            .Take(Limits.NamesShown).Select(row => row.WebhookPath!).ToListAsync(cancellationToken);
        return new DeletionView(
            tree.Root.Kind.Word(), tree.Root.Id, tree.Root.Name, Count(tree.Folders), Count(tree.Jobs),
            Count(tree.Workflows),
            new NamedCount(
                schedules.Count,
                [.. schedules.Take(Limits.NamesShown).Select(use => new NamedObject(use.Id, use.Name))]),
            webhooks,
            new RunningView(
                running.Count,
                [.. tree.Of(TreeKind.Workflow).Where(node => busy.Contains(node.Id)).Take(Limits.NamesShown)
                    .Select(Named)],
                jobRuns),
            [
                .. await db.FindPackagesAsync(jobs, Limits.NamesShown, cancellationToken),
                .. await db.FindRulesAsync(workflows, Limits.NamesShown, cancellationToken),
                .. await db.FindCallersAsync(tree, Limits.NamesShown, cancellationToken),
            ]);
    }

    /// <summary>Asks for the end of what runs. What is answered tells the workers, once it is committed.</summary>
    public async Task<(int Cancelled, Action Tell)> CancelAsync(
        ApiRequest request, ExecutionControl control, CancellationToken token)
    {
        // Runs of jobs before executions, as the workers that carry them on.
        if (_jobRuns.Count > 0)
        {
            await request.Db.JobRuns.Where(row => _jobRuns.Contains(row.Id) && row.Status == "running")
                .ExecuteUpdateAsync(
                set => set.SetProperty(row => row.CancelRequested, true).SetProperty(row => row.IsDue, true), token);
        }

        Guid[] ids = [.. _running.Select(execution => execution.Id)];
        var reason = _reason.Length > 0 ? _reason : "Its workflow was deleted.";
        return ids.Length == 0
            ? (0, () => { }
        )
            : await control.CancelWithinAsync(request.Db, ids, reason, request.Actor, token);
    }

    public async Task<ApiResponse<DeletedView>> DeleteAsync(ApiRequest request, int cancelled, CancellationToken token)
    {
        var root = _tree.Root;
        var schedules = await request.Db.DeleteTreeAsync(
            _tree, new Deletion(request.Caller.UserId, request.Caller.Name, _reason, request.Now), token);
        var view = new DeletedView(
            root.Id, "deleted", _tree.Folders.Count, _tree.Jobs.Count, _tree.Workflows.Count, schedules, cancelled);
        request.Record(
            $"{root.Kind.Word()}.delete", root.Kind.Word(), root.Id, root.Name, new { root.Name, root.ParentId },
            new { reason = _reason, view.Folders, view.Jobs, view.Workflows, view.Schedules, view.Cancelled });
        foreach (var node in (TreeNode[])[.. _tree.Folders, .. _tree.Jobs, .. _tree.Workflows])
        {
            request.Record(
                $"{node.Kind.Word()}.delete", node.Kind.Word(), node.Id, node.Name, new { node.Name, node.ParentId },
                new { deletedWith = root.Id });
        }

        foreach (var workflowId in _tree.Ids(TreeKind.Workflow))
        {
            request.Announce(OutboxItem.RemoveWorkflow, workflowId);
        }

        return view;
    }

    // Why it is not deleted without force.
    private static async Task<Problem?> FindReasonsAsync(WorkflowsDbContext db, Tree tree, CancellationToken token)
    {
        var word = tree.Root.Kind.Word();
        if (tree.Count > 1)
        {
            return new Problem(
                Errors.NotEmpty,
                $"The {word} is not empty: delete or move what it holds first, or give 'force=true' to delete it all.",
                [.. Details(tree.Folders), .. Details(tree.Jobs), .. Details(tree.Workflows)]);
        }

        if (tree.Root.Kind != TreeKind.Job)
        {
            return null;
        }

        List<TreeUse> users =
        [
            .. await db.FindSchedulesAsync(tree, Limits.NamesShown, token),
            .. await db.FindPackagesAsync([tree.Root.Id], Limits.NamesShown, token),
        ];
        return users.Count == 0 ? null : new Problem(
            Errors.InUse, "Schedules or packages start the job: change or delete them first.",
            [.. users.Select(use => new ErrorDetail(use.Id.ToString(), use.Type, use.Name))]);
    }

    private static Problem? CheckRunning(
        ApiRequest request, Tree tree, DeletionQuery query, List<RunningExecution> running,
        List<Guid> jobRuns)
    {
        if (running.Count == 0 && jobRuns.Count == 0)
        {
            return null;
        }

        if (query.Cancel == true)
        {
            return !request.Caller.May(Permission.ExecutionsManage)
                ? Lacks("executions.manage", "Executions would be cancelled")
                : running.Count > Data.Limits.BulkControl ? new Problem(
                    Errors.LimitReached,
                    $"More than {Data.Limits.BulkControl} executions have not ended: cancel them first "
                        + "(POST /executions/bulk/cancel).")
                : null;
        }

        if (tree.Root.Kind == TreeKind.Workflow)
        {
            return query.Force == true ? null : new Problem(
                Errors.WorkflowBusy,
                "Executions of the workflow have not finished; 'force=true' deletes it all the same, and they run on "
                    + "to their end, or are cancelled with 'cancel=true'.");
        }

        var busy = running.CountBy(execution => execution.WorkflowId).ToDictionary();
        return new Problem(
            Errors.WorkflowBusy,
            "Executions have not finished; 'cancel=true' cancels them with the deletion.",
            [
                .. tree.Workflows.Where(node => busy.ContainsKey(node.Id)).Take(Limits.NamesShown)
                    .Select(node => new ErrorDetail(node.Id.ToString(), "WORKFLOW", node.Name,
                        $"{busy[node.Id]} executions")),
                .. jobRuns.Take(Limits.NamesShown)
                    .Select(id => new ErrorDetail(id.ToString(), "JOB_RUN", "A run of a job")),
            ]);
    }

    private static Problem Lacks(string permission, string what) => new(
        Errors.Forbidden, $"{what}, which needs the permission '{permission}'.",
        [new ErrorDetail("", "PERMISSION", permission)]);

    private static IEnumerable<ErrorDetail> Details(IReadOnlyList<TreeNode> nodes) => nodes.Take(Limits.NamesShown)
        .Select(node => new ErrorDetail(node.Id.ToString(), node.Kind.Word().ToUpperInvariant(), node.Name));

    private static NamedCount Count(IReadOnlyList<TreeNode> nodes) =>
        new(nodes.Count, [.. nodes.Take(Limits.NamesShown).Select(Named)]);

    private static NamedObject Named(TreeNode node) => new(node.Id, node.Name);
}

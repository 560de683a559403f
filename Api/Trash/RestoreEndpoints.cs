using System.Text;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;

namespace Workflows.Api.Trash;

/// <summary>Brings deleted objects back, each with what was deleted together with it, in one transaction.</summary>
internal static class RestoreEndpoints
{
    public static Task<ApiResponse<RestoredView>> OfWorkspaceAsync(
        Guid workspaceId, [AsParameters] RestoreQuery query, ApiRequest request, Invalidation invalidation) =>
        RestoreAsync(TreeKind.Workspace, workspaceId, query, request, invalidation);

    public static Task<ApiResponse<RestoredView>> OfFolderAsync(
        Guid folderId, [AsParameters] RestoreQuery query, ApiRequest request, Invalidation invalidation) =>
        RestoreAsync(TreeKind.Folder, folderId, query, request, invalidation);

    public static Task<ApiResponse<RestoredView>> OfJobAsync(
        Guid jobId, [AsParameters] RestoreQuery query, ApiRequest request, Invalidation invalidation) =>
        RestoreAsync(TreeKind.Job, jobId, query, request, invalidation);

    public static Task<ApiResponse<RestoredView>> OfWorkflowAsync(
        Guid workflowId, [AsParameters] RestoreQuery query, ApiRequest request, Invalidation invalidation) =>
        RestoreAsync(TreeKind.Workflow, workflowId, query, request, invalidation);

    private static async Task<ApiResponse<RestoredView>> RestoreAsync(
        TreeKind kind, Guid id, RestoreQuery query, ApiRequest request, Invalidation invalidation)
    {
        if (new Checks().Name("name", query.Name).Problem is { } problem)
        {
            return Problem.Parameter("name", problem.Message);
        }

        Guid[] workflows = [];
        var response = await request.ChangeAsync<RestoredView>(async token =>
        {
            // The place first, as everybody who puts something into it.
            var found = await request.Db.FindDeletedAsync(kind, id, locks: false, token);
            if (found is null)
            {
                return new Problem(Errors.TrashItemNotFound);
            }

            var (place, refusal) = await RestorePlace.HoldAsync(request, found, query.ParentId, token);
            if (place is null)
            {
                return refusal!;
            }

            var row = await request.Db.FindDeletedAsync(kind, id, locks: true, token);
            if (row is null)
            {
                return new Problem(Errors.TrashItemNotFound);
            }

            var tree = await request.Db.FindDeletedTreeAsync(kind, row, token);
            if ((Check(request, tree) ?? await place.PutAsync(request, row, tree, token)) is { } immovable)
            {
                return immovable;
            }

            row.Name = query.Name ?? row.Name;
            workflows = tree.Ids(TreeKind.Workflow);
            return await ReviveAsync(request, tree, row, workflows, token);
        });
        if (response.Problem is null)
        {
            foreach (var workflowId in workflows)
            {
                invalidation.Publish(Invalidated.Workflow, request.Caller.TenantId, workflowId);
            }
        }

        return response;
    }

    private static async Task<ApiResponse<RestoredView>> ReviveAsync(
        ApiRequest request, Tree tree, IDeletableRow row, Guid[] workflows, CancellationToken token)
    {
        var word = tree.Root.Kind.Word();
        var deletion = new { row.DeletedAt, row.DeletedByName, reason = row.ReasonToDelete };
        var (schedules, notices) =
            await request.Db.RestoreTreeAsync(tree, row, request.Caller.UserId, request.Now, token);
        notices.AddRange(await FindMissingAsync(request.Db, workflows, token));
        var view = new RestoredView(
            word, row.Id, row.Name, tree.Folders.Count, tree.Jobs.Count, tree.Workflows.Count, schedules, notices);
        request.Record(
            $"{word}.undelete", word, row.Id, row.Name, deletion,
            new { row.Name, Trees.Node(row).ParentId, view.Folders, view.Jobs, view.Workflows, view.Schedules });
        foreach (var node in (TreeNode[])[.. tree.Folders, .. tree.Jobs, .. tree.Workflows])
        {
            request.Record(
                $"{node.Kind.Word()}.undelete", node.Kind.Word(), node.Id, node.Name,
                    after: new { restoredWith = row.Id });
        }

        foreach (var workflowId in workflows)
        {
            request.Announce(OutboxItem.IndexWorkflow, workflowId);
        }

        return view;
    }

    private static Problem? Check(ApiRequest request, Tree tree) =>
        tree.Workflows.Count > 0 && !request.Caller.May(Permission.WorkflowsWrite)
            ? new Problem(
                Errors.Forbidden, "Workflows would come back, which needs the permission 'workflows.write'.",
                [new ErrorDetail("", "PERMISSION", "workflows.write")])
            : null;

    // What the published versions name and is there no more. A compilation each, so of the first ones only.
    private static async Task<List<RestoreNotice>> FindMissingAsync(
        WorkflowsDbContext db, Guid[] workflows, CancellationToken token)
    {
        var notices = new List<RestoreNotice>();
        Guid[] looked = [.. workflows.Take(Limits.NamesShown)];
        var versions = await db.WorkflowVersions.AsNoTracking()
            .Where(version => looked.Contains(version.WorkflowId)
                && db.Workflows.Any(row => row.Id == version.WorkflowId && row.PublishedVersion == version.Number))
            .OrderBy(version => version.WorkflowId)
            .Select(version => new { version.WorkflowId, version.Definition, version.CustomNodes }).ToListAsync(token);
        foreach (var version in versions)
        {
            var nodes = version.CustomNodes is { } kept ? CustomNodeSet.Read(Encoding.UTF8.GetBytes(kept))
                : CustomNodeSet.Empty;
            var isCompiled = CompiledWorkflow.TryCompile(
                Encoding.UTF8.GetBytes(version.Definition), nodes, out var compiled, out var problems);
            notices.AddRange((isCompiled ? await DefinitionChecks.FindMissingAsync(compiled!.Resources, db, token)
                : problems)
                .Take(Limits.NamesShown).Select(problem =>
                    new RestoreNotice(problem.Code, "workflow", version.WorkflowId, problem.Message)));
        }

        return notices;
    }
}

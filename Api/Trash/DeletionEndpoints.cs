using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Executions;
using Workflows.Data.Identity;

namespace Workflows.Api.Trash;

/// <summary>
/// Deletes workspaces, folders, jobs and workflows: an empty one as it is, a full one by <c>force</c> with all it
/// holds, in one transaction. Nothing is removed: what was deleted together lies in the trash and can be had back
/// together.
/// </summary>
internal static class DeletionEndpoints
{
    public static void MapDeletions(this IEndpointRouteBuilder routes)
    {
        var previews = routes.MapGroup("").WithTags("Trash");
        previews.MapGet("/workspaces/{workspaceId:guid}/deletion", Preview(TreeKind.Workspace))
            .Requires(Permission.WorkspacesRead).WithSummary("Say what the deletion of a workspace would take along");
        previews.MapGet("/folders/{folderId:guid}/deletion", Preview(TreeKind.Folder))
            .Requires(Permission.WorkspacesRead).WithSummary("Say what the deletion of a folder would take along");
        previews.MapGet("/jobs/{jobId:guid}/deletion", Preview(TreeKind.Job))
            .Requires(Permission.WorkspacesRead).WithSummary("Say what the deletion of a job would take along");
        previews.MapGet("/workflows/{workflowId:guid}/deletion", Preview(TreeKind.Workflow))
            .Requires(Permission.WorkflowsRead).WithSummary("Say what the deletion of a workflow would stop");
        var hierarchy = routes.MapGroup("").WithTags("Hierarchy");
        hierarchy.MapDelete("/workspaces/{workspaceId:guid}", Delete(TreeKind.Workspace))
            .Requires(Permission.WorkspacesWrite).StagesChange(StagedKind.Workspace)
            .WithSummary("Delete a workspace: an empty one, or with all it holds");
        hierarchy.MapDelete("/folders/{folderId:guid}", Delete(TreeKind.Folder))
            .Requires(Permission.WorkspacesWrite).StagesChange(StagedKind.Folder)
            .WithSummary("Delete a folder: an empty one, or with all it holds");
        hierarchy.MapDelete("/jobs/{jobId:guid}", Delete(TreeKind.Job))
            .Requires(Permission.WorkspacesWrite).StagesChange(StagedKind.Job)
            .WithSummary("Delete a job: an empty one, or with its workflows");
        routes.MapDelete("/workflows/{workflowId:guid}", Delete(TreeKind.Workflow)).WithTags("Workflows")
            .Requires(Permission.WorkflowsWrite).StagesChange(StagedKind.Workflow).WithSummary("Delete a workflow");
    }

    private static Delegate Preview(TreeKind kind) => kind switch
    {
        TreeKind.Workspace => (Guid workspaceId, ApiRequest request, CancellationToken token) =>
            PreviewAsync(kind, workspaceId, request, token),
        TreeKind.Folder => (Guid folderId, ApiRequest request, CancellationToken token) =>
            PreviewAsync(kind, folderId, request, token),
        TreeKind.Job => (Guid jobId, ApiRequest request, CancellationToken token) =>
            PreviewAsync(kind, jobId, request, token),
        TreeKind.Workflow => (Guid workflowId, ApiRequest request, CancellationToken token) =>
            PreviewAsync(kind, workflowId, request, token),
    };

    private static Delegate Delete(TreeKind kind) => kind switch
    {
        TreeKind.Workspace => (
            Guid workspaceId, [AsParameters] DeletionQuery query, ApiRequest request, ExecutionControl control,
            Invalidation invalidation) => DeleteAsync(kind, workspaceId, query, request, control, invalidation),
        TreeKind.Folder => (
            Guid folderId, [AsParameters] DeletionQuery query, ApiRequest request, ExecutionControl control,
            Invalidation invalidation) => DeleteAsync(kind, folderId, query, request, control, invalidation),
        TreeKind.Job => (
            Guid jobId, [AsParameters] DeletionQuery query, ApiRequest request, ExecutionControl control,
            Invalidation invalidation) => DeleteAsync(kind, jobId, query, request, control, invalidation),
        TreeKind.Workflow => (
            Guid workflowId, [AsParameters] DeletionQuery query, ApiRequest request, ExecutionControl control,
            Invalidation invalidation) => DeleteAsync(kind, workflowId, query, request, control, invalidation),
    };

    private static async Task<ApiResponse<DeletionView>> PreviewAsync(
        TreeKind kind, Guid id, ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.FindTreeAsync(kind, id, locks: false, cancellationToken) is { } tree
            ? await DeletionPlan.ViewAsync(request.Db, tree, cancellationToken)
            : NotFound(kind);

    private static async Task<ApiResponse<DeletedView>> DeleteAsync(
        TreeKind kind, Guid id, DeletionQuery query, ApiRequest request, ExecutionControl control,
        Invalidation invalidation)
    {
        if (DeletionPlan.Check(query) is { } problem)
        {
            return problem;
        }

        Guid[] workflows = [];
        var tell = () => { };
        var response = await request.ChangeAsync<DeletedView>(async token =>
        {
            var tree = await request.Db.FindTreeAsync(kind, id, locks: true, token);
            if (tree is null)
            {
                return NotFound(kind);
            }

            if (request.CheckMatch(tree.Row!) is { } conflict)
            {
                return conflict;
            }

            var (plan, refusal) = await DeletionPlan.MakeAsync(request, tree, query, token);
            if (plan is null)
            {
                return refusal!;
            }

            var cancelled = 0;
            if (query.Cancel == true)
            {
                (cancelled, tell) = await plan.CancelAsync(request, control, token);
            }

            workflows = tree.Ids(TreeKind.Workflow);
            return await plan.DeleteAsync(request, cancelled, token);
        });
        if (response.Problem is null)
        {
            request.AfterCommit(() =>
            {
                tell();
                foreach (var workflowId in workflows)
                {
                    invalidation.Publish(Invalidated.Workflow, request.Caller.TenantId, workflowId);
                }
            });
        }

        return response;
    }

    private static Problem NotFound(TreeKind kind) => new(kind switch
    {
        TreeKind.Workspace => Errors.WorkspaceNotFound,
        TreeKind.Folder => Errors.FolderNotFound,
        TreeKind.Job => Errors.JobNotFound,
        TreeKind.Workflow => Errors.WorkflowNotFound,
    });
}

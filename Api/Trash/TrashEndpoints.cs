using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Trash;

/// <summary>What was deleted, and the way back. Nothing leaves the trash by itself.</summary>
internal static class TrashEndpoints
{
    private static readonly string[] Types = [.. Enum.GetValues<TreeKind>().Select(kind => kind.Word())];

    public static void MapTrash(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/trash").WithTags("Trash");
        group.MapGet("", ListAsync).Requires(Permission.WorkspacesRead | Permission.WorkflowsRead)
            .WithSummary("List what was deleted and can be restored, newest first");
        group.MapPost("/workspace/{workspaceId:guid}/restore", RestoreEndpoints.OfWorkspaceAsync)
            .Requires(Permission.WorkspacesWrite).WithMetadata(new LevelRequirement(ObjectLevel.Admin))
            .WithSummary("Restore a deleted workspace with all that went along");
        group.MapPost("/folder/{folderId:guid}/restore", RestoreEndpoints.OfFolderAsync)
            .Requires(Permission.WorkspacesWrite).WithMetadata(new LevelRequirement(ObjectLevel.Admin))
            .WithSummary("Restore a deleted folder with all that went along");
        group.MapPost("/job/{jobId:guid}/restore", RestoreEndpoints.OfJobAsync)
            .Requires(Permission.WorkspacesWrite).WithMetadata(new LevelRequirement(ObjectLevel.Admin))
            .WithSummary("Restore a deleted job with its workflows");
        group.MapPost("/workflow/{workflowId:guid}/restore", RestoreEndpoints.OfWorkflowAsync)
            .Requires(Permission.WorkflowsWrite).WithMetadata(new LevelRequirement(ObjectLevel.Admin))
            .WithSummary("Restore a deleted workflow with its triggers and schedules");
    }

    private static async Task<ApiResponse<List<TrashView>>> ListAsync(
        [AsParameters] TrashQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.Type is { } type && !Types.Contains(type))
        {
            return Problem.Parameter("type", $"'type' is one of {string.Join(", ", Types)}.");
        }

        var page = pager.Read<TimeKey>(query, request.Caller.TenantId, $"trash?{filter}");
        var total = await request.Db.TrashIds(filter.Type).CountAsync(query, cancellationToken);
        var items = await request.Db.ListTrashAsync(
            filter.Type, page.After is { } after ? (after.At, after.Id) : null, page.Take, cancellationToken);
        var pagination = page.Close(items, item => new TimeKey(item.DeletedAt, item.Id), total);
        var contents = await request.Db.CountTrashAsync([.. items.Select(item => item.Id)], cancellationToken);
        return ApiResponse<List<TrashView>>.Page(
            [.. items.Select(item => View(item, contents[item.Id]))], pagination,
                FieldSelection.Read<TrashView>(query));
    }

    private static TrashView View(TrashItem item, TrashContents contents) => new(
        item.Type, item.Id, item.Name, item.ParentId, item.DeletedAt, item.DeletedBy, item.DeletedByName, item.Reason,
        contents.Folders, contents.Jobs, contents.Workflows);
}

using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Hierarchy;

internal static class WorkspaceEndpoints
{
    public static void MapWorkspaces(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/workspaces").WithTags("Hierarchy");
        group.MapGet("", ListAsync).Requires(Permission.WorkspacesRead).WithSummary("List workspaces");
        group.MapGet("/{workspaceId:guid}", GetAsync).Requires(Permission.WorkspacesRead).WithSummary("Get a workspace");
        group.MapPost("", CreateAsync).Requires(Permission.WorkspacesWrite).WithMetadata(new SuccessStatus(201)).WithSummary("Create a workspace");
        group.MapPatch("/{workspaceId:guid}", UpdateAsync).Requires(Permission.WorkspacesWrite).WithSummary("Change a workspace");
        group.MapDelete("/{workspaceId:guid}", DeleteAsync).Requires(Permission.WorkspacesWrite)
            .WithSummary("Delete an empty workspace; otherwise it says what would go along");
    }

    private static async Task<ApiResponse<List<WorkspaceView>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, "workspaces");
        var total = await request.Db.Workspaces.CountAsync(query, cancellationToken);
        var rows = await Views(request.Db.Workspaces.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<WorkspaceView>>.Page(
            rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<WorkspaceView>(query));
    }

    private static async Task<ApiResponse<WorkspaceView>> GetAsync(Guid workspaceId, ApiRequest request, CancellationToken cancellationToken) =>
        await Views(request.Db.Workspaces.Where(row => row.Id == workspaceId)).SingleOrDefaultAsync(cancellationToken) is { } view
            ? ApiResponse<WorkspaceView>.Ok(view, view.Version)
            : new Problem(Errors.WorkspaceNotFound);

    private static async Task<ApiResponse<WorkspaceView>> CreateAsync(Body<CreateWorkspaceRequest> body, ApiRequest request)
    {
        var (name, description) = body.Value;
        if (new Checks().Name("name", name).Text("description", description, Limits.DescriptionLength).Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<WorkspaceView>(token =>
        {
            var workspace = new Workspace
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Name = name,
                Description = description,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.Workspaces.Add(workspace);
            request.Record("workspace.create", "workspace", workspace.Id, name, after: body.Value);
            return Task.FromResult(ApiResponse<WorkspaceView>.Created(View(workspace), $"/api/v1/workspaces/{workspace.Id}", workspace.Version));
        });
    }

    private static async Task<ApiResponse<WorkspaceView>> UpdateAsync(Guid workspaceId, Body<UpdateWorkspaceRequest> body, ApiRequest request)
    {
        var (name, description) = body.Value;
        if (new Checks().Name("name", name).Text("description", description, Limits.DescriptionLength).Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<WorkspaceView>(async token =>
        {
            var workspace = await request.Db.Workspaces.SingleOrDefaultAsync(row => row.Id == workspaceId, token);
            if (workspace is null)
            {
                return new Problem(Errors.WorkspaceNotFound);
            }

            if (request.CheckMatch(workspace) is { } conflict)
            {
                return conflict;
            }

            var before = new { workspace.Name, workspace.Description };
            workspace.Name = name ?? workspace.Name;
            workspace.Description = description ?? workspace.Description;
            workspace.Touch(request.Now);
            request.Record(
                "workspace.update", "workspace", workspace.Id, workspace.Name, before, new { workspace.Name, workspace.Description });
            return ApiResponse<WorkspaceView>.Ok(View(workspace), workspace.Version);
        });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid workspaceId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        var workspace = await request.Db.LockWorkspaceAsync(workspaceId, token);
        if (workspace is null)
        {
            return new Problem(Errors.WorkspaceNotFound);
        }

        if (request.CheckMatch(workspace) is { } conflict)
        {
            return conflict;
        }

        var folders = await request.Db.Folders.Where(row => row.WorkspaceId == workspaceId).OrderBy(row => row.Id).Take(Limits.MaxPageSize)
            .Select(row => new ErrorDetail(row.Id.ToString(), "FOLDER", row.Name, null)).ToListAsync(token);
        if (folders.Count > 0)
        {
            return new Problem(Errors.NotEmpty, "The workspace holds folders: delete them first.", folders);
        }

        workspace.DeletedAt = request.Now;
        workspace.Touch(request.Now);
        request.Record("workspace.delete", "workspace", workspace.Id, workspace.Name);
        return new Done(workspace.Id, "deleted");
    });

    private static WorkspaceView View(Workspace row) => new(row.Id, row.Name, row.Description, row.Version, row.CreatedAt, row.UpdatedAt);

    private static IQueryable<WorkspaceView> Views(IQueryable<Workspace> rows) => rows.AsNoTracking().Select(
        row => new WorkspaceView(row.Id, row.Name, row.Description, row.Version, row.CreatedAt, row.UpdatedAt));
}

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
        group.MapGet("", ListAsync).Requires(Permission.WorkspacesRead).ReadsStaged().WithSummary("List workspaces");
        group.MapGet("/{workspaceId:guid}", GetAsync).Requires(Permission.WorkspacesRead).ReadsStaged()
            .WithSummary("Get a workspace");
        group.MapPost("", CreateAsync).Requires(Permission.WorkspacesWrite).WithMetadata(new SuccessStatus(201))
            .StagesNew(StagedKind.Workspace).WithSummary("Create a workspace");
        group.MapPatch("/{workspaceId:guid}", UpdateAsync).Requires(Permission.WorkspacesWrite)
            .StagesChange(StagedKind.Workspace).WithSummary("Change a workspace");
    }

    private static async Task<ApiResponse<List<WorkspaceView>>> ListAsync(
        [AsParameters] OwnerQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"workspaces?{filter}");
        var workspaces = request.Db.Workspaces.AsNoTracking().Of(filter);
        var total = await workspaces.CountAsync(query, cancellationToken);
        var rows = await workspaces.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id)
            .Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<WorkspaceView>>.Page(
            [.. rows.Select(View)], pagination, FieldSelection.Read<WorkspaceView>(query));
    }

    private static async Task<ApiResponse<WorkspaceView>> GetAsync(
        Guid workspaceId, ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.Workspaces.AsNoTracking().SingleOrDefaultAsync(row => row.Id == workspaceId, cancellationToken)
            is { } workspace
            ? ApiResponse<WorkspaceView>.Ok(View(workspace), workspace.Version)
            : new Problem(Errors.WorkspaceNotFound);

    private static async Task<ApiResponse<WorkspaceView>> CreateAsync(
        Body<CreateWorkspaceRequest> body, ApiRequest request)
    {
        var (name, description, settings) = body.Value;
        if (new Checks().Name("name", name).Text("description", description, Limits.DescriptionLength)
            .Settings("settings", settings).Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<WorkspaceView>(token =>
        {
            var workspace = new Workspace
            {
                TenantId = request.Caller.TenantId,
                Id = request.NewId(),
                Name = name,
                Description = description,
                Settings = settings?.GetRawText() ?? "{}",
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Own(workspace);
            request.Db.Workspaces.Add(workspace);
            request.Record("workspace.create", "workspace", workspace.Id, name, after: body.Value);
            return Task.FromResult(ApiResponse<WorkspaceView>.Created(
                View(workspace), $"/api/v1/workspaces/{workspace.Id}", workspace.Version));
        });
    }

    private static async Task<ApiResponse<WorkspaceView>> UpdateAsync(
        Guid workspaceId, Body<UpdateWorkspaceRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (new Checks().Name("name", wanted.Name).Text("description", wanted.Description, Limits.DescriptionLength)
            .Settings("settings", wanted.Settings).Problem is { } problem)
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

            var before = Summary(workspace);
            if (request.CheckMatch(workspace) is { } conflict)
            {
                return conflict;
            }

            if (await request.SetOwnerAsync(workspace, wanted.OwnerId, token) is { } unknown)
            {
                return unknown;
            }

            workspace.Name = wanted.Name ?? workspace.Name;
            workspace.Description = wanted.Description ?? workspace.Description;
            workspace.Settings = wanted.Settings?.GetRawText() ?? workspace.Settings;
            request.Touch(workspace);
            request.Record(
                "workspace.update", "workspace", workspace.Id, workspace.Name, before, Summary(workspace));
            return ApiResponse<WorkspaceView>.Ok(View(workspace), workspace.Version);
        });
    }

    private static object Summary(Workspace row) =>
        new { row.Name, row.Description, row.OwnerId, Settings = new RawJson(row.Settings) };

    private static WorkspaceView View(Workspace row) => new(
        row.Id, row.Name, row.Description, new RawJson(row.Settings), row.OwnerId, row.CreatedBy, row.UpdatedBy,
        row.Version, row.CreatedAt, row.UpdatedAt);
}

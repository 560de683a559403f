using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Workflows;

/// <summary>
/// Makes what an exported file holds, in one transaction, all of it new: nothing that is there is changed. Workflows
/// come in as drafts; whoever wants them to run publishes them.
/// </summary>
internal static class ImportEndpoints
{
    private const Permission Both = Permission.WorkspacesWrite | Permission.WorkflowsWrite;

    public static void MapImports(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").WithTags("Workflows")
            .WithMetadata(new BodyLimit(Limits.ExportBytes), new ReadsYaml());
        group.MapPost("/jobs/{jobId:guid}/import", IntoJobAsync).Requires(Permission.WorkflowsWrite)
            .Accepts<ExportFile>(Envelope.MediaType, YamlText.MediaType)
            .WithSummary("Make a workflow of an exported file, or (check=true) say what it needs");
        group.MapPost("/folders/{folderId:guid}/import", IntoFolderAsync).Requires(Both)
            .Accepts<ExportFile>(Envelope.MediaType, YamlText.MediaType)
            .WithSummary("Make a job or folder of an exported file, or (check=true) say what it needs");
        group.MapPost("/workspaces/{workspaceId:guid}/import", IntoWorkspaceAsync).Requires(Both)
            .Accepts<ExportFile>(Envelope.MediaType, YamlText.MediaType)
            .WithSummary("Make a folder of an exported file, or (check=true) say what it needs");
    }

    private static async Task<ApiResponse<ImportView>> IntoJobAsync(
        Guid jobId, [AsParameters] ImportQuery query, Body<ExportFile> body, ApiRequest request,
            CancellationToken token) =>
        await request.Db.Jobs.AnyAsync(row => row.Id == jobId, token)
            ? await ImportAsync(new ImportTarget(TreeKind.Job, jobId, ["workflow"]), query, body.Value, request, token)
            : new Problem(Errors.JobNotFound);

    private static async Task<ApiResponse<ImportView>> IntoFolderAsync(
        Guid folderId, [AsParameters] ImportQuery query, Body<ExportFile> body, ApiRequest request,
            CancellationToken token) =>
        await request.Db.Folders.AnyAsync(row => row.Id == folderId, token)
            ? await ImportAsync(
                new ImportTarget(TreeKind.Folder, folderId, ["job", "folder"]), query, body.Value, request, token)
            : new Problem(Errors.FolderNotFound);

    private static async Task<ApiResponse<ImportView>> IntoWorkspaceAsync(
        Guid workspaceId, [AsParameters] ImportQuery query, Body<ExportFile> body, ApiRequest request,
        CancellationToken token) =>
        await request.Db.Workspaces.AnyAsync(row => row.Id == workspaceId, token)
            ? await ImportAsync(
                new ImportTarget(TreeKind.Workspace, workspaceId, ["folder"]), query, body.Value, request, token)
            : new Problem(Errors.WorkspaceNotFound);

    private static async Task<ApiResponse<ImportView>> ImportAsync(
        ImportTarget target, ImportQuery query, ExportFile file, ApiRequest request,
            CancellationToken cancellationToken)
    {
        if (query.Name is { } name && new Checks().Name("name", name).Problem is { } unusable)
        {
            return Problem.Parameter("name", unusable.Message);
        }

        var content = ImportContent.Read(file, query.Name, target.Types);
        if (content.Problem is { } malformed)
        {
            return malformed;
        }

        var needs = await content.CompileAsync(request.Db, cancellationToken);
        var missing = await needs.FindMissingAsync(request.Db, content.Workflows.Select(workflow => workflow.Name),
            cancellationToken);
        if (query.Check == true)
        {
            if (await target.IsTakenAsync(request.Db, content.RootName, file.Type, cancellationToken))
            {
                content.Problems.Add(new ErrorDetail(
                    "name", Errors.NameTaken.Code,
                        $"The name '{content.RootName}' is taken there; give another by 'name'."));
            }

            return View(null, file, missing, YamlSource.Locate(request.Http, content.Problems));
        }

        if (content.Problems.Count > 0)
        {
            return new Problem(
                Errors.DefinitionInvalid,
                content.Problems.Count == 1 ? content.Problems[0].Message
                    : $"The file has {content.Problems.Count} problems.",
                content.Problems);
        }

        return await request.ChangeAsync<ImportView>(async token =>
            await target.HoldAsync(request, content.FolderLevels, token) is { } refusal
                ? refusal
                : View(await new ImportWriter(request, target, content).WriteAsync(token), file, missing, []));
    }

    private static ImportView View(
        Guid? id, ExportFile file, IReadOnlyList<MissingResource> missing,
        IReadOnlyList<ErrorDetail> problems) => new(
        id, problems.Count == 0, file.Folders?.Count ?? 0, file.Jobs?.Count ?? 0, file.Workflows?.Count ?? 0, missing,
            problems);
}

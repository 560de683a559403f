using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Workflows;

/// <summary>
/// Writes a workflow, job or folder as one file, with the drafts of its workflows. Nothing secret is in it: connectors,
/// secrets and variables are named only.
/// </summary>
internal static class ExportEndpoints
{
    private const Permission Both = Permission.WorkspacesRead | Permission.WorkflowsRead;

    private static readonly JsonSerializerOptions Indented = new(Envelope.Json)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    public static void MapExports(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").WithTags("Workflows");
        group.MapGet("/workflows/{workflowId:guid}/export", OfWorkflowAsync).Requires(Permission.WorkflowsRead)
            .Produces<ExportFile>(StatusCodes.Status200OK, Envelope.MediaType, YamlText.MediaType)
                .WithSummary("Write a workflow as one file");
        group.MapGet("/jobs/{jobId:guid}/export", OfJobAsync).Requires(Both)
            .Produces<ExportFile>(StatusCodes.Status200OK, Envelope.MediaType, YamlText.MediaType)
            .WithSummary("Write a job with its workflows as one file");
        group.MapGet("/folders/{folderId:guid}/export", OfFolderAsync).Requires(Both)
            .Produces<ExportFile>(StatusCodes.Status200OK, Envelope.MediaType, YamlText.MediaType)
            .WithSummary("Write a folder with all it holds as one file");
    }

    private static Task<IResult> OfWorkflowAsync(
        Guid workflowId, [FromQuery(Name = "format")] string? format, ApiRequest request, CancellationToken token) =>
        WriteAsync(TreeKind.Workflow, workflowId, Errors.WorkflowNotFound, format, request, token);

    private static Task<IResult> OfJobAsync(
        Guid jobId, [FromQuery(Name = "format")] string? format, ApiRequest request, CancellationToken token) =>
        WriteAsync(TreeKind.Job, jobId, Errors.JobNotFound, format, request, token);

    private static Task<IResult> OfFolderAsync(
        Guid folderId, [FromQuery(Name = "format")] string? format, ApiRequest request, CancellationToken token) =>
        WriteAsync(TreeKind.Folder, folderId, Errors.FolderNotFound, format, request, token);

    private static async Task<IResult> WriteAsync(
        TreeKind kind, Guid id, ErrorCode notFound, string? format, ApiRequest request, CancellationToken token)
    {
        if (format is not (null or "json" or "yaml"))
        {
            return Problem.Parameter("format", "'format' is json or yaml.");
        }

        var tree = await request.Db.FindTreeAsync(kind, id, locks: false, token);
        if (tree is null)
        {
            return new Problem(notFound);
        }

        if (tree.Count > Limits.ExportObjects)
        {
            return new Problem(
                Errors.LimitReached,
                    $"A file holds at most {Limits.ExportObjects} objects, and there are {tree.Count}.");
        }

        var paths = Paths(tree);
        var workflows = await WorkflowsAsync(request.Db, tree, paths, token);
        var file = new ExportFile(
            ExportFile.FormatName, ExportFile.CurrentSchema, kind.ToString().ToLowerInvariant(),
            await FoldersAsync(request.Db, tree, paths, token),
            await JobsAsync(request.Db, tree, paths, token),
            workflows,
            await RequirementsAsync(request.Db, workflows, token));
        var isYaml = format is null ? AsksForYaml(request.Http.Request) : format == "yaml";
        var bytes = isYaml ? YamlText.Write(JsonSerializer.SerializeToElement(file, Indented))
            : JsonSerializer.SerializeToUtf8Bytes(file, Indented);
        return bytes.Length > Limits.ExportBytes
            ? new Problem(Errors.LimitReached,
                $"A file has at most {Limits.ExportBytes} bytes, and this one {bytes.Length}.")
            : Results.File(
                bytes, isYaml ? YamlText.MediaType : Envelope.MediaType,
                $"{kind.ToString().ToLowerInvariant()}-{id}.{(isYaml ? "yaml" : "json")}");
    }

    private static bool AsksForYaml(HttpRequest request) => request.GetTypedHeaders().Accept
        .OrderByDescending(media => media.Quality ?? 1)
        .Select(media => media.MediaType.Value)
        .FirstOrDefault(media => media is Envelope.MediaType or YamlText.MediaType) == YamlText.MediaType;

    // The path of a workflow's holder is empty in a file of that workflow alone, and so on.
    private static Dictionary<Guid, string[]> Paths(Tree tree)
    {
        var nodes = tree.Folders.Concat(tree.Jobs).Append(tree.Root)
            .Where(node => node.Kind is TreeKind.Folder or TreeKind.Job).ToDictionary(node => node.Id);
        var paths = new Dictionary<Guid, string[]>();
        foreach (var node in nodes.Values)
        {
            var path = new List<string>();
            for (TreeNode? at = node; at is not null;)
            {
                path.Add(at.Name);
                at = at.Id == tree.Root.Id ? null : nodes.GetValueOrDefault(at.ParentId!.Value);
            }

            path.Reverse();
            paths[node.Id] = [.. path];
        }

        return paths;
    }

    private static async Task<IReadOnlyList<ExportedFolder>?> FoldersAsync(
        WorkflowsDbContext db, Tree tree, Dictionary<Guid, string[]> paths, CancellationToken token)
    {
        var ids = tree.Ids(TreeKind.Folder);
        var rows = ids.Length == 0 ? [] : await db.Folders.Where(row => ids.Contains(row.Id))
            .Select(row => new { row.Id, row.Description }).ToListAsync(token);
        return rows.Count == 0 ? null : [.. rows.Select(row => new ExportedFolder(paths[row.Id], row.Description))
            .OrderBy(folder => Key(folder.Path), StringComparer.Ordinal)];
    }

    private static async Task<IReadOnlyList<ExportedJob>?> JobsAsync(
        WorkflowsDbContext db, Tree tree, Dictionary<Guid, string[]> paths, CancellationToken token)
    {
        var ids = tree.Ids(TreeKind.Job);
        var rows = ids.Length == 0 ? [] : await db.Jobs.AsNoTracking().Where(row => ids.Contains(row.Id))
            .ToListAsync(token);
        var names = tree.Of(TreeKind.Workflow).ToDictionary(node => node.Id);
        Guid[] workflows = [.. names.Keys];
        var dependencies = (await db.WorkflowDependencies.AsNoTracking()
            .Where(row => workflows.Contains(row.WorkflowId) && workflows.Contains(row.DependsOnId)).ToListAsync(token))
            .ToLookup(row => names[row.WorkflowId].ParentId);
        return rows.Count == 0 ? null : [.. rows
            .Select(row => new ExportedJob(
                paths[row.Id][..^1], row.Name, row.Description, row.Environment, JsonElement.Parse(row.Settings),
                [.. dependencies[row.Id].GroupBy(edge => names[edge.WorkflowId].Name,
                    edge => names[edge.DependsOnId].Name)
                    .OrderBy(group => group.Key, StringComparer.Ordinal)
                    .Select(group => new ExportedDependency(group.Key, [.. group.Order(StringComparer.Ordinal)]))]))
            .OrderBy(job => Key([.. job.Folder, job.Name]), StringComparer.Ordinal)];
    }

    private static async Task<IReadOnlyList<ExportedWorkflow>> WorkflowsAsync(
        WorkflowsDbContext db, Tree tree, Dictionary<Guid, string[]> paths, CancellationToken token)
    {
        var ids = tree.Ids(TreeKind.Workflow);
        var rows = await db.Workflows.AsNoTracking().Where(row => ids.Contains(row.Id))
            .Join(
                db.WorkflowVersions,
                row => new { row.TenantId, row.Id, Number = row.DraftVersion },
                version => new { version.TenantId, Id = version.WorkflowId, version.Number },
                (row, version) => new { Row = row, version.Definition }).ToListAsync(token);
        var called = await CalledAsync(db, rows.SelectMany(row => DefinitionNames.Find(row.Definition).Workflows),
            token);
        var calendars = await db.Calendars.ToDictionaryAsync(row => row.Id.ToString(), row => row.Name, token);
        return [.. rows
            .Select(found => new ExportedWorkflow(
                paths.GetValueOrDefault(found.Row.JobId, []), found.Row.Name,
                JsonElement.Parse(DefinitionNames.Replace(found.Definition, called, calendars)), found.Row.Description,
                found.Row.Environment, [.. found.Row.Tags.Order(StringComparer.Ordinal)], found.Row.Enabled,
                WorkflowNotifications.ReadUnlessEmpty(found.Row.Notifications)))
            .OrderBy(workflow => Key([.. workflow.Job, workflow.Name]), StringComparer.Ordinal)];
    }

    // A workflow that is called by its id is named, unless another one bears the same name: then the id stays.
    private static async Task<Dictionary<string, string>> CalledAsync(
        WorkflowsDbContext db, IEnumerable<string> written, CancellationToken token)
    {
        Guid[] ids = [.. written.Select(text => Guid.TryParseExact(text, "D", out var id) ? id : Guid.Empty)
            .Distinct()];
#pragma warning disable CA1304, CA1311, CA1862 // translated to SQL, where names are compared as the index on them does
        return await db.Workflows
            .Where(row => ids.Contains(row.Id)
                && !db.Workflows.Any(other => other.Id != row.Id && other.Name.ToLower() == row.Name.ToLower()))
            .ToDictionaryAsync(row => row.Id.ToString(), row => row.Name, token);
#pragma warning restore CA1304, CA1311, CA1862
    }

    private static async Task<ExportRequires> RequirementsAsync(
        WorkflowsDbContext db, IReadOnlyList<ExportedWorkflow> workflows, CancellationToken token)
    {
        var needs = new TransferNeeds();
        foreach (var workflow in workflows)
        {
            var json = Encoding.UTF8.GetBytes(workflow.Definition.GetRawText());
            if (CompiledWorkflow.TryCompile(json, await Definitions.CustomNodesOfAsync(json, db, token),
                out var compiled, out _))
            {
                needs.Add(compiled, workflow.Definition.GetRawText());
            }
        }

        return needs.Without(workflows.Select(workflow => workflow.Name));
    }

    /// <summary>By it lists are ordered: a parent before what it holds.</summary>
    private static string Key(IEnumerable<string> path) => string.Join('\u0001', path);
}

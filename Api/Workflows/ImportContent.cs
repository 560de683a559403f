using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Workflows;

/// <summary>An exported file on its way in: its form checked, its definitions compiled.</summary>
internal sealed class ImportContent
{
    private ImportContent(ExportFile file, string rootName) => (File, RootName) = (file, rootName);

    public ExportFile File { get; }

    /// <summary>The name of what is made at the target.</summary>
    public string RootName { get; }

    /// <summary>Why the file as such is none that goes here.</summary>
    public Problem? Problem { get; private init; }

    /// <summary>What is wrong with definitions, each with its place in the file.</summary>
    public List<ErrorDetail> Problems { get; } = [];

    public List<CompiledWorkflow> Compiled { get; } = [];

    public IReadOnlyList<ExportedWorkflow> Workflows => File.Workflows ?? [];

    public IReadOnlyList<ExportedFolder> Folders => File.Folders ?? [];

    public IReadOnlyList<ExportedJob> Jobs => File.Jobs ?? [];

    /// <summary>The levels of folders in the file; 0 = there are none.</summary>
    public int FolderLevels => Folders.Select(folder => folder.Path.Count).DefaultIfEmpty().Max();

    public static ImportContent Read(ExportFile file, string? name, IReadOnlyList<string> types)
    {
        var problem = CheckHead(file, types) ?? CheckParts(file) ?? CheckPlaces(file);
        return problem is not null
            ? new ImportContent(file, "") { Problem = problem }
            : new ImportContent(file, name ?? file.Type switch
            {
                "workflow" => file.Workflows![0].Name,
                "job" => file.Jobs![0].Name,
                _ => file.Folders!.First(folder => folder.Path.Count == 1).Path[0],
            });
    }

    /// <summary>Compiles every definition, and collects what they name.</summary>
    public async Task<TransferNeeds> CompileAsync(WorkflowsDbContext db, CancellationToken token)
    {
        var needs = new TransferNeeds();
        for (var index = 0; index < Workflows.Count; index++)
        {
            var definition = Workflows[index].Definition.GetRawText();
            var (compiled, problem) = await Definitions.CompileAsync(definition, $"/workflows/{index}/definition", db,
                token);
            if (compiled is null)
            {
                Problems.AddRange(problem!.Details ?? []);
                continue;
            }

            Compiled.Add(compiled);
            needs.Add(compiled, definition);
        }

        return needs;
    }

    private static Problem? CheckHead(ExportFile file, IReadOnlyList<string> types)
    {
        if (HasNulls(file))
        {
            return Problem.Invalid("", "A list of the file holds null.", "TYPE");
        }

        var checks = new Checks();
        if (file.Format != ExportFile.FormatName)
        {
            checks.Add("format", "VALUE", $"'format' is '{ExportFile.FormatName}'.");
        }

        if (file.Schema != ExportFile.CurrentSchema)
        {
            checks.Add("schema", "VALUE", $"This release reads schema {ExportFile.CurrentSchema}.");
        }

        if (!types.Contains(file.Type))
        {
            checks.Add("type", "VALUE", $"A file of a {string.Join(" or ", types)} goes here.");
        }

        var objects = (file.Workflows?.Count ?? 0) + (file.Jobs?.Count ?? 0) + (file.Folders?.Count ?? 0);
        if (objects > Limits.ExportObjects)
        {
            checks.Add("workflows", "TOO_MANY", $"A file holds at most {Limits.ExportObjects} objects.");
        }

        return checks.Problem;
    }

    private static bool HasNulls(ExportFile file)
    {
        return Holds(file.Folders) || Holds(file.Jobs) || Holds(file.Workflows)
            || file.Folders?.Any(folder => Holds(folder.Path)) == true
            || file.Workflows?.Any(workflow => Holds(workflow.Job) || Holds(workflow.Tags)) == true
            || file.Jobs?.Any(job => Holds(job.Folder) || Holds(job.Dependencies)
                || job.Dependencies?.Any(dependency => Holds(dependency.DependsOn)) == true) == true;

        static bool Holds<T>(IReadOnlyList<T>? items) => items?.Any(item => item is null) == true;
    }

    private static Problem? CheckParts(ExportFile file)
    {
        var checks = new Checks();
        for (var index = 0; index < file.Folders?.Count; index++)
        {
            var (path, description) = file.Folders[index];
            checks.Name($"folders/{index}/path", path.Count == 0 ? "" : path[^1])
                .Text($"folders/{index}/description", description, Limits.DescriptionLength);
            if (path.Count > Limits.FolderDepth)
            {
                checks.Add($"folders/{index}/path", "TOO_DEEP", $"Folders nest at most {Limits.FolderDepth} deep.");
            }
        }

        for (var index = 0; index < file.Jobs?.Count; index++)
        {
            var job = file.Jobs[index];
            checks.Name($"jobs/{index}/name", job.Name).Name($"jobs/{index}/environment", job.Environment)
                .Text($"jobs/{index}/description", job.Description, Limits.DescriptionLength)
                .Settings($"jobs/{index}/settings", job.Settings);
        }

        for (var index = 0; index < file.Workflows?.Count; index++)
        {
            var workflow = file.Workflows[index];
            checks.Name($"workflows/{index}/name", workflow.Name)
                .Text($"workflows/{index}/description", workflow.Description, Limits.DescriptionLength)
                .Name($"workflows/{index}/environment", workflow.Environment, Limits.TagLength)
                .Tags($"workflows/{index}/tags", workflow.Tags?.ToArray())
                .Notifications($"workflows/{index}/notificationSettings", workflow.NotificationSettings);
            if (workflow.Definition.ValueKind != JsonValueKind.Object)
            {
                checks.Add($"workflows/{index}/definition", "TYPE", "A definition is an object.");
            }
        }

        return checks.Problem;
    }

    // Each lies in something that the file has, and there is one thing that holds all of it.
    private static Problem? CheckPlaces(ExportFile file)
    {
        var checks = new Checks();
        var (folders, jobs, workflows) = (file.Folders ?? [], file.Jobs ?? [], file.Workflows ?? []);
        var known = folders.Select(folder => Key(folder.Path)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var jobKeys = jobs.Select(job => Key([.. job.Folder, job.Name])).ToHashSet(StringComparer.OrdinalIgnoreCase);
        for (var index = 0; index < folders.Count; index++)
        {
            if (folders[index].Path.Count > 1 && !known.Contains(Key([.. folders[index].Path.SkipLast(1)])))
            {
                checks.Add($"folders/{index}/path", "UNKNOWN", "The file has no folder that holds this one.");
            }
        }

        for (var index = 0; index < jobs.Count; index++)
        {
            if (file.Type == "folder" ? !known.Contains(Key(jobs[index].Folder)) : jobs[index].Folder.Count > 0)
            {
                checks.Add($"jobs/{index}/folder", "UNKNOWN", "The file has no such folder.");
            }
        }

        for (var index = 0; index < workflows.Count; index++)
        {
            if (file.Type != "workflow" && !jobKeys.Contains(Key(workflows[index].Job)))
            {
                checks.Add($"workflows/{index}/job", "UNKNOWN", "The file has no such job.");
            }
        }

        var (of, tops) = file.Type switch
        {
            "workflow" => ("workflows", workflows.Count + folders.Count + jobs.Count),
            "job" => ("jobs", jobs.Count + folders.Count),
            _ => ("folders", folders.Count(folder => folder.Path.Count == 1)),
        };
        return (tops == 1 ? checks : checks.Add(of, "COUNT", $"A file of type {file.Type} is of exactly one.")).Problem;
    }

    /// <summary>A path as one text; names hold no control characters.</summary>
    public static string Key(IReadOnlyList<string> path) => string.Join('\u0001', path);
}

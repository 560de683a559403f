using Workflows.Api.Http;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Workflows;

/// <summary>Adds what a checked file holds, within the transaction that holds the target.</summary>
internal sealed class ImportWriter(ApiRequest request, ImportTarget target, ImportContent content)
{
    private readonly Dictionary<string, Guid> _folders = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Guid> _jobs = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<(Guid Job, string Name), Guid> _workflows = [];

    /// <returns>The id of what the file is of.</returns>
    public async Task<Guid> WriteAsync(CancellationToken token)
    {
        var first = Guid.Empty;
        foreach (var folder in content.Folders.OrderBy(folder => folder.Path.Count))
        {
            var id = Add(folder);
            first = first == Guid.Empty ? id : first;
        }

        foreach (var job in content.Jobs)
        {
            var id = Add(job);
            first = first == Guid.Empty ? id : first;
        }

        for (var index = 0; index < content.Workflows.Count; index++)
        {
            var id = Add(content.Workflows[index], content.Compiled[index]);
            first = first == Guid.Empty ? id : first;
        }

        await request.Db.SaveChangesAsync(token); // dependencies are among workflows that are there
        foreach (var job in content.Jobs)
        {
            AddDependencies(job);
        }

        return first;
    }

    private Guid Add(ExportedFolder source)
    {
        var isRoot = source.Path.Count == 1;
        var folder = new Folder
        {
            TenantId = request.Caller.TenantId,
            Id = Guid.CreateVersion7(request.Now),
            WorkspaceId = target.WorkspaceId,
            ParentId = !isRoot ? _folders[ImportContent.Key([.. source.Path.SkipLast(1)])]
                : target.Kind == TreeKind.Folder ? target.Id : null,
            Name = isRoot ? content.RootName : source.Path[^1],
            Description = source.Description,
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
        _folders[ImportContent.Key(source.Path)] = folder.Id;
        request.Own(folder);
        request.Db.Folders.Add(folder);
        request.Record("folder.import", "folder", folder.Id, folder.Name,
            after: new { folder.WorkspaceId, folder.ParentId });
        return folder.Id;
    }

    private Guid Add(ExportedJob source)
    {
        var isRoot = content.File.Type == "job";
        var job = new Job
        {
            TenantId = request.Caller.TenantId,
            Id = Guid.CreateVersion7(request.Now),
            FolderId = isRoot ? target.Id : _folders[ImportContent.Key(source.Folder)],
            Name = isRoot ? content.RootName : source.Name,
            Description = source.Description,
            Environment = source.Environment,
            Settings = source.Settings?.GetRawText() ?? "{}",
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
        _jobs[ImportContent.Key([.. source.Folder, source.Name])] = job.Id;
        request.Own(job);
        request.Db.Jobs.Add(job);
        request.Record("job.import", "job", job.Id, job.Name, after: new { job.FolderId });
        return job.Id;
    }

    private Guid Add(ExportedWorkflow source, CompiledWorkflow compiled)
    {
        var isRoot = content.File.Type == "workflow";
        var workflow = new Workflow
        {
            TenantId = request.Caller.TenantId,
            Id = Guid.CreateVersion7(request.Now),
            JobId = isRoot ? target.Id : _jobs[ImportContent.Key(source.Job)],
            Name = isRoot ? content.RootName : source.Name,
            Description = source.Description,
            Environment = source.Environment,
            Tags = [.. source.Tags ?? []],
            Enabled = source.Enabled,
            Notifications = source.NotificationSettings?.ToJson() ?? "{}",
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
        _workflows[(workflow.JobId, source.Name.ToLowerInvariant())] = workflow.Id;
        request.Own(workflow);
        request.Db.Workflows.Add(workflow);
        request.AddVersion(workflow, source.Definition.GetRawText(), compiled.CustomNodes, "import", "");
        request.Announce(OutboxItem.IndexWorkflow, workflow.Id);
        request.Record("workflow.import", "workflow", workflow.Id, workflow.Name, after: new { workflow.JobId });
        return workflow.Id;
    }

    private void AddDependencies(ExportedJob source)
    {
        var jobId = _jobs[ImportContent.Key([.. source.Folder, source.Name])];
        var edges = new HashSet<(Guid Waiting, Guid Awaited)>();
        foreach (var dependency in source.Dependencies ?? [])
        {
            foreach (var awaited in dependency.DependsOn)
            {
                edges.Add((Find(jobId, dependency.Workflow), Find(jobId, awaited)));
            }
        }

        if (Dependencies.AreCircular(edges))
        {
            throw new ProblemException(new Problem(Errors.DependencyCycle));
        }

        request.Db.WorkflowDependencies.AddRange(edges.Select(edge => new WorkflowDependency
        {
            TenantId = request.Caller.TenantId,
            WorkflowId = edge.Waiting,
            DependsOnId = edge.Awaited,
        }));
    }

    private Guid Find(Guid jobId, string name) =>
        _workflows.TryGetValue((jobId, name.ToLowerInvariant()), out var id) ? id : throw new ProblemException(
            Problem.Invalid("/jobs", $"A dependency names the workflow '{name}', which its job does not have.",
                "UNKNOWN"));
}

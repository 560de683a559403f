using System.Net;

namespace Workflows.Api.Tests.Host;

/// <summary>A workspace with a folder with a job with a workflow.</summary>
public sealed record Place(Answer Workspace, Answer Folder, Answer Job, Answer Workflow)
{
    public IReadOnlyList<(string Path, Answer Created)> All =>
    [
        ($"workspaces/{Workspace.Id}", Workspace), ($"folders/{Folder.Id}", Folder), ($"jobs/{Job.Id}", Job),
        ($"workflows/{Workflow.Id}", Workflow),
    ];
}

internal static class Places
{
    public static async Task<Place> CreatePlaceAsync(this ApiClient client, object? definition = null)
    {
        var workspace = await client.CreateAsync("workspaces", new { name = Samples.Name("workspace") });
        var folder = await client.CreateFolderAsync(workspace.Id);
        var job = await client.CreateJobAsync(folder.Id);
        return new Place(workspace, folder, job, await client.CreateInAsync(job.Id, definition));
    }

    public static Task<Answer> CreateFolderAsync(this ApiClient client, Guid workspaceId, Guid? parentId = null,
        string? name = null) =>
        client.CreateAsync($"workspaces/{workspaceId}/folders",
            new { name = name ?? Samples.Name("folder"), parentId });

    public static Task<Answer> CreateJobAsync(this ApiClient client, Guid folderId, string? name = null) =>
        client.CreateAsync($"folders/{folderId}/jobs", new { name = name ?? Samples.Name("job") });

    /// <summary>A workflow in a job.</summary>
    public static Task<Answer> CreateInAsync(this ApiClient client, Guid jobId, object? definition = null,
        string? name = null) =>
        client.CreateAsync("workflows",
            new { name = name ?? Samples.Name("workflow"), definition = definition ?? Samples.Definition(), jobId });

    public static async Task<Answer> CreateAsync(this ApiClient client, string path, object body) =>
        (await client.PostAsync(path, body)).Ok(HttpStatusCode.Created);
}

namespace Workflows.Api.Hierarchy;

internal sealed record CreateWorkspaceRequest(string Name, string Description = "");

/// <summary>What is left out stays as it is.</summary>
internal sealed record UpdateWorkspaceRequest(string? Name = null, string? Description = null);

internal sealed record WorkspaceView(Guid Id, string Name, string Description, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <param name="ParentId">Another folder of the workspace; null = at its top.</param>
internal sealed record CreateFolderRequest(string Name, Guid? ParentId = null);

internal sealed record UpdateFolderRequest(string? Name = null);

internal sealed record FolderView(
    Guid Id, Guid WorkspaceId, Guid? ParentId, string Name, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

internal sealed record CreateJobRequest(string Name, string Description = "", string Environment = "production");

internal sealed record UpdateJobRequest(string? Name = null, string? Description = null, string? Environment = null);

internal sealed record JobView(
    Guid Id, Guid FolderId, string Name, string Description, string Environment, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

using System.Text.Json;
using Workflows.Api.Http;

namespace Workflows.Api.Hierarchy;

/// <param name="Settings">An object of what clients keep with it, of at most 16 KiB.</param>
internal sealed record CreateWorkspaceRequest(
    string Name, string Description = "", JsonElement? Settings = null);

/// <summary>What is left out stays as it is.</summary>
/// <param name="OwnerId">An active user of the tenant.</param>
/// <param name="Settings">Replaces the present ones as a whole.</param>
internal sealed record UpdateWorkspaceRequest(
    string? Name = null, string? Description = null, Guid? OwnerId = null, JsonElement? Settings = null);

/// <param name="CreatedBy">The user who made it; null = an API key, or it was made before this was kept.</param>
internal sealed record WorkspaceView(
    Guid Id, string Name, string Description, RawJson Settings, Guid? OwnerId, Guid? CreatedBy, Guid? UpdatedBy,
    int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <param name="ParentId">Another folder of the workspace; null = at its top.</param>
internal sealed record CreateFolderRequest(string Name, Guid? ParentId = null, string Description = "");

/// <summary>What is left out stays as it is.</summary>
/// <param name="OwnerId">An active user of the tenant.</param>
/// <param name="ParentId">The folder that it moves into with all it holds, maybe of another workspace.</param>
/// <param name="WorkspaceId">The workspace that it moves into: to its top unless <c>parentId</c> names a folder of
/// it.</param>
internal sealed record UpdateFolderRequest(
    string? Name = null, string? Description = null, Guid? OwnerId = null, Guid? ParentId = null,
    Guid? WorkspaceId = null);

internal sealed record FolderView(
    Guid Id, Guid WorkspaceId, Guid? ParentId, string Name, string Description, Guid? OwnerId, Guid? CreatedBy,
    Guid? UpdatedBy, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <param name="Settings">An object of what clients keep with it, of at most 16 KiB.</param>
internal sealed record CreateJobRequest(
    string Name, string Description = "", string Environment = "production", JsonElement? Settings = null);

/// <summary>What is left out stays as it is.</summary>
/// <param name="OwnerId">An active user of the tenant.</param>
/// <param name="Settings">Replaces the present ones as a whole.</param>
/// <param name="FolderId">The folder that it moves into with its workflows.</param>
internal sealed record UpdateJobRequest(
    string? Name = null, string? Description = null, string? Environment = null, Guid? OwnerId = null,
    JsonElement? Settings = null, Guid? FolderId = null);

internal sealed record JobView(
    Guid Id, Guid FolderId, string Name, string Description, string Environment, RawJson Settings, Guid? OwnerId,
    Guid? CreatedBy, Guid? UpdatedBy, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

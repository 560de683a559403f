using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Workflows;

/// <param name="JobId">The job it belongs to; the tenant's first job when left out.</param>
/// <param name="Definition">Triggers, nodes and edges; it must be valid as a whole.</param>
internal sealed record CreateWorkflowRequest(
    string Name,
    JsonElement Definition,
    Guid? JobId = null,
    string Description = "",
    string Environment = "production",
    string[]? Tags = null,
    bool Enabled = true,
    string Comment = "",
    WorkflowNotifications? NotificationSettings = null);

/// <summary>What is left out stays as it is. A definition makes a new version, which becomes the draft.</summary>
/// <param name="OwnerId">An active user of the tenant.</param>
/// <param name="JobId">The job that it moves into.</param>
internal sealed record UpdateWorkflowRequest(
    string? Name = null,
    JsonElement? Definition = null,
    string? Description = null,
    string? Environment = null,
    string[]? Tags = null,
    bool? Enabled = null,
    string Comment = "",
    Guid? OwnerId = null,
    Guid? JobId = null,
    WorkflowNotifications? NotificationSettings = null);

/// <param name="Minutes">How long, 1 to 10,080 (7 days); then it ends by itself.</param>
internal sealed record CheckOutRequest(string Comment = "", int Minutes = Limits.CheckOutMinutes) : IOptionalBody;

/// <param name="Definition">What was made of the draft; the draft as it is when left out.</param>
internal sealed record CheckInRequest(JsonElement? Definition = null, string Comment = "") : IOptionalBody;

/// <param name="Version">The ETag of the workflow, which a check-out does not change.</param>
internal sealed record CheckOutView(
    Guid Id, Guid CheckedOutBy, DateTimeOffset CheckedOutAt, DateTimeOffset CheckedOutUntil, string CheckedOutComment,
    int DraftVersion, int Version);

internal sealed record ValidateRequest(JsonElement Definition);

/// <param name="Version">Number of the version to publish; the draft when left out.</param>
internal sealed record PublishRequest(int? Version = null) : IOptionalBody;

internal sealed record RestoreRequest(string Comment = "") : IOptionalBody;

/// <summary>Filters and order of the list of workflows.</summary>
internal sealed record WorkflowQuery(
    [property: FromQuery(Name = "name")] string? Name,
    [property: FromQuery(Name = "tag")] string? Tag,
    [property: FromQuery(Name = "job")] Guid? Job,
    [property: FromQuery(Name = "environment")] string? Environment,
    [property: FromQuery(Name = "enabled")] bool? Enabled,
    [property: FromQuery(Name = "ownerId")] Guid? OwnerId,
    [property: FromQuery(Name = "createdBy")] Guid? CreatedBy,
    [property: FromQuery(Name = "sort")] string? Sort);

/// <summary>A workflow without its definition.</summary>
/// <param name="DraftVersion">Number of the version that is edited next.</param>
/// <param name="PublishedVersion">Number of the version that triggers start; null = never published.</param>
/// <param name="PublishedAt">When it was published last; null also where that was before this was kept.</param>
/// <param name="CreatedBy">The user who made it; null = an API key.</param>
/// <param name="CheckedOutBy">The user who has it checked out; null = nobody.</param>
/// <param name="Version">Number of changes; the ETag.</param>
internal sealed record WorkflowItem(
    Guid Id,
    Guid JobId,
    string Name,
    string Description,
    string Environment,
    IReadOnlyList<string> Tags,
    bool Enabled,
    int DraftVersion,
    int? PublishedVersion,
    DateTimeOffset? PublishedAt,
    Guid? PublishedBy,
    Guid? OwnerId,
    Guid? CreatedBy,
    Guid? UpdatedBy,
    Guid? CheckedOutBy,
    DateTimeOffset? CheckedOutUntil,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>A workflow with the definition of its draft.</summary>
internal sealed record WorkflowView(
    Guid Id,
    Guid JobId,
    string Name,
    string Description,
    string Environment,
    IReadOnlyList<string> Tags,
    bool Enabled,
    int DraftVersion,
    int? PublishedVersion,
    DateTimeOffset? PublishedAt,
    Guid? PublishedBy,
    Guid? OwnerId,
    Guid? CreatedBy,
    Guid? UpdatedBy,
    Guid? CheckedOutBy,
    DateTimeOffset? CheckedOutAt,
    DateTimeOffset? CheckedOutUntil,
    string? CheckedOutComment,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    WorkflowNotifications NotificationSettings,
    RawJson Definition);

internal sealed record VersionItem(int Number, string ChangeType, string Comment, Guid? AuthorId, DateTimeOffset CreatedAt, bool Published);

/// <param name="CustomNodes">The custom nodes that the version keeps, by name: which version of each.</param>
internal sealed record VersionView(
    int Number, string ChangeType, string Comment, Guid? AuthorId, DateTimeOffset CreatedAt, bool Published, RawJson Definition,
    IReadOnlyDictionary<string, int> CustomNodes);

/// <param name="Triggers">Triggers of the version, which now start executions.</param>
internal sealed record PublishedView(Guid Id, int PublishedVersion, int Triggers, int Version);

internal sealed record ValidationView(bool Valid, IReadOnlyList<DefinitionProblem> Problems);

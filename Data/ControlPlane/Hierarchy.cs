namespace Workflows.Data.ControlPlane;

/// <summary>A row that somebody answers for.</summary>
public interface IOwnedRow : ITenantRow, IVersionedRow
{
    Guid Id { get; }

    Guid? OwnerId { get; set; }

    Guid? CreatedBy { get; set; }

    Guid? UpdatedBy { get; set; }
}

/// <summary>A row that can be had back after its deletion.</summary>
public interface IDeletableRow : IOwnedRow
{
    string Name { get; set; }

    DateTimeOffset? DeletedAt { get; set; }

    Guid? DeletedBy { get; set; }

    string? DeletedByName { get; set; }

    string? ReasonToDelete { get; set; }

    Guid? DeletedWith { get; set; }
}

/// <summary>The top level under which a tenant keeps its workflows.</summary>
public sealed class Workspace : IDeletableRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    public string Description { get; set; } = "";

    /// <summary>JSON object of what clients keep with it.</summary>
    public string Settings { get; set; } = "{}";

    /// <summary>Who answers for it: a user; null where nobody was named.</summary>
    public Guid? OwnerId { get; set; }

    /// <summary>The user who made it; null = an API key, or nobody knows.</summary>
    public Guid? CreatedBy { get; set; }

    public Guid? UpdatedBy { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }

    public Guid? DeletedBy { get; set; }

    /// <summary>As the activity list names who deleted it.</summary>
    public string? DeletedByName { get; set; }

    public string? ReasonToDelete { get; set; }

    /// <summary>The id of what was deleted when it went along; its own where it was deleted itself.</summary>
    public Guid? DeletedWith { get; set; }
}

/// <summary>A folder of a workspace, maybe inside another one.</summary>
public sealed class Folder : IDeletableRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid WorkspaceId { get; set; }

    public Guid? ParentId { get; set; }

    public required string Name { get; set; }

    public string Description { get; set; } = "";

    /// <summary>Who answers for it: a user; null where nobody was named.</summary>
    public Guid? OwnerId { get; set; }

    /// <summary>The user who made it; null = an API key, or nobody knows.</summary>
    public Guid? CreatedBy { get; set; }

    public Guid? UpdatedBy { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }

    public Guid? DeletedBy { get; set; }

    /// <summary>As the activity list names who deleted it.</summary>
    public string? DeletedByName { get; set; }

    public string? ReasonToDelete { get; set; }

    /// <summary>The id of what was deleted when it went along; its own where it was deleted itself.</summary>
    public Guid? DeletedWith { get; set; }
}

/// <summary>A set of workflows that belong together.</summary>
public sealed class Job : IDeletableRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid FolderId { get; set; }

    public required string Name { get; set; }

    public string Description { get; set; } = "";

    public string Environment { get; set; } = "production";

    /// <summary>JSON object of what clients keep with it.</summary>
    public string Settings { get; set; } = "{}";

    /// <summary>Who answers for it: a user; null where nobody was named.</summary>
    public Guid? OwnerId { get; set; }

    /// <summary>The user who made it; null = an API key, or nobody knows.</summary>
    public Guid? CreatedBy { get; set; }

    public Guid? UpdatedBy { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }

    public Guid? DeletedBy { get; set; }

    /// <summary>As the activity list names who deleted it.</summary>
    public string? DeletedByName { get; set; }

    public string? ReasonToDelete { get; set; }

    /// <summary>The id of what was deleted when it went along; its own where it was deleted itself.</summary>
    public Guid? DeletedWith { get; set; }
}

/// <summary>The head of a workflow; its definitions are <see cref="WorkflowVersion"/>s.</summary>
public sealed class Workflow : IDeletableRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid JobId { get; set; }

    public required string Name { get; set; }

    public string Description { get; set; } = "";

    public string Environment { get; set; } = "production";

    public string[] Tags { get; set; } = [];

    /// <summary>JSON Schema of the input, taken from the published definition.</summary>
    public string? ParametersSchema { get; set; }

    /// <summary>Whom to tell of ends of its executions (JSON): onFailure, onSuccess, emails.</summary>
    public string Notifications { get; set; } = "{}";

    /// <summary>The settings of the published definition (JSON), which starts go by (<see cref="Executions.StartSettings"/>).</summary>
    public string? StartSettings { get; set; }

    public bool Enabled { get; set; } = true;

    /// <summary>Number of the version that people see when they edit.</summary>
    public int DraftVersion { get; set; } = 1;

    /// <summary>Number of the version that triggers start; null until the first publication.</summary>
    public int? PublishedVersion { get; set; }

    public DateTimeOffset? PublishedAt { get; set; }

    /// <summary>The user who published it last; null = an API key, or it was before this was kept.</summary>
    public Guid? PublishedBy { get; set; }

    /// <summary>Who holds it until <see cref="CheckedOutUntil"/>, or held it last.</summary>
    public Guid? CheckedOutBy { get; set; }

    public DateTimeOffset? CheckedOutAt { get; set; }

    public DateTimeOffset? CheckedOutUntil { get; set; }

    public string CheckedOutComment { get; set; } = "";

    /// <summary>Who answers for it: a user; null where nobody was named.</summary>
    public Guid? OwnerId { get; set; }

    /// <summary>The user who made it; null = an API key, or nobody knows.</summary>
    public Guid? CreatedBy { get; set; }

    public Guid? UpdatedBy { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }

    public Guid? DeletedBy { get; set; }

    /// <summary>As the activity list names who deleted it.</summary>
    public string? DeletedByName { get; set; }

    public string? ReasonToDelete { get; set; }

    /// <summary>The id of what was deleted when it went along; its own where it was deleted itself.</summary>
    public Guid? DeletedWith { get; set; }

    /// <summary>JSON: the triggers and dependencies that it lost when it was deleted.</summary>
    public string? DeletedParts { get; set; }
}

/// <summary>What a workflow is called, also while it is in the trash. Read only.</summary>
public sealed class WorkflowName : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }
}

/// <summary>An immutable definition.</summary>
public sealed class WorkflowVersion : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid WorkflowId { get; set; }

    public int Number { get; set; }

    /// <summary>JSON, as the database renders it: members in its order, numbers as written.</summary>
    public required string Definition { get; set; }

    /// <summary>The custom nodes it uses as they were when it was saved, as JSON; null = none, or saved before they were kept.</summary>
    public string? CustomNodes { get; set; }

    /// <summary>create, update, check_in, publish, restore or import.</summary>
    public required string ChangeType { get; set; }

    public string Comment { get; set; } = "";

    public Guid? AuthorId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>What of the published version starts executions.</summary>
public sealed class WorkflowTrigger : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid WorkflowId { get; set; }

    public required string TriggerId { get; set; }

    public int Version { get; set; }

    public required string Type { get; set; }

    public string? EventType { get; set; }

    public string? Condition { get; set; }

    /// <summary>JSON of what this type of trigger has besides.</summary>
    public string Settings { get; set; } = "{}";

    /// <summary>Of webhooks: the address below the tenant's.</summary>
    public string? WebhookPath { get; set; }

    public bool Enabled { get; set; } = true;
}

/// <summary>Who did what; never changed, never removed by the application.</summary>
public sealed class UserActivity : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>user, api_key or system.</summary>
    public required string ActorType { get; set; }

    public Guid? ActorId { get; set; }

    public required string ActorName { get; set; }

    public required string Action { get; set; }

    public required string ObjectType { get; set; }

    public Guid? ObjectId { get; set; }

    public string? ObjectName { get; set; }

    public string? Ip { get; set; }

    public string? UserAgent { get; set; }

    /// <summary>JSON of what changed, as it was.</summary>
    public string? Before { get; set; }

    /// <summary>JSON of what changed, as it is now.</summary>
    public string? After { get; set; }

    public string? RequestId { get; set; }

    public DateTimeOffset At { get; set; }
}

/// <summary>Work for another service, committed with the change that causes it.</summary>
public sealed class OutboxItem : ITenantRow
{
    public const string IndexWorkflow = "index_workflow";
    public const string RemoveWorkflow = "remove_workflow";

    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Topic { get; set; }

    public Guid SubjectId { get; set; }

    public DateTimeOffset NotBefore { get; set; }
}

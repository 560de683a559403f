namespace Workflows.Data.ControlPlane;

/// <summary>A language model that a tenant has registered.</summary>
public sealed class LanguageModel : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>By which nodes, prompt cards and chats name it.</summary>
    public required string Name { get; set; }

    public string Description { get; set; } = "";

    /// <summary>chat or embedding.</summary>
    public required string Kind { get; set; }

    public Guid ConnectorId { get; set; }

    /// <summary>What the provider calls it.</summary>
    public required string Model { get; set; }

    /// <summary>Numbers of its vectors; null = what it gives by itself.</summary>
    public int? Dimensions { get; set; }

    public int? ContextTokens { get; set; }

    public int? MaxOutputTokens { get; set; }

    /// <summary>US dollars for a million tokens.</summary>
    public decimal InputPrice { get; set; }

    /// <summary>US dollars for a million tokens.</summary>
    public decimal OutputPrice { get; set; }

    public int? CallsPerMinute { get; set; }

    public int TimeoutSeconds { get; set; } = 120;

    public bool Enabled { get; set; } = true;

    /// <summary>Meant where no model of its kind is named.</summary>
    public bool IsDefault { get; set; }

    /// <summary>A JSON object of the tenant's own: what it was trained on, who answers for it.</summary>
    public string Metadata { get; set; } = "{}";

    /// <summary>When it last answered, or failed to; written by callers.</summary>
    public DateTimeOffset? CheckedAt { get; set; }

    public bool? CheckSucceeded { get; set; }

    public string? CheckMessage { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>One call of a model; written by callers.</summary>
public sealed class ModelCallRow : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid ModelId { get; set; }

    public required string ModelName { get; set; }

    public required string Provider { get; set; }

    public required string Purpose { get; set; }

    /// <summary>running, succeeded, failed, cancelled or lost.</summary>
    public required string Status { get; set; }

    public Guid? WorkspaceId { get; set; }

    public Guid? WorkflowId { get; set; }

    public Guid? ExecutionId { get; set; }

    public string? NodeId { get; set; }

    public Guid? PromptCardId { get; set; }

    public Guid? ConversationId { get; set; }

    public Guid? UserId { get; set; }

    public decimal Reserved { get; set; }

    public decimal Cost { get; set; }

    public long InputTokens { get; set; }

    public long OutputTokens { get; set; }

    public bool Estimated { get; set; }

    public int Retries { get; set; }

    public int? DurationMs { get; set; }

    public int? FirstTokenMs { get; set; }

    public string? ErrorCode { get; set; }

    public string? ErrorMessage { get; set; }

    public DateTimeOffset StartedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }
}

/// <summary>What calls of a model for a purpose cost on a day of UTC; written by callers.</summary>
public sealed class ModelUsageOfDay : ITenantRow
{
    public Guid TenantId { get; set; }

    public DateOnly Day { get; set; }

    public Guid ModelId { get; set; }

    /// <summary>All zeros where the calls belong to none.</summary>
    public Guid WorkspaceId { get; set; }

    public required string Purpose { get; set; }

    public long Calls { get; set; }

    public long Failures { get; set; }

    public long InputTokens { get; set; }

    public long OutputTokens { get; set; }

    public decimal Cost { get; set; }
}

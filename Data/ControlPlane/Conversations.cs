namespace Workflows.Data.ControlPlane;

/// <summary>A conversation with a language model.</summary>
public sealed class Conversation : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>chat: of a person or key; agent: kept here by a workflow, or by an agent outside.</summary>
    public required string Kind { get; set; }

    /// <summary>The user or key whose it is; of one that a workflow keeps, the workflow.</summary>
    public Guid OwnerId { get; set; }

    public Guid? WorkspaceId { get; set; }

    public Guid? WorkflowId { get; set; }

    /// <summary>What the keeper calls it, once a workflow.</summary>
    public string? SessionId { get; set; }

    public string Title { get; set; } = "";

    /// <summary>The name of a chat model; empty = the tenant's default.</summary>
    public string Model { get; set; } = "";

    /// <summary>What the model is told before all else.</summary>
    public string Instructions { get; set; } = "";

    /// <summary>Whether answers rest on the tenant's knowledge.</summary>
    public bool Knowledge { get; set; }

    /// <summary>A JSON object.</summary>
    public string Metadata { get; set; } = "{}";

    public int Messages { get; set; }

    public long InputTokens { get; set; }

    public long OutputTokens { get; set; }

    /// <summary>US dollars.</summary>
    public decimal Cost { get; set; }

    public int Version { get; set; } = 1;

    /// <summary>When it is deleted unless something is said in it.</summary>
    public DateTimeOffset ExpiresAt { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>One message of a conversation.</summary>
public sealed class ConversationMessage : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid ConversationId { get; set; }

    /// <summary>From 1, without gaps.</summary>
    public int Number { get; set; }

    /// <summary>system, user, assistant or tool.</summary>
    public required string Role { get; set; }

    public required string Content { get; set; }

    /// <summary>answering, complete, stopped or failed.</summary>
    public string Status { get; set; } = "complete";

    public string? Model { get; set; }

    public Guid? CallId { get; set; }

    public long InputTokens { get; set; }

    public long OutputTokens { get; set; }

    public decimal Cost { get; set; }

    public int? DurationMs { get; set; }

    public string? ErrorCode { get; set; }

    public string? ErrorMessage { get; set; }

    /// <summary>A JSON list of the passages that an answer rests on.</summary>
    public string? Sources { get; set; }

    /// <summary>A JSON object.</summary>
    public string Metadata { get; set; } = "{}";

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

namespace Workflows.Data.ControlPlane;

/// <summary>A template of what a language model is asked; its content is that of its newest version.</summary>
public sealed class PromptCard : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid WorkspaceId { get; set; }

    public required string Title { get; set; }

    public string Description { get; set; } = "";

    public string[] Tags { get; set; } = [];

    /// <summary>A JSON object of the tenant's own.</summary>
    public string Metadata { get; set; } = "{}";

    /// <summary>As <see cref="Engine.Prompts.PromptContent"/> reads it; so are the next two.</summary>
    public required string Messages { get; set; }

    public required string Variables { get; set; }

    public required string Settings { get; set; }

    /// <summary>Of the newest version.</summary>
    public int Number { get; set; } = 1;

    public int? PublishedNumber { get; set; }

    public Guid? CreatedBy { get; set; }

    public Guid? UpdatedBy { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>What a card was; it never changes.</summary>
public sealed class PromptVersion : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid CardId { get; set; }

    public int Number { get; set; }

    public required string Messages { get; set; }

    public required string Variables { get; set; }

    public required string Settings { get; set; }

    public string Note { get; set; } = "";

    public Guid? CreatedBy { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>Cases that a card is tested with.</summary>
public sealed class PromptTestSet : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid CardId { get; set; }

    public required string Name { get; set; }

    public string Description { get; set; } = "";

    /// <summary>As <see cref="Engine.Prompts.TestCase"/> reads them.</summary>
    public required string Cases { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>A test set as it is, or was, put to models. Workers count; the API makes it and cancels it.</summary>
public sealed class PromptTestRun : ITenantRow
{
    public const string Running = "running";
    public const string Cancelled = "cancelled";

    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid CardId { get; set; }

    public Guid WorkspaceId { get; set; }

    public Guid SetId { get; set; }

    public required string SetName { get; set; }

    public required string Cases { get; set; }

    public string[] Models { get; set; } = [];

    public int[] Versions { get; set; } = [];

    public int Repeats { get; set; }

    /// <summary>US dollars; null = no limit.</summary>
    public decimal? CostLimit { get; set; }

    /// <summary>running, completed, cancelled or cost_limit.</summary>
    public string Status { get; set; } = Running;

    public int Total { get; set; }

    public int Done { get; set; }

    public int Passed { get; set; }

    /// <summary>US dollars.</summary>
    public decimal Used { get; set; }

    public Guid? CreatedBy { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }
}

/// <summary>One question to one model.</summary>
public sealed class TestExecution : ITenantRow
{
    public const string OfRun = "run";
    public const string OfTest = "test";
    public const string Pending = "pending";
    public const string Running = "running";
    public const string Done = "done";
    public const string Skipped = "skipped";

    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>run or test.</summary>
    public required string Kind { get; set; }

    public Guid PromptCardId { get; set; }

    public Guid WorkspaceId { get; set; }

    public Guid? RunId { get; set; }

    public string? CaseName { get; set; }

    public int CardNumber { get; set; }

    /// <summary>As it was asked for; empty = the tenant's default.</summary>
    public required string Model { get; set; }

    public string? LlmProvider { get; set; }

    public int Repeat { get; set; } = 1;

    /// <summary>pending, running, done or skipped.</summary>
    public required string Status { get; set; }

    public DateTimeOffset? DueAt { get; set; }

    public int? ExecutionTimeMs { get; set; }

    public bool? Passed { get; set; }

    public decimal CostUsd { get; set; }

    public long InputTokens { get; set; }

    public long OutputTokens { get; set; }

    public string? Answer { get; set; }

    /// <summary>An object with code and message.</summary>
    public string? Error { get; set; }

    /// <summary>A list of <see cref="Engine.Prompts.AssertionOutcome"/>.</summary>
    public string? Assertions { get; set; }

    public Guid? CreatedBy { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }
}

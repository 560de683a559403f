namespace Workflows.Data.ControlPlane;

/// <summary>What one person makes of a workflow before it is a version; any JSON.</summary>
public sealed class WorkingCopy : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid WorkflowId { get; set; }

    public Guid UserId { get; set; }

    /// <summary>As it was sent.</summary>
    public required string Definition { get; set; }

    /// <summary>The version of the workflow from which it was begun.</summary>
    public int BaseVersion { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>Outputs that tests of a workflow take instead of executing its nodes.</summary>
public sealed class WorkflowPins : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid WorkflowId { get; set; }

    /// <summary>An object: the id of a node and its output.</summary>
    public required string Pins { get; set; }

    public int Version { get; set; } = 1;

    public Guid? UpdatedBy { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>What a test runs. Made with its execution, and never changed.</summary>
public sealed class TestRun : ITenantRow
{
    /// <summary>The trigger type of executions that are tests.</summary>
    public const string TriggerType = "test";

    public Guid TenantId { get; set; }

    public Guid ExecutionId { get; set; }

    public Guid WorkflowId { get; set; }

    /// <summary>inline, working-copy, draft or version.</summary>
    public required string Source { get; set; }

    /// <summary>The version that it is, or that it was begun from; null of a definition inline.</summary>
    public int? BaseVersion { get; set; }

    public required string Definition { get; set; }

    public string? CustomNodes { get; set; }

    /// <summary>What of it is executed and what is not (<c>TestPlan</c> of the engine).</summary>
    public required string Plan { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}

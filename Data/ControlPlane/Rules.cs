namespace Workflows.Data.ControlPlane;

/// <summary>A tenant-level condition on events with actions.</summary>
public sealed class RuleRecord : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    public string Description { get; set; } = "";

    /// <summary>JSON: eventType, condition, join and actions, as the engine reads them.</summary>
    public required string Definition { get; set; }

    /// <summary>Higher ones first.</summary>
    public int Priority { get; set; }

    /// <summary>Whether rules of a lower priority do not see an event that this one matched.</summary>
    public bool Stop { get; set; }

    public DateTimeOffset? ActiveFrom { get; set; }

    public DateTimeOffset? ActiveTo { get; set; }

    public bool Enabled { get; set; } = true;

    public Guid? CreatedBy { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }
}

/// <summary>An event that waits for its routing, or that was set aside since it could not be routed.</summary>
public sealed class EventToRoute : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public int Failures { get; set; }

    public string? Error { get; set; }

    public DateTimeOffset DueAt { get; set; }

    public DateTimeOffset? SetAsideAt { get; set; }
}

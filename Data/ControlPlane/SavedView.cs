namespace Workflows.Data.ControlPlane;

/// <summary>What a person keeps of a list: its filter, columns, order.</summary>
public sealed class SavedView : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>Which list: executions, workflows, …</summary>
    public required string List { get; set; }

    public required string Name { get; set; }

    public Guid OwnerId { get; set; }

    /// <summary>Whether everybody of the tenant sees it; only its owner changes it.</summary>
    public bool Shared { get; set; }

    /// <summary>A JSON object that its program understands.</summary>
    public required string Content { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

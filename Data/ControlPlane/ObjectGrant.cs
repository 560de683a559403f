namespace Workflows.Data.ControlPlane;

/// <summary>What a user, or the members of a group, may do with one object and with all that lies below it.</summary>
public sealed class ObjectGrant : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>workspace, folder, job or workflow.</summary>
    public required string ObjectType { get; set; }

    public Guid ObjectId { get; set; }

    /// <summary>Null where it was granted to a group.</summary>
    public Guid? UserId { get; set; }

    public Guid? GroupId { get; set; }

    /// <summary>view, edit or admin; each holds the ones before it.</summary>
    public required string Level { get; set; }

    /// <summary>The user who granted it; null = an API key did.</summary>
    public Guid? GrantedBy { get; set; }

    public DateTimeOffset GrantedAt { get; set; }

    /// <summary>From then on it counts no more; null = never.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }
}

namespace Workflows.Data.ControlPlane;

/// <summary>A tenant's word that operators of the platform may see its data, until a time.</summary>
public sealed class OperatorAccess : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Reason { get; set; }

    /// <summary>Name of the built-in role that they have meanwhile.</summary>
    public required string Role { get; set; }

    public Guid? GrantedBy { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    public DateTimeOffset? RevokedAt { get; set; }
}

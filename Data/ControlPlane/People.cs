namespace Workflows.Data.ControlPlane;

/// <summary>Users who are asked or told together.</summary>
public sealed class Group : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    public string Description { get; set; } = "";

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>A user's membership of a group.</summary>
public sealed class UserGroup : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid UserId { get; set; }

    public Guid GroupId { get; set; }
}

/// <summary>Who decides what is asked of a user in person while that user is away.</summary>
public sealed class Substitution : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid UserId { get; set; }

    public Guid SubstituteId { get; set; }

    public DateTimeOffset StartsAt { get; set; }

    public DateTimeOffset EndsAt { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>Something a user is told.</summary>
public sealed class Notification : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid UserId { get; set; }

    public Guid Id { get; set; }

    /// <summary>What it comes from; a user has one notification of each source.</summary>
    public required string Source { get; set; }

    /// <summary>approval or workflow.</summary>
    public required string Kind { get; set; }

    /// <summary>info, success, warning or error.</summary>
    public string Level { get; set; } = "info";

    public required string Title { get; set; }

    public string? Body { get; set; }

    public string? Link { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? ReadAt { get; set; }
}

/// <summary>To whom an approval request is addressed; read here, written by the stores of <c>Approvals</c>.</summary>
public sealed class ApprovalAssignee : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid RequestId { get; set; }

    /// <summary>user, group or role.</summary>
    public required string Kind { get; set; }

    public Guid PrincipalId { get; set; }

    public bool Open { get; set; }
}

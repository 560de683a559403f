namespace Workflows.Data.ControlPlane;

/// <summary>Changes that somebody prepares together, to be made all at once or not at all.</summary>
public sealed class EditTransaction : ITenantRow
{
    public const string Open = "open";
    public const string Committed = "committed";
    public const string RolledBack = "rolled_back";

    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>user or api_key.</summary>
    public required string HolderType { get; set; }

    public Guid HolderId { get; set; }

    public string Comment { get; set; } = "";

    /// <summary>open, committed or rolled_back; one that is open after <see cref="ExpiresAt"/> is over, too.</summary>
    public string State { get; set; } = Open;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }
}

/// <summary>One request of a transaction, as it was sent.</summary>
public sealed class StagedWrite : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid TransactionId { get; set; }

    public int Number { get; set; }

    public required string Method { get; set; }

    public required string Path { get; set; }

    /// <summary>With its question mark, and without the transaction's id.</summary>
    public string Query { get; set; } = "";

    /// <summary>The pattern of the route.</summary>
    public required string Route { get; set; }

    public string? Body { get; set; }

    public string? IfMatch { get; set; }

    public required string ObjectType { get; set; }

    public Guid ObjectId { get; set; }

    /// <summary>The version that the object had outside when the transaction first wrote on it; null where none is
    /// expected.</summary>
    public int? BaseVersion { get; set; }

    public Guid Seed { get; set; }

    public DateTimeOffset StagedAt { get; set; }
}

namespace Workflows.Data.ControlPlane;

/// <summary>A secret of a tenant: its name is known, its value leaves the database sealed only.</summary>
public sealed class Secret : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>What expressions read as <c>secrets.NAME</c>.</summary>
    public required string Name { get; set; }

    public string Description { get; set; } = "";

    public required string KeyId { get; set; }

    public required byte[] Sealed { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>What expressions read as <c>vars.NAME</c>: of the tenant, or of one workflow, which wins.</summary>
public sealed class Variable : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid? WorkflowId { get; set; }

    public required string Name { get; set; }

    /// <summary>Any JSON.</summary>
    public required string Value { get; set; }

    public string Description { get; set; } = "";

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>Stored connection details of a system outside.</summary>
public sealed class Connector : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    /// <summary>http, postgres, smtp or s3.</summary>
    public required string Type { get; set; }

    public string Description { get; set; } = "";

    /// <summary>active or disabled.</summary>
    public string Status { get; set; } = "active";

    public required string KeyId { get; set; }

    /// <summary>The whole configuration.</summary>
    public required byte[] Sealed { get; set; }

    public DateTimeOffset? TestedAt { get; set; }

    public bool? TestSucceeded { get; set; }

    public string? TestMessage { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>Something that executions keep for later ones.</summary>
public sealed class ContextEntry : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>tenant, workspace, workflow or execution.</summary>
    public required string Scope { get; set; }

    /// <summary>Which tenant, workspace, workflow or execution.</summary>
    public Guid ScopeId { get; set; }

    public required string Key { get; set; }

    /// <summary>Any JSON.</summary>
    public required string Value { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset? ExpiresAt { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>A node type of the tenant's own.</summary>
public sealed class NodeDefinitionRecord : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>Definitions use it as the type <c>custom:NAME</c>.</summary>
    public required string Name { get; set; }

    public string Description { get; set; } = "";

    /// <summary>The JSON Schema of the parameters.</summary>
    public required string Schema { get; set; }

    /// <summary>What a node of the type does, as JSON.</summary>
    public required string Implementation { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

namespace Workflows.Data.ControlPlane;

/// <summary>Something that a tenant knows, in Markdown: written by somebody, or read out of a file.</summary>
public sealed class KnowledgeArticle : ITenantRow, IVersionedRow
{
    public const string Processing = "processing";
    public const string Ready = "ready";
    public const string Failed = "failed";

    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Title { get; set; }

    /// <summary>Markdown. A line <c>&lt;!-- page 3 --&gt;</c> says where a page of the file begins.</summary>
    public string Content { get; set; } = "";

    /// <summary>Empty = none.</summary>
    public string Category { get; set; } = "";

    public string[] Tags { get; set; } = [];

    /// <summary>Null = of the whole tenant.</summary>
    public Guid? WorkspaceId { get; set; }

    /// <summary>Where it comes from, for people to look it up.</summary>
    public string? SourceUrl { get; set; }

    /// <summary>processing while a file is read, ready, or failed.</summary>
    public string Status { get; set; } = Ready;

    /// <summary>Why the file could not be read, as programs compare it.</summary>
    public string? FailureCode { get; set; }

    /// <summary>The same for people.</summary>
    public string? Failure { get; set; }

    /// <summary>Null where an API key wrote it.</summary>
    public Guid? CreatedBy { get; set; }

    public Guid? UpdatedBy { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>An article as it was after a change.</summary>
public sealed class KnowledgeVersion : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid ArticleId { get; set; }

    /// <summary>The article's version then.</summary>
    public int Number { get; set; }

    public required string Title { get; set; }

    public required string Content { get; set; }

    public required string Category { get; set; }

    public required string[] Tags { get; set; }

    public string? SourceUrl { get; set; }

    /// <summary>create, update, restore, or extract: read out of the file.</summary>
    public required string Change { get; set; }

    /// <summary>Null where an API key or the platform made it.</summary>
    public Guid? CreatedBy { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>The file that an article was read out of.</summary>
public sealed class KnowledgeFile : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid ArticleId { get; set; }

    public required string Name { get; set; }

    /// <summary>pdf, docx, html, markdown, csv or text.</summary>
    public required string Format { get; set; }

    public int Size { get; set; }

    /// <summary>SHA-256.</summary>
    public required byte[] Hash { get; set; }

    public required byte[] Bytes { get; set; }

    /// <summary>Null where the format has none, or nothing was read yet.</summary>
    public int? Pages { get; set; }

    /// <summary>How often its reading was begun.</summary>
    public int Attempts { get; set; }

    /// <summary>When it is to be read; null = it was.</summary>
    public DateTimeOffset? DueAt { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}

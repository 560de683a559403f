namespace Workflows.Data.ControlPlane;

/// <summary>To whom invoices of a tenant go; its own people write it.</summary>
public sealed class BillingProfile : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public required string Company { get; set; }

    /// <summary>Street and house, line by line.</summary>
    public required string[] Address { get; set; }

    public string PostalCode { get; set; } = "";

    public string City { get; set; } = "";

    /// <summary>ISO 3166, two letters.</summary>
    public required string Country { get; set; }

    public string? VatNumber { get; set; }

    public string ContactName { get; set; } = "";

    public required string ContactEmail { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>An invoice to a tenant, as a record. Once it is issued only its status changes; the database keeps it
/// so.</summary>
public sealed class Invoice : ITenantRow, IVersionedRow
{
    public const string Draft = "draft";
    public const string Issued = "issued";
    public const string Paid = "paid";
    public const string Void = "void";

    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Number { get; set; }

    /// <summary>One of the constants.</summary>
    public string Status { get; set; } = Draft;

    /// <summary>ISO 4217, three letters.</summary>
    public required string Currency { get; set; }

    public DateOnly PeriodStart { get; set; }

    public DateOnly PeriodEnd { get; set; }

    public DateOnly? DueOn { get; set; }

    /// <summary>JSON: what is charged, line by line.</summary>
    public required string Lines { get; set; }

    public decimal Net { get; set; }

    public decimal Tax { get; set; }

    public decimal Total { get; set; }

    public string Note { get; set; } = "";

    /// <summary>JSON: the billing address at the moment of issue.</summary>
    public string? BilledTo { get; set; }

    public DateTimeOffset? IssuedAt { get; set; }

    public DateTimeOffset? PaidAt { get; set; }

    public DateTimeOffset? VoidedAt { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>A version of the terms and conditions of a tenant, or of the platform.</summary>
public sealed class TermsVersion : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>Which version it is, from 1.</summary>
    public int Number { get; set; }

    public required string Title { get; set; }

    public required string Text { get; set; }

    /// <summary>Who has not accepted it may do nothing else, from its beginning on.</summary>
    public bool Required { get; set; }

    public DateTimeOffset ValidFrom { get; set; }

    public Guid? CreatedBy { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>That a person accepted a version of terms. It is under the person's tenant.</summary>
public sealed class TermsAcceptance : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid UserId { get; set; }

    public Guid TermsId { get; set; }

    public DateTimeOffset AcceptedAt { get; set; }

    public string? Ip { get; set; }

    public string? UserAgent { get; set; }
}

/// <summary>A label that tickets may bear.</summary>
public sealed class TicketLabel : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    public string Color { get; set; } = "";

    public string Description { get; set; } = "";

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>Something that somebody needs help with.</summary>
public sealed class Ticket : ITenantRow, IVersionedRow
{
    public const string ToTenant = "tenant";
    public const string ToPlatform = "platform";
    public const string Closed = "closed";

    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>tenant or platform: who answers.</summary>
    public string AddressedTo { get; set; } = ToTenant;

    public required string Title { get; set; }

    public string Text { get; set; } = "";

    /// <summary>open, in_progress, waiting, resolved or closed.</summary>
    public string Status { get; set; } = "open";

    /// <summary>low, normal, high or urgent.</summary>
    public string Priority { get; set; } = "normal";

    /// <summary>Names of labels.</summary>
    public string[] Labels { get; set; } = [];

    /// <summary>Null where an API key wrote it.</summary>
    public Guid? CreatedBy { get; set; }

    public Guid? AssigneeId { get; set; }

    public DateTimeOffset? ClosedAt { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>What somebody said about a ticket.</summary>
public sealed class TicketComment : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid TicketId { get; set; }

    public Guid Id { get; set; }

    public required string Text { get; set; }

    /// <summary>A user of the tenant, or of the platform's tenant.</summary>
    public Guid? AuthorId { get; set; }

    /// <summary>An operator of the platform wrote it.</summary>
    public bool ByPlatform { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>Something that people are told for a while.</summary>
public sealed class Announcement : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Title { get; set; }

    public string Text { get; set; } = "";

    /// <summary>info, success, warning or error.</summary>
    public string Level { get; set; } = "info";

    /// <summary>role or group, for each of <see cref="AudienceIds"/>; empty = all people.</summary>
    public string[] AudienceKinds { get; set; } = [];

    public Guid[] AudienceIds { get; set; } = [];

    public DateTimeOffset StartsAt { get; set; }

    public DateTimeOffset? EndsAt { get; set; }

    public Guid? CreatedBy { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>That a person has read an announcement. It is under the person's tenant.</summary>
public sealed class AnnouncementRead : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid UserId { get; set; }

    public Guid AnnouncementId { get; set; }

    public DateTimeOffset ReadAt { get; set; }
}

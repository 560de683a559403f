namespace Workflows.Data.ControlPlane;

/// <summary>What a person wants to be told of an object of the hierarchy and of all that lies below it.</summary>
public sealed class Subscription : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid UserId { get; set; }

    /// <summary>workspace, folder, job or workflow.</summary>
    public required string ObjectType { get; set; }

    public Guid ObjectId { get; set; }

    /// <summary>failure, success, approval.</summary>
    public required string[] Events { get; set; }

    /// <summary>in_app, email.</summary>
    public required string[] Channels { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>When a person wants mails of what they are told.</summary>
public sealed class NotificationSettings : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid UserId { get; set; }

    /// <summary>By the clocks of the time zone; null = mails come at any time.</summary>
    public TimeOnly? QuietFrom { get; set; }

    public TimeOnly? QuietTo { get; set; }

    /// <summary>A name of the IANA database.</summary>
    public string TimeZone { get; set; } = "UTC";

    /// <summary>immediate, hourly or daily.</summary>
    public string Digest { get; set; } = "immediate";

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>One message to one person or address by one channel; made by workers.</summary>
public sealed class Delivery : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>Null = an address that the workflow's settings name.</summary>
    public Guid? UserId { get; set; }

    public string? Recipient { get; set; }

    /// <summary>in_app or email.</summary>
    public required string Channel { get; set; }

    /// <summary>failure, success or approval.</summary>
    public required string Event { get; set; }

    public required string Title { get; set; }

    public string? Body { get; set; }

    public required string Link { get; set; }

    public DateTimeOffset DueAt { get; set; }

    /// <summary>waiting, sent, failed or dropped. Of a mail, sent means handed to who sends it.</summary>
    public required string Status { get; set; }

    public int Attempts { get; set; }

    public string? Error { get; set; }

    /// <summary>The mail that holds it.</summary>
    public Guid? MailId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }
}

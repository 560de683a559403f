namespace Workflows.Data.ControlPlane;

/// <summary>Which days are business days.</summary>
public sealed class Calendar : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    public string Description { get; set; } = "";

    /// <summary>Days of the week, 0 = Sunday.</summary>
    public short[] BusinessDays { get; set; } = [1, 2, 3, 4, 5];

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }
}

/// <summary>A day that is not as its weekday says.</summary>
public sealed class CalendarDay : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid CalendarId { get; set; }

    public DateOnly Day { get; set; }

    public string Name { get; set; } = "";

    /// <summary>True = people work although the weekday is free; false = a holiday.</summary>
    public bool IsBusiness { get; set; }
}

/// <summary>When something starts by itself. Its times are written here and by the workers that fire it, each under the row's lock.</summary>
public sealed class Schedule : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    public string Description { get; set; } = "";

    public Guid? WorkflowId { get; set; }

    public Guid? JobId { get; set; }

    public Guid? PackageId { get; set; }

    /// <summary>The trigger of the published version that made it; null = it stands by itself.</summary>
    public string? TriggerId { get; set; }

    public string? Cron { get; set; }

    public double? IntervalSeconds { get; set; }

    public DateTimeOffset? At { get; set; }

    public string TimeZone { get; set; } = "UTC";

    public Guid? CalendarId { get; set; }

    public string OnNonBusinessDay { get; set; } = "skip";

    public string Misfire { get; set; } = "fireOnce";

    public int MisfireLimit { get; set; } = 10;

    public string Overlap { get; set; } = "allow";

    public double JitterSeconds { get; set; }

    public DateTimeOffset? StartsAt { get; set; }

    public DateTimeOffset? EndsAt { get; set; }

    /// <summary>JSON.</summary>
    public string Input { get; set; } = "{}";

    public bool Enabled { get; set; } = true;

    /// <summary>Why the platform itself switched it off; null when nobody or a person did. Cleared when it is switched
    /// on again.</summary>
    public string? DisabledReason { get; set; }

    /// <summary>How often in a row it could not be fired.</summary>
    public int Failures { get; set; }

    /// <summary>Until when it is left alone after a failure.</summary>
    public DateTimeOffset? RetryAt { get; set; }

    /// <summary>From where intervals count.</summary>
    public DateTimeOffset AnchorAt { get; set; }

    public DateTimeOffset? NextTick { get; set; }

    public DateTimeOffset? NextFireAt { get; set; }

    public DateTimeOffset? LastFiredAt { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary>The id of the workflow, or what holds it, with which it was deleted; null = it was deleted
    /// itself.</summary>
    public Guid? DeletedWith { get; set; }
}

/// <summary>What came of one instant of a schedule. Read only.</summary>
public sealed class ScheduleFire : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid ScheduleId { get; set; }

    public DateTimeOffset Tick { get; set; }

    public DateTimeOffset FiredAt { get; set; }

    /// <summary>started, queued, skipped, missed or refused.</summary>
    public required string Outcome { get; set; }

    public string Reason { get; set; } = "";

    public Guid? ExecutionId { get; set; }

    public Guid? JobRunId { get; set; }
}

/// <summary>In a run of their job, one workflow waits for another.</summary>
public sealed class WorkflowDependency : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid WorkflowId { get; set; }

    public Guid DependsOnId { get; set; }
}

/// <summary>Jobs that run one after the other.</summary>
public sealed class JobPackage : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    public string Description { get; set; } = "";

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }
}

/// <summary>A job's place in a package.</summary>
public sealed class JobPackageStep : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid PackageId { get; set; }

    public Guid Id { get; set; }

    public int Position { get; set; }

    public Guid JobId { get; set; }
}

/// <summary>One run of a job or a package. Carried on by the workers.</summary>
public sealed class JobRun : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid? JobId { get; set; }

    public Guid? PackageId { get; set; }

    public Guid? ParentRunId { get; set; }

    /// <summary>running, completed, failed or cancelled.</summary>
    public string Status { get; set; } = "running";

    /// <summary>stop or continue.</summary>
    public string OnFailure { get; set; } = "stop";

    public required string TriggerType { get; set; }

    public string Trigger { get; set; } = "{}";

    public string Input { get; set; } = "{}";

    public int Attempt { get; set; } = 1;

    public bool CancelRequested { get; set; }

    /// <summary>A worker should look at it at once.</summary>
    public bool IsDue { get; set; } = true;

    public long RowsProcessed { get; set; }

    public string? CreatedBy { get; set; }

    /// <summary>JSON: why the platform could not carry the run on; null when it is an item that failed.</summary>
    public string? Error { get; set; }

    /// <summary>How often in a row it could not be carried on.</summary>
    public int Failures { get; set; }

    /// <summary>Until when it is left alone after a failure.</summary>
    public DateTimeOffset? RetryAt { get; set; }

    public DateTimeOffset StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }
}

/// <summary>A workflow of the job, or a job of the package, in one run.</summary>
public sealed class JobRunItem : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid RunId { get; set; }

    public Guid Id { get; set; }

    public int Position { get; set; }

    public Guid? WorkflowId { get; set; }

    public Guid? JobId { get; set; }

    public Guid[] DependsOn { get; set; } = [];

    /// <summary>pending, running, completed, failed, cancelled or skipped.</summary>
    public string Status { get; set; } = "pending";

    public Guid? ExecutionId { get; set; }

    public Guid? ChildRunId { get; set; }

    public string? Error { get; set; }

    public long RowsProcessed { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }
}

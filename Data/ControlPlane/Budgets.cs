namespace Workflows.Data.ControlPlane;

/// <summary>How much a tenant wants to use, whom to tell on the way, and whether to stop there.</summary>
public sealed class Budget : ITenantRow, IVersionedRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    /// <summary>executions, steps, storage (bytes) or modelCost (US cents).</summary>
    public required string Kind { get; set; }

    /// <summary>Of modelCost: what this workspace spends alone; null = the tenant.</summary>
    public Guid? WorkspaceId { get; set; }

    /// <summary>day or month, of UTC.</summary>
    public required string Period { get; set; }

    public long Amount { get; set; }

    /// <summary>Percents at which people are told.</summary>
    public required int[] Thresholds { get; set; }

    /// <summary>Nothing new starts once it is used up; of modelCost: no model is asked that could go beyond
    /// it.</summary>
    public bool HardStop { get; set; }

    public bool Enabled { get; set; } = true;

    /// <summary>Alerts are mailed, too.</summary>
    public bool Mail { get; set; }

    /// <summary>user, group or role, for each of <see cref="NotifyIds"/>; empty = the owners.</summary>
    public string[] NotifyKinds { get; set; } = [];

    public Guid[] NotifyIds { get; set; } = [];

    /// <summary>What the last round counted; written by the workers.</summary>
    public long Used { get; set; }

    public DateTimeOffset? MeasuredAt { get; set; }

    public int Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>That a threshold was reached within a period; written by the workers.</summary>
public sealed class BudgetAlert : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid BudgetId { get; set; }

    public DateTimeOffset PeriodStart { get; set; }

    /// <summary>In percent.</summary>
    public int Threshold { get; set; }

    public long Used { get; set; }

    public long Amount { get; set; }

    public DateTimeOffset At { get; set; }
}

/// <summary>That a budget stops starts until then; written by the workers, taken away by whoever changes the
/// budget.</summary>
public sealed class BudgetStop : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid BudgetId { get; set; }

    public required string Name { get; set; }

    public DateTimeOffset Until { get; set; }
}

/// <summary>What a tenant used on a day of UTC; written by the workers.</summary>
public sealed class UsageOfDay : ITenantRow
{
    public Guid TenantId { get; set; }

    public DateOnly Day { get; set; }

    /// <summary>That ended on the day, however they did.</summary>
    public long Executions { get; set; }

    /// <summary>Those of them that failed or timed out.</summary>
    public long Failures { get; set; }

    /// <summary>Of these executions.</summary>
    public long Steps { get; set; }

    /// <summary>As it was last measured on the day.</summary>
    public long? StorageBytes { get; set; }

    public DateTimeOffset? MeasuredAt { get; set; }
}

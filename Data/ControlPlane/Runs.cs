namespace Workflows.Data.ControlPlane;

/// <summary>An execution as the API shows it. Read only: executions are written by hand-made SQL.</summary>
public sealed class ExecutionRecord : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid WorkflowId { get; set; }

    public int Version { get; set; }

    public required string Status { get; set; }

    public short Priority { get; set; }

    public required string TriggerType { get; set; }

    public string? Trigger { get; set; }

    public string? CorrelationId { get; set; }

    public Guid? ParentExecutionId { get; set; }

    public string? ParentNodeId { get; set; }

    /// <summary>The session of a person that it belongs to.</summary>
    public string? SessionId { get; set; }

    public required string Input { get; set; }

    public string? Output { get; set; }

    public string? Error { get; set; }

    public int Attempt { get; set; }

    public long RowsProcessed { get; set; }

    public Guid? LeaseOwner { get; set; }

    /// <summary>The execution of which this one is a rerun.</summary>
    public Guid? ForkedFrom { get; set; }

    public string? ParentIteration { get; set; }

    public string? ConcurrencyKey { get; set; }

    public int? ConcurrencyLimit { get; set; }

    /// <summary>A held one's moment by the rate limit of its workflow; the end of time while a start from SQL is yet to be admitted.</summary>
    public DateTimeOffset? NotBefore { get; set; }

    /// <summary>When a person closed the failure without running it again.</summary>
    public DateTimeOffset? ResolvedAt { get; set; }

    public string? ResolvedBy { get; set; }

    public string? Resolution { get; set; }

    public string? StopRequest { get; set; }

    public string? StopReason { get; set; }

    public string? CreatedBy { get; set; }

    public DateTimeOffset QueuedAt { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }
}

/// <summary>One recorded attempt of a node. Read only.</summary>
public sealed class StepExecutionRecord : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid ExecutionId { get; set; }

    public required string NodeId { get; set; }

    public string Iteration { get; set; } = "";

    public int Attempt { get; set; }

    public int Run { get; set; }

    public int Sequence { get; set; }

    public required string NodeType { get; set; }

    public required string Status { get; set; }

    public string? Port { get; set; }

    public string? Input { get; set; }

    public string? Output { get; set; }

    public string? Error { get; set; }

    public DateTimeOffset StartedAt { get; set; }

    public DateTimeOffset FinishedAt { get; set; }
}

/// <summary>What an execution waits or waited for. Read only.</summary>
public sealed class WaitRecord : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid ExecutionId { get; set; }

    public required string NodeId { get; set; }

    public string Iteration { get; set; } = "";

    public int Attempt { get; set; }

    public required string Kind { get; set; }

    public required string Status { get; set; }

    public string? EventType { get; set; }

    public string? CorrelationKey { get; set; }

    public DateTimeOffset? DueAt { get; set; }

    public string? Outcome { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? ResolvedAt { get; set; }
}

/// <summary>An instant at which something happens to an execution. Read only.</summary>
public sealed class TimerRecord : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid ExecutionId { get; set; }

    public required string NodeId { get; set; }

    public string Iteration { get; set; } = "";

    public int Attempt { get; set; }

    /// <summary>wait or execution_timeout.</summary>
    public required string Kind { get; set; }

    public DateTimeOffset DueAt { get; set; }
}

/// <summary>What happened to an execution beside its steps. Read only.</summary>
public sealed class ExecutionLog : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid ExecutionId { get; set; }

    /// <summary>debug, info, warning or error.</summary>
    public required string Level { get; set; }

    public string? NodeId { get; set; }

    public required string Message { get; set; }

    public string? Metadata { get; set; }

    public DateTimeOffset At { get; set; }
}

/// <summary>Work that exhausted its attempts. Read only.</summary>
public sealed class DeadLetter : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public Guid ExecutionId { get; set; }

    public Guid WorkflowId { get; set; }

    public string? NodeId { get; set; }

    public required string Error { get; set; }

    public string? Input { get; set; }

    public required string Status { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? SettledAt { get; set; }

    public string? SettledBy { get; set; }
}

/// <summary>A CloudEvent as stored. Read only.</summary>
public sealed class EventRecord : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string EventId { get; set; }

    public required string Source { get; set; }

    public required string Type { get; set; }

    public string? Subject { get; set; }

    public string? CorrelationKey { get; set; }

    public DateTimeOffset? Time { get; set; }

    public string? DataContentType { get; set; }

    public string? DataSchema { get; set; }

    public string? Data { get; set; }

    public required string Extensions { get; set; }

    public DateTimeOffset ReceivedAt { get; set; }
}

/// <summary>What an event did, or why not. Read only.</summary>
public sealed class EventMatch : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid EventId { get; set; }

    public required string Target { get; set; }

    public Guid? WorkflowId { get; set; }

    public Guid? ExecutionId { get; set; }

    /// <summary>The rule that matched; null of a trigger and of a wait.</summary>
    public Guid? RuleId { get; set; }

    /// <summary>The event that the rule emitted.</summary>
    public Guid? EmittedId { get; set; }

    /// <summary>How many users the rule told.</summary>
    public int? Notified { get; set; }

    public bool Matched { get; set; }

    public string Reason { get; set; } = "";
}

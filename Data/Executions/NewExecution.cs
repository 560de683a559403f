namespace Workflows.Data.Executions;

/// <summary>Tenant and id: nothing is ever looked up by an id alone.</summary>
public readonly record struct ExecutionKey(Guid TenantId, Guid Id)
{
    /// <summary>The order in which rows of several executions are locked.</summary>
    public int CompareTo(ExecutionKey other) =>
        TenantId.CompareTo(other.TenantId) is var byTenant and not 0 ? byTenant : Id.CompareTo(other.Id);
}

/// <summary>Order among executions that wait for a worker; the value is what the database and the stream names hold.</summary>
public enum ExecutionPriority
{
    Low = -1,
    Normal = 0,
    High = 1,
}

/// <summary>An execution to be accepted.</summary>
public sealed record NewExecution
{
    public required Guid TenantId { get; init; }

    /// <summary>A UUIDv7; its time decides the partition.</summary>
    public required Guid Id { get; init; }

    public required Guid WorkflowId { get; init; }

    public required int Version { get; init; }

    public ExecutionPriority Priority { get; init; }

    /// <summary>event, schedule, webhook, manual, sub_workflow, session, rule or retry.</summary>
    public required string TriggerType { get; init; }

    /// <summary>JSON that expressions see as <c>trigger</c>; for events it holds the CloudEvent under <c>event</c>.</summary>
    public byte[]? Trigger { get; init; }

    public string? CorrelationId { get; init; }

    /// <summary>UTF-8 JSON.</summary>
    public required byte[] Input { get; init; }

    /// <summary>Address of a <see cref="Dispatch.ReplyListener"/> that wants to hear of the end, or null.</summary>
    public string? ReplyTo { get; init; }

    public string? CreatedBy { get; init; }

    public IdempotencyClaim? Idempotency { get; init; }

    /// <summary>The limit it falls under (<see cref="StartSettings"/>), or null.</summary>
    public ConcurrencyClaim? Concurrency { get; init; }
}

/// <summary>A client's name for a request, and the hash of what it asked for.</summary>
public sealed record IdempotencyClaim(string Scope, string Key, byte[] RequestHash);

/// <summary>What became of a start.</summary>
public abstract record StartOutcome
{
    private StartOutcome()
    {
    }

    /// <summary>The execution is committed.</summary>
    public sealed record Started(Guid Id) : StartOutcome
    {
        /// <summary>Its concurrency limit is reached: it is queued when one of the others has ended.</summary>
        public bool IsHeld { get; init; }
    }

    /// <summary>The same request was accepted before, as this execution.</summary>
    public sealed record AlreadyStarted(Guid Id) : StartOutcome
    {
        /// <summary>What stands for the status of an execution that retention has taken away.</summary>
        public const string Gone = "expired";

        /// <summary>Its status now; null when it is gone by retention while its key is still known.</summary>
        public string? Status { get; init; }

        /// <summary>The version that it was started with; null as <see cref="Status"/>.</summary>
        public int? Version { get; init; }
    }

    /// <summary>The idempotency key was used for another request.</summary>
    public sealed record KeyReused : StartOutcome;

    /// <summary>Its concurrency limit is reached and its policy is to skip: nothing was stored.</summary>
    public sealed record Skipped : StartOutcome;

    /// <summary>Too many starts wait for the database; nothing was stored. Try again shortly.</summary>
    public sealed record Overloaded : StartOutcome;
}

namespace Workflows.Data.Executions;

/// <summary>The end of an execution.</summary>
public sealed record FinishedExecution
{
    public required ExecutionKey Key { get; init; }

    public required long Fence { get; init; }

    /// <summary>completed, failed, cancelled or timed_out.</summary>
    public required string Status { get; init; }

    public byte[]? Output { get; init; }

    public byte[]? Error { get; init; }

    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>An execution that waits for this one is told of its end.</summary>
    public bool IsChild { get; init; }

    /// <summary>The sum over its steps.</summary>
    public long RowsProcessed { get; init; }

    /// <summary>How many were recorded in this run of it.</summary>
    public int Steps { get; init; }

    /// <summary>It has a concurrency limit (<see cref="ClaimedExecution.IsLimited"/>): others may wait for its place.</summary>
    public bool IsLimited { get; init; }
}

/// <summary>An execution that only waits: its row gives up the worker.</summary>
public sealed record ParkedExecution(ExecutionKey Key, long Fence, int Wakes);

/// <summary>An execution that a person wants to rest and of which nothing runs any more: its row gives up the worker.</summary>
public sealed record PausedExecution(ExecutionKey Key, long Fence);

/// <summary>An instant at which a wait falls due, or (with an empty node) the execution times out.</summary>
public sealed record TimerRow(ExecutionKey Key, string NodeId, string Iteration, int Attempt, string Kind, DateTimeOffset DueAt);

/// <summary>Names a wait whose outcome is recorded now, or that is given up.</summary>
public sealed record WaitKey(ExecutionKey Key, string NodeId, string Iteration, int Attempt);

/// <summary>An event that a step emitted; its id is derived from the step, so that writing it twice is writing it once.</summary>
public sealed record EmittedEvent
{
    public required Guid TenantId { get; init; }

    public required Guid Id { get; init; }

    public required string EventId { get; init; }

    public required string Source { get; init; }

    public required string Type { get; init; }

    public string? Subject { get; init; }

    public required DateTimeOffset Time { get; init; }

    public byte[]? Data { get; init; }

    /// <summary>JSON object of CloudEvents extension attributes.</summary>
    public required byte[] Extensions { get; init; }
}

/// <summary>Work that exhausted its attempts.</summary>
public sealed record DeadLetter(Guid Id, ExecutionKey Key, Guid WorkflowId, string? NodeId, byte[] Error, byte[]? Input);

/// <summary>Something worth telling about an execution beside its steps.</summary>
/// <param name="Id">A UUIDv7; its time decides the partition.</param>
/// <param name="Level">debug, info, warning or error.</param>
/// <param name="Metadata">UTF-8 JSON, or null.</param>
public sealed record LogRow(Guid Id, ExecutionKey Key, string Level, string? NodeId, string Message, byte[]? Metadata, DateTimeOffset At);

/// <summary>Everything that becomes durable in one transaction; each list may be empty.</summary>
public sealed class Checkpoint
{
    public List<StepRow> Steps { get; } = [];

    public List<FinishedExecution> Finished { get; } = [];

    public List<ParkedExecution> Parked { get; } = [];

    public List<PausedExecution> Paused { get; } = [];

    public List<WaitRow> Opened { get; } = [];

    public List<TimerRow> Timers { get; } = [];

    public List<WaitKey> Closed { get; } = [];

    /// <summary>Executions whose waits and timers all go, since they ended.</summary>
    public List<ExecutionKey> Cleared { get; } = [];

    /// <summary>Executions to start, each by a wait among <see cref="Opened"/>.</summary>
    public List<ChildStart> Children { get; } = [];

    /// <summary>Waits for children that are given up: the children are asked to stop. An empty node = all of the execution's.</summary>
    public List<WaitKey> AbandonedChildren { get; } = [];

    public List<EmittedEvent> Emitted { get; } = [];

    public List<DeadLetter> DeadLetters { get; } = [];

    public List<LogRow> Logs { get; } = [];

    /// <summary>Steps of tests, with what they ran on.</summary>
    public List<StepRow> TestSteps { get; } = [];

    /// <summary>Ends of tests: nobody is told of them, nothing counts them.</summary>
    public List<FinishedExecution> FinishedTests { get; } = [];

    public void Clear()
    {
        Steps.Clear();
        Finished.Clear();
        Parked.Clear();
        Paused.Clear();
        Opened.Clear();
        Timers.Clear();
        Closed.Clear();
        Cleared.Clear();
        Children.Clear();
        AbandonedChildren.Clear();
        Emitted.Clear();
        DeadLetters.Clear();
        Logs.Clear();
        TestSteps.Clear();
        FinishedTests.Clear();
    }
}

/// <summary>What the database made of a checkpoint.</summary>
/// <param name="Requeued">Parked executions that a wake-up overtook, paused ones that were cancelled or resumed meanwhile, held ones whose turn has come: they are queued and wait for a worker.</param>
/// <param name="Woken">Children that were started or asked to stop, and parents that were told of an end.</param>
public sealed record CheckpointResult(IReadOnlyList<DispatchedExecution> Requeued, IReadOnlyList<WokenExecution> Woken);

/// <summary>An execution that became queued.</summary>
public sealed record DispatchedExecution(ExecutionKey Key, ExecutionPriority Priority);

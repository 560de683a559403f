namespace Workflows.Engine.Executions;

/// <summary>States of an execution. The diagram and every legal edge are in docs/execution-states.md.</summary>
public enum ExecutionStatus
{
    Queued,
    Running,
    Waiting,

    /// <summary>A person stopped it for a while.</summary>
    Paused,

    /// <summary>Accepted, and kept from the queue by a limit on how many may run at once.</summary>
    Held,
    Completed,
    Failed,
    Cancelled,
    TimedOut,
}

/// <summary>
/// The words of <see cref="ExecutionStatus"/> in the database and in the API, and the legal edges between them.
/// </summary>
public static class ExecutionStatuses
{
    public const string Queued = "queued";
    public const string Running = "running";
    public const string Waiting = "waiting";
    public const string Paused = "paused";
    public const string Held = "held";
    public const string Completed = "completed";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";
    public const string TimedOut = "timed_out";

    public static string ToText(this ExecutionStatus status) => status switch
    {
        ExecutionStatus.Queued => Queued,
        ExecutionStatus.Running => Running,
        ExecutionStatus.Waiting => Waiting,
        ExecutionStatus.Paused => Paused,
        ExecutionStatus.Held => Held,
        ExecutionStatus.Completed => Completed,
        ExecutionStatus.Failed => Failed,
        ExecutionStatus.Cancelled => Cancelled,
        ExecutionStatus.TimedOut => TimedOut,
    };

    public static bool TryParse(string? text, out ExecutionStatus status)
    {
        ExecutionStatus? known = text switch
        {
            Queued => ExecutionStatus.Queued,
            Running => ExecutionStatus.Running,
            Waiting => ExecutionStatus.Waiting,
            Paused => ExecutionStatus.Paused,
            Held => ExecutionStatus.Held,
            Completed => ExecutionStatus.Completed,
            Failed => ExecutionStatus.Failed,
            Cancelled => ExecutionStatus.Cancelled,
            TimedOut => ExecutionStatus.TimedOut,
            _ => null,
        };
        status = known.GetValueOrDefault();
        return known.HasValue;
    }

    /// <summary>True for the states that nothing leaves by itself (a retry by a person may).</summary>
    public static bool IsFinal(this ExecutionStatus status) => status switch
    {
        ExecutionStatus.Completed or ExecutionStatus.Failed or ExecutionStatus.Cancelled or ExecutionStatus.TimedOut => true,
        ExecutionStatus.Queued or ExecutionStatus.Running or ExecutionStatus.Waiting or ExecutionStatus.Paused or ExecutionStatus.Held => false,
    };

    /// <summary>Whether an execution may go from <paramref name="from"/> to <paramref name="to"/> in one write.</summary>
    public static bool MayBecome(this ExecutionStatus from, ExecutionStatus to) => from switch
    {
        // Queued ends directly when it is cancelled, or its time is over, before a worker has claimed it.
        ExecutionStatus.Queued => to is ExecutionStatus.Running or ExecutionStatus.Paused or ExecutionStatus.Cancelled or ExecutionStatus.TimedOut,
        // Back to queued: a graceful stop hands back, a rescue takes from a dead worker.
        ExecutionStatus.Running => to is not (ExecutionStatus.Running or ExecutionStatus.Held),
        // A wait that resolved queues the execution; a worker that still holds it goes on directly.
        ExecutionStatus.Waiting => to is ExecutionStatus.Queued or ExecutionStatus.Running or ExecutionStatus.Paused
            or ExecutionStatus.Cancelled or ExecutionStatus.TimedOut,
        // Waits that resolve meanwhile are kept for the resumption.
        ExecutionStatus.Paused => to is ExecutionStatus.Queued or ExecutionStatus.Cancelled or ExecutionStatus.TimedOut,
        ExecutionStatus.Held => to is ExecutionStatus.Queued or ExecutionStatus.Cancelled or ExecutionStatus.TimedOut,
        // A person retries from the failed node; one with a concurrency limit lines up again.
        ExecutionStatus.Failed or ExecutionStatus.TimedOut or ExecutionStatus.Cancelled => to is ExecutionStatus.Queued or ExecutionStatus.Held,
        ExecutionStatus.Completed => false,
    };
}

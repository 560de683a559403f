using Workflows.Engine;

namespace Workflows.Data.Executions;

/// <summary>Times of an execution as people are told of them.</summary>
public static class ExecutionTimes
{
    /// <summary>
    /// When an execution was put into the queue for what it began with. The row's own time is that of the last
    /// queueing, by which the sweeps go, and so after its beginning once it has waited: then it is the time of its
    /// acceptance.
    /// </summary>
    public static DateTimeOffset QueuedAt(Guid id, DateTimeOffset queuedAt, DateTimeOffset? startedAt) =>
        startedAt is { } started && started < queuedAt ? AcceptedAt(id, started) : queuedAt;

    /// <summary>
    /// Milliseconds from the start by a worker (of the last retry) to the end, waits included; null before the end, and
    /// when it never started.
    /// </summary>
    public static double? DurationMs(DateTimeOffset? startedAt, DateTimeOffset? finishedAt) =>
        (finishedAt - startedAt)?.TotalMilliseconds;

    private static DateTimeOffset AcceptedAt(Guid id, DateTimeOffset startedAt) =>
        UuidTime.Of(id) is { } accepted && accepted < startedAt ? accepted : startedAt;
}

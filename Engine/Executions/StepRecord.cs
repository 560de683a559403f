namespace Workflows.Engine.Executions;

/// <summary>How one recorded attempt of a node ended. Skipped nodes are no rows: they follow from the steps that are.</summary>
public enum StepStatus
{
    Completed,
    Failed,
    Cancelled,
}

/// <summary>The words of <see cref="StepStatus"/> in the database and in the API.</summary>
public static class StepStatuses
{
    public const string Completed = "completed";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";

    public static string ToText(this StepStatus status) => status switch
    {
        StepStatus.Completed => Completed,
        StepStatus.Failed => Failed,
        StepStatus.Cancelled => Cancelled,
    };

    public static bool TryParse(string? text, out StepStatus status)
    {
        StepStatus? known = text switch
        {
            Completed => StepStatus.Completed,
            Failed => StepStatus.Failed,
            Cancelled => StepStatus.Cancelled,
            _ => null,
        };
        status = known.GetValueOrDefault();
        return known.HasValue;
    }
}

/// <summary>Whether trying a failed step again can help.</summary>
public enum StepErrorKind
{
    /// <summary>The same call would fail again: never retried.</summary>
    Permanent,

    /// <summary>The target was not able to answer now: retried by the node's policy.</summary>
    Transient,

    /// <summary>No answer within the node's time: retried by the node's policy; the outside effect may have happened.</summary>
    Timeout,

    /// <summary>Stopped because the execution ends: never retried.</summary>
    Cancelled,
}

/// <summary>The words of <see cref="StepErrorKind"/> in the database, in the API and in outputs.</summary>
public static class StepErrorKinds
{
    public const string Permanent = "permanent";
    public const string Transient = "transient";
    public const string Timeout = "timeout";
    public const string Cancelled = "cancelled";

    public static string ToText(this StepErrorKind kind) => kind switch
    {
        StepErrorKind.Permanent => Permanent,
        StepErrorKind.Transient => Transient,
        StepErrorKind.Timeout => Timeout,
        StepErrorKind.Cancelled => Cancelled,
    };

    public static bool TryParse(string? text, out StepErrorKind kind)
    {
        StepErrorKind? known = text switch
        {
            Permanent => StepErrorKind.Permanent,
            Transient => StepErrorKind.Transient,
            Timeout => StepErrorKind.Timeout,
            Cancelled => StepErrorKind.Cancelled,
            _ => null,
        };
        kind = known.GetValueOrDefault();
        return known.HasValue;
    }
}

/// <summary>Why a step failed, as data. <see cref="Code"/> is upper snake case and stable.</summary>
/// <param name="RetryAfter">The target's own wish for the earliest next attempt; longer than the policy's delay wins.</param>
public sealed record StepError(
    string Code, string Message, StepErrorKind Kind = StepErrorKind.Permanent, TimeSpan? RetryAfter = null)
{
    /// <summary>
    /// What else whoever handles the error may want to know: a JSON object in UTF-8 whose members stand beside code,
    /// message and kind in the output at the error port; empty = nothing.
    /// </summary>
    public ReadOnlyMemory<byte> Details { get; init; }

    /// <summary>The error of the execution that the step started, when that is what it failed for.</summary>
    public ErrorCause? Cause { get; init; }
}

/// <summary>The error behind a step's error.</summary>
public sealed record ErrorCause(string Code, string Message);

/// <summary>Why an execution failed: the step error that ended it, and the node it came from (null for a time-out).</summary>
/// <param name="Compensation">What was undone because of it; null = nothing was there to undo.</param>
public sealed record ExecutionError(string Code, string Message, string? NodeId, CompensationTally? Compensation = null)
{
    /// <summary>Whether starting the same once more can help.</summary>
    public StepErrorKind Kind { get; init; } = StepErrorKind.Permanent;
}

/// <summary>How many nodes were undone, and how many could not be.</summary>
public sealed record CompensationTally(int Completed, int Failed);

/// <summary>One attempt of one node, as it is to be written: exactly one row per (execution, node, iteration, attempt).</summary>
/// <param name="Port">The port the node left by; null when the attempt is retried or ends the execution.</param>
/// <param name="Output">UTF-8 JSON; empty when there is none (a failed attempt that is retried).</param>
public sealed record StepRecord(
    int Ordinal,
    string NodeId,
    string Type,
    string Iteration,
    int Attempt,
    StepStatus Status,
    string? Port,
    ReadOnlyMemory<byte> Output,
    StepError? Error,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt)
{
    /// <summary>Order of recording within the execution, from 1.</summary>
    public required int Sequence { get; init; }

    /// <summary>The execution's own attempt (<see cref="ExecutionFacts.Attempt"/>) in which it was recorded.</summary>
    public required int Run { get; init; }

    public TimeSpan Duration => FinishedAt - StartedAt;

    /// <summary>Rows that the attempt read or wrote outside; null = the node does not count any.</summary>
    public long? RowsProcessed { get; init; }
}

/// <summary>A step row read back, for <c>Decider.Resume</c>.</summary>
/// <param name="Sequence">See <see cref="StepRecord.Sequence"/>; compensations go backwards by it.</param>
/// <param name="Run">The execution's own attempt (<see cref="ExecutionFacts.Attempt"/>) in which it was recorded.</param>
public readonly record struct RecordedStep(
    string NodeId,
    string Iteration,
    int Attempt,
    StepStatus Status,
    string? Port,
    ReadOnlyMemory<byte> Output,
    StepError? Error,
    DateTimeOffset FinishedAt,
    int Sequence = 0,
    int Run = 1);

namespace Workflows.Engine.Executions;

/// <summary>What a parked node waits for. The words in the database are <see cref="WaitKinds"/>.</summary>
public enum WaitKind
{
    /// <summary>A point in time (delay).</summary>
    Timer,

    /// <summary>An event of a type and correlation key, or a point in time as its time-out.</summary>
    Event,

    /// <summary>The point in time of the next attempt of a failed step.</summary>
    Retry,

    /// <summary>The decision of people, or a point in time as its expiry.</summary>
    Approval,

    /// <summary>The end of an execution that this one started.</summary>
    Child,

    /// <summary>A call to the wait's one-time address, or a point in time as its time-out.</summary>
    Webhook,

    /// <summary>The next message of a dialogue with a person, or a point in time as its time-out.</summary>
    Session,
}

public static class WaitKinds
{
    public const string Timer = "timer";
    public const string Event = "event";
    public const string Retry = "retry";
    public const string Approval = "approval";
    public const string Child = "child";
    public const string Webhook = "webhook";
    public const string Session = "session";

    public static string ToText(this WaitKind kind) => kind switch
    {
        WaitKind.Timer => Timer,
        WaitKind.Event => Event,
        WaitKind.Retry => Retry,
        WaitKind.Approval => Approval,
        WaitKind.Child => Child,
        WaitKind.Webhook => Webhook,
        WaitKind.Session => Session,
    };

    public static bool TryParse(string? text, out WaitKind kind)
    {
        WaitKind? known = text switch
        {
            Timer => WaitKind.Timer,
            Event => WaitKind.Event,
            Retry => WaitKind.Retry,
            Approval => WaitKind.Approval,
            Child => WaitKind.Child,
            Webhook => WaitKind.Webhook,
            Session => WaitKind.Session,
            _ => null,
        };
        kind = known.GetValueOrDefault();
        return known.HasValue;
    }
}

/// <summary>How a wait ended.</summary>
public enum WaitOutcome
{
    /// <summary>Its point in time has come (timer, retry).</summary>
    Due,

    /// <summary>The event arrived; its CloudEvent as structured JSON comes along.</summary>
    Event,

    /// <summary>Its point in time came before what it waited for did.</summary>
    Timeout,

    /// <summary>People decided, the child ended or the address was called; the answer comes along as JSON.</summary>
    Answered,
}

/// <summary>
/// A wait to be written as one row; (execution, node, iteration, attempt) is its key, so that opening it twice is opening it
/// once.
/// </summary>
/// <param name="DueAt">When the timer fires; for an event wait its time-out, null = waits for ever.</param>
/// <param name="EventType">The CloudEvents type, maybe with <c>*</c>; event waits only.</param>
/// <param name="CorrelationKey">The event must bear the same key; null = any event of the type. Event waits only.</param>
/// <param name="Request">What the rows beside the wait are made from (UTF-8 JSON, its shape given by the kind); empty for timers and events.</param>
public sealed record WaitSpec(
    int Ordinal,
    string NodeId,
    string Iteration,
    int Attempt,
    WaitKind Kind,
    DateTimeOffset? DueAt,
    string? EventType = null,
    string? CorrelationKey = null,
    ReadOnlyMemory<byte> Request = default);

/// <summary>A wait row read back, for <c>Decider.Resume</c>: open, or resolved but not yet acted upon.</summary>
/// <param name="Outcome">Null while the wait is open.</param>
/// <param name="Event">The structured CloudEvent or the answer (JSON) that resolved it; empty otherwise.</param>
/// <param name="OpenedAt">When the row was written, for the step's duration.</param>
public readonly record struct RecordedWait(
    string NodeId,
    string Iteration,
    int Attempt,
    WaitKind Kind,
    DateTimeOffset? DueAt,
    WaitOutcome? Outcome = null,
    ReadOnlyMemory<byte> Event = default,
    DateTimeOffset? OpenedAt = null);

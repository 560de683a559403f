namespace Workflows.Data;

/// <summary>Every bound of the data layer. A caller that crosses one gets an error that names it.</summary>
public static class Limits
{
    /// <summary>Executions that one call may start.</summary>
    public const int BulkStart = 1_000;

    /// <summary>Events that one call may bring in.</summary>
    public const int BulkEvents = 1_000;

    /// <summary>Starts that one database round trip carries.</summary>
    public const int StartsPerFlush = 500;

    /// <summary>Starts that may wait for a lane before callers are refused (back-pressure: 429).</summary>
    public const int PendingStarts = 20_000;

    /// <summary>Ids packed into one entry of a dispatch stream; the unit in which work is handed to workers.</summary>
    public const int IdsPerDispatchEntry = 32;

    /// <summary>Entries kept in a dispatch stream. Beyond it the oldest hints go; the sweep finds what they named.</summary>
    public const int DispatchStreamEntries = 200_000;

    /// <summary>How long an idempotency key is remembered.</summary>
    public static readonly TimeSpan IdempotencyLifetime = TimeSpan.FromHours(24);

    /// <summary>How long an event id of a source counts as a duplicate.</summary>
    public static readonly TimeSpan EventDedupeLifetime = TimeSpan.FromDays(7);

    /// <summary>Dot-divided segments of an event type that routing looks at; a type with more is refused.</summary>
    public const int EventTypeSegments = 8;

    /// <summary>Executions that one event may start through triggers.</summary>
    public const int TriggersPerEvent = 100;

    /// <summary>How long a secret, connector or variable in memory is trusted should the message of its change get lost.</summary>
    public static readonly TimeSpan SecretTrust = TimeSpan.FromSeconds(5);

    /// <summary>Secrets kept in memory.</summary>
    public const int CachedSecrets = 10_000;

    /// <summary>Characters of a secret's value.</summary>
    public const int SecretLength = 32 * 1024;

    /// <summary>Sealed rows sealed anew in one round.</summary>
    public const int ResealedPerRound = 500;

    /// <summary>Context entries that expressions of one execution see.</summary>
    public const int ContextEntriesInScope = 1_000;

    /// <summary>Bytes of the value of a context entry.</summary>
    public const int ContextValueBytes = 256 * 1024;

    /// <summary>How long it is known that a store node has done its change; an attempt after that may do it again.</summary>
    public static readonly TimeSpan ContextWriteLifetime = TimeSpan.FromDays(30);

    /// <summary>Bytes of the rows that one statement of a connector may answer.</summary>
    public const int SqlAnswerBytes = 768 * 1024;
}

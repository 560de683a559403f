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

    /// <summary>Characters of a concurrency key.</summary>
    public const int ConcurrencyKeyLength = 256;

    /// <summary>Executions that one call may control.</summary>
    public const int BulkControl = 1_000;

    /// <summary>Recently queued executions among which a sweep chooses.</summary>
    public const int SweptCandidates = 4_096;

    /// <summary>Executions of a status that are counted; more are reported as that many.</summary>
    public const int CountedQueue = 10_000;

    /// <summary>Generations of parents, children and reruns that lineage follows.</summary>
    public const int LineageDepth = 20;

    /// <summary>Relatives of each kind that lineage answers.</summary>
    public const int LineageRelatives = 500;

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

    /// <summary>Triggers and rules that one event may match; what is beyond is not started, and recorded as such.</summary>
    public const int MatchesPerEvent = 1_000;

    /// <summary>Matches that one routing transaction carries, one event's more at most.</summary>
    public const int MatchesPerRouting = 1_000;

    /// <summary>Tenants whose compiled triggers and rules are kept in memory.</summary>
    public const int RoutingTables = 1_000;

    /// <summary>Characters of an execution's correlation id.</summary>
    public const int CorrelationLength = 512;

    /// <summary>How often the routing of one event may fail before the event is set aside.</summary>
    public const int RoutingFailures = 5;

    /// <summary>How long others leave an event to the process that stored it.</summary>
    public static readonly TimeSpan RoutedByReceiver = TimeSpan.FromSeconds(1);

    /// <summary>Triggers and rules that an explanation names which did not match.</summary>
    public const int NearMisses = 500;

    /// <summary>Rules that a tenant may have.</summary>
    public const int RulesPerTenant = 10_000;

    /// <summary>How long a secret, connector or variable in memory is trusted should the message of its change get lost.</summary>
    public static readonly TimeSpan SecretTrust = TimeSpan.FromSeconds(5);

    /// <summary>Secrets kept in memory; as many connectors, their tokens, variables and custom nodes.</summary>
    public const int CachedSecrets = 10_000;

    /// <summary>Keys of tenants kept in memory.</summary>
    public const int CachedKeys = 10_000;

    /// <summary>Tenants whose allow-lists are kept in memory.</summary>
    public const int CachedAllowLists = 10_000;

    /// <summary>Allow-lists with open HTTP connections of their own; what is least used is closed when it is not in use.</summary>
    public const int HttpPools = 500;

    /// <summary>Databases of connectors with open connections; what is least used is closed when it is not in use.</summary>
    public const int SqlPools = 500;

    /// <summary>Texts of start settings whose parsed form is kept in memory.</summary>
    public const int CachedStartSettings = 10_000;

    /// <summary>Tenants the length of whose queue is kept in memory.</summary>
    public const int QueueBudgets = 10_000;

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

    /// <summary>How long a session of a person lives from its last use.</summary>
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(1);

    /// <summary>Assignees, decisions and comments of one approval request that are shown, each.</summary>
    public const int ApprovalPartsShown = 500;

    /// <summary>Comments on one approval request.</summary>
    public const int ApprovalComments = 200;

    /// <summary>Users whom one notification reaches.</summary>
    public const int Recipients = 10_000;

    /// <summary>How long notifications are kept.</summary>
    public static readonly TimeSpan NotificationLifetime = TimeSpan.FromDays(30);

    /// <summary>How long an approval request is kept after it was closed.</summary>
    public static readonly TimeSpan ApprovalLifetime = TimeSpan.FromDays(365);

    /// <summary>How long a call of a one-time address waits for its wait to be opened.</summary>
    public static readonly TimeSpan EarlyCallLifetime = TimeSpan.FromDays(30);

    /// <summary>
    /// Bytes that a mail server may say after each word of ours. The answers to a message's 100 recipients come
    /// together, with at most 512 bytes each.
    /// </summary>
    public const int MailAnswerBytes = 128 * 1024;

    /// <summary>Bytes of an object store's answer that is no file: a list, or an error.</summary>
    public const int StoreAnswerBytes = 4 * 1024 * 1024;

    /// <summary>How long after the last of its descendants was started those of an execution are counted.</summary>
    public static readonly TimeSpan FamilyLifetime = TimeSpan.FromDays(30);

    /// <summary>Queued and held executions of a tenant whose settings name no <c>limits.maxQueued</c>.</summary>
    public const int QueuedByDefault = 200_000;
}

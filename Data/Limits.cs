namespace Workflows.Data;

/// <summary>Every bound of the data layer. A caller that crosses one gets an error that names it.</summary>
public static partial class Limits
{
    /// <summary>Executions that one call may start.</summary>
    public const int BulkStart = 1_000;

    /// <summary>Events that one call may bring in.</summary>
    public const int BulkEvents = 1_000;

    /// <summary>Starts that one database round trip carries.</summary>
    public const int StartsPerFlush = 500;

    /// <summary>
    /// Bytes of inputs after which such a round trip takes no further start: with more it would outlast the time that
    /// the server allows a transaction.
    /// </summary>
    public const long StartBytesPerFlush = 8 * 1024 * 1024;

    /// <summary>Starts that may wait for a lane before callers are refused (back-pressure: 429).</summary>
    public const int PendingStarts = 20_000;

    /// <summary>Characters of a concurrency key.</summary>
    public const int ConcurrencyKeyLength = 256;

    /// <summary>Characters of the reason for which something is set aside; more would be noise in the row and the
    /// log.</summary>
    public const int SetAsideReasonLength = 1_000;

    /// <summary>
    /// How often in a row an item of a batch may fail by itself before it is set aside; after each time it is left
    /// alone for five seconds more
    /// than the last. A fault of the platform that is mended within a minute sets nothing aside.
    /// </summary>
    public const int SetAsideFailures = 5;

    /// <summary>How often a failure that comes again and again is written to the log, with the count since.</summary>
    public static readonly TimeSpan FailureNoteInterval = TimeSpan.FromMinutes(1);

    /// <summary>Kinds of failures of one loop that are told apart in the log; the memory that a failing loop may
    /// take.</summary>
    public const int FailureKinds = 64;

    /// <summary>A loop that fails for so long, and one whose round does not end for so long, shows on the health page
    /// of its process.</summary>
    public static readonly TimeSpan LoopFailure = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan LoopSilence = TimeSpan.FromSeconds(60);

    /// <summary>Seconds for which a migration waits for a lock before it gives up and tries again; so long may running
    /// work stand behind it.</summary>
    public const int MigrationLockSeconds = 3;

    /// <summary>How often a migration tries to get its locks, with pauses of up to five seconds: about ten minutes in
    /// all.</summary>
    public const int MigrationLockAttempts = 60;

    /// <summary>Executions that one call may control.</summary>
    public const int BulkControl = 1_000;

    /// <summary>Recently queued executions among which a sweep chooses.</summary>
    public const int SweptCandidates = 4_096;

    /// <summary>Executions of a status that are counted; more are reported as that many.</summary>
    public const int CountedQueue = 10_000;

    /// <summary>The newest failures that are put together in groups.</summary>
    public const int GroupedFailures = 10_000;

    /// <summary>The newest failures of a workflow in which others like one are sought.</summary>
    public const int ComparedFailures = 1_000;

    /// <summary>Steps of one execution that count in the figures of nodes.</summary>
    public const int StepsPerFigured = 500;

    /// <summary>Names of metrics of a tenant.</summary>
    public const int MetricNames = 500;

    /// <summary>Values of a metric in one answer.</summary>
    public const int MetricValues = 2_000;

    /// <summary>Generations of parents, children and reruns that lineage follows.</summary>
    public const int LineageDepth = 20;

    /// <summary>Relatives of each kind that lineage answers.</summary>
    public const int LineageRelatives = 500;

    /// <summary>Ids packed into one entry of a dispatch stream; the unit in which work is handed to workers.</summary>
    public const int IdsPerDispatchEntry = 32;

    /// <summary>
    /// Entries kept in a dispatch stream. Beyond it the oldest hints go; the sweep finds what they named.
    /// </summary>
    public const int DispatchStreamEntries = 200_000;

    /// <summary>How long an idempotency key is remembered.</summary>
    public static readonly TimeSpan IdempotencyLifetime = TimeSpan.FromHours(24);

    /// <summary>How long an event id of a source counts as a duplicate.</summary>
    public static readonly TimeSpan EventDedupeLifetime = TimeSpan.FromDays(7);

    /// <summary>Dot-divided segments of an event type that routing looks at; a type with more is refused.</summary>
    public const int EventTypeSegments = 8;

    /// <summary>
    /// Triggers and rules that one event may match; what is beyond is not started, and recorded as such.
    /// </summary>
    public const int MatchesPerEvent = 1_000;

    /// <summary>Expressions of one tenant that wait in one process for their turn to be evaluated; further requests are
    /// told to come later.</summary>
    public const int WaitingEvaluations = 200;

    /// <summary>Conditions that are evaluated in the request that brings events, however long that takes.</summary>
    public const int ConditionsByReceiver = 50;

    /// <summary>How long matching may take in the request that brings events; what is left then is routed by the
    /// workers.</summary>
    public static readonly TimeSpan MatchingByReceiver = TimeSpan.FromMilliseconds(500);

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

    /// <summary>
    /// How long a secret, connector or variable in memory is trusted should the message of its change get lost.
    /// </summary>
    public static readonly TimeSpan SecretTrust = TimeSpan.FromSeconds(5);

    /// <summary>Secrets kept in memory; as many connectors, variables and custom nodes.</summary>
    public const int CachedSecrets = 10_000;

    /// <summary>
    /// How long a model's answer is answered again to the same call: a step whose worker was killed pays once.
    /// </summary>
    public static readonly TimeSpan ModelAnswerKept = TimeSpan.FromHours(24);

    /// <summary>No call of a model takes longer; one that seems to was lost with its process.</summary>
    public static readonly TimeSpan LongestModelCall = TimeSpan.FromMinutes(30);

    /// <summary>Keys of tenants kept in memory.</summary>
    public const int CachedKeys = 10_000;

    /// <summary>Tenants whose allow-lists are kept in memory.</summary>
    public const int CachedAllowLists = 10_000;

    /// <summary>Texts of start settings whose parsed form is kept in memory.</summary>
    public const int CachedStartSettings = 10_000;

    /// <summary>Tenants the length of whose queue is kept in memory.</summary>
    public const int QueueBudgets = 10_000;

    /// <summary>Executions of each state that a budget counts among those that have not ended.</summary>
    public const int CountedOpen = 100_000;

    /// <summary>Pages of a table that measuring the storage reads, spread over it: exact below, an estimate
    /// beyond.</summary>
    public const int StorageSamplePages = 16_384;

    /// <summary>Characters of a secret's value.</summary>
    public const int SecretLength = 32 * 1024;

    /// <summary>Sealed rows sealed anew in one round.</summary>
    public const int ResealedPerRound = 500;

    /// <summary>Context entries that expressions of one execution see.</summary>
    public const int ContextEntriesInScope = 1_000;

    /// <summary>Bytes of the value of a context entry.</summary>
    public const int ContextValueBytes = 256 * 1024;

    /// <summary>
    /// How long it is known that a store node has done its change; an attempt after that may do it again.
    /// </summary>
    public static readonly TimeSpan ContextWriteLifetime = TimeSpan.FromDays(30);

    /// <summary>How long a session of a person lives from its last use.</summary>
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(1);

    /// <summary>Bytes of one session, names of its members included; twice what one node may write.</summary>
    public const int SessionBytes = 64 * 1024;

    /// <summary>Sessions of one tenant at once: as many dialogues as it can have begun within a lifetime.</summary>
    public const int SessionsPerTenant = 100_000;

    /// <summary>Bytes of all sessions of a tenant: they lie in the memory of Redis, which all tenants share.</summary>
    public const long SessionBytesPerTenant = 64 * 1024 * 1024;

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

    /// <summary>How long a transaction of edits is kept after the end of its time.</summary>
    public static readonly TimeSpan EditTransactionLifetime = TimeSpan.FromDays(7);

    /// <summary>How long a call of a one-time address waits for its wait to be opened.</summary>
    public static readonly TimeSpan EarlyCallLifetime = TimeSpan.FromDays(30);

    /// <summary>How long after the last of its descendants was started those of an execution are counted.</summary>
    public static readonly TimeSpan FamilyLifetime = TimeSpan.FromDays(30);

    /// <summary>Queued and held executions of a tenant whose settings name no <c>limits.maxQueued</c>.</summary>
    public const int QueuedByDefault = 200_000;

    /// <summary>Messages of one stream of a tenant that are kept for who reconnects, about.</summary>
    public const int LiveMessagesKept = 10_000;

    /// <summary>Messages that are told in one command.</summary>
    public const int LiveMessagesPerCall = 200;

    /// <summary>Executions that are looked on at, of all tenants, as far as a worker knows them.</summary>
    public const int LiveWatchesKnown = 100_000;

    /// <summary>How long a question of a prompt test is a worker's that says nothing more.</summary>
    public static readonly TimeSpan PromptLease = TimeSpan.FromSeconds(20);

    /// <summary>Questions of one run of a test set that a worker takes at once.</summary>
    public const int PromptQuestionsOfRun = 2;

    /// <summary>How long a watch holds that is not said again.</summary>
    public static readonly TimeSpan LiveWatch = TimeSpan.FromSeconds(90);
}

namespace Workflows.Worker;

/// <summary>Every bound of a worker.</summary>
internal static class Limits
{
    /// <summary>Characters of the name of a conversation that a workflow keeps.</summary>
    public const int ConversationNameLength = 200;

    /// <summary>The last messages of a conversation that a model is told.</summary>
    public const int RecalledMessages = 50;

    /// <summary>
    /// Queued executions a worker knows of beyond those it runs; with more it stops reading the streams.
    /// </summary>
    public const int KnownQueued = 100_000;

    /// <summary>How long tests of workflows are kept.</summary>
    public static readonly TimeSpan TestsKept = TimeSpan.FromDays(7);

    /// <summary>Stream entries asked for in one read.</summary>
    public const int EntriesPerRead = 64;

    /// <summary>Executions claimed in one round trip.</summary>
    public const int ClaimsPerRound = 256;

    /// <summary>Executions whose progress one checkpoint carries.</summary>
    public const int ExecutionsPerCheckpoint = 512;

    /// <summary>
    /// Bytes after which a checkpoint takes no further execution: with more it would outlast the time that the server
    /// allows a transaction.
    /// </summary>
    public const long CheckpointBytes = 8 * 1024 * 1024;

    /// <summary>
    /// Bytes of one execution that become durable together; what it decides beyond goes out after them.
    /// </summary>
    public const long ProgressBytes = 4 * 1024 * 1024;

    /// <summary>Executions handled by one thread-pool item after a checkpoint.</summary>
    public const int ExecutionsPerContinuation = 32;

    /// <summary>
    /// How long the decisions of one call may take before the rest is left to a further one; a single evaluation is
    /// never cut off, so that a call takes so much and one evaluation at most.
    /// </summary>
    public static readonly TimeSpan DecisionTurn = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// A tenant whose long decisions take so much processor time within the window is heavy for the time after: more
    /// than an odd collection of garbage costs, less than others would notice.
    /// </summary>
    public static readonly TimeSpan HeavyUse = TimeSpan.FromMilliseconds(100);
    public static readonly TimeSpan HeavyWindow = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan HeavyFor = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Decisions of a heavy tenant that may wait for a processor before no more of it is claimed: with more its
    /// executions would take the memory of the worker from everybody else's.
    /// </summary>
    public const int DecisionsWaiting = 32;

    /// <summary>How long the claiming loop waits for what it has claimed to begin before it claims on.</summary>
    public static readonly TimeSpan BeginWait = TimeSpan.FromMilliseconds(100);

    /// <summary>What a round of maintenance may take, which may remove months of rows, before it counts as hung.
    /// </summary>
    public static readonly TimeSpan LongMaintenance = TimeSpan.FromHours(2);

    /// <summary>Timers fired in one round trip.</summary>
    public const int TimersPerRound = 500;

    /// <summary>Schedules fired in one transaction.</summary>
    public const int SchedulesPerRound = 50;

    /// <summary>Job runs carried on in one transaction.</summary>
    public const int JobRunsPerRound = 50;

    /// <summary>Events of one tenant routed in one transaction.</summary>
    public const int EventsPerRound = 500;

    /// <summary>Tenants whose events are routed at the same time.</summary>
    public const int TenantsRouted = 4;

    /// <summary>Events set aside that the gauge counts.</summary>
    public const int SetAsideCounted = 10_000;

    /// <summary>Compiled workflow versions kept in memory.</summary>
    public const int CachedVersions = 2_000;

    /// <summary>Expired rows deleted in one round of maintenance.</summary>
    public const int ExpiredPerRound = 10_000;

    /// <summary>Executions taken away in one transaction with all that is theirs, since their workflow keeps them for
    /// less than the platform.</summary>
    public const int ExpiredExecutionsPerRound = 500;

    /// <summary>Executions enqueued from SQL under a key that one round admits.</summary>
    public const int AdmittedPerRound = 200;

    /// <summary>Executions held by rate limits that one round queues.</summary>
    public const int DelayedPerRound = 1_000;

    /// <summary>Concurrency keys with held executions that one round looks at.</summary>
    public const int HeldKeysPerRound = 1_000;

    /// <summary>Notes of checkpoints added to the hourly figures in one round.</summary>
    public const int DeltasPerRound = 5_000;

    /// <summary>Things that happened, or mails, that one transaction tells of.</summary>
    public const int ToldPerRound = 50;

    /// <summary>Approval tasks done in one transaction.</summary>
    public const int ApprovalTasksPerRound = 20;

    /// <summary>Lines that one attempt of a node may leave in the log of its execution.</summary>
    public const int NotesPerCall = 10;

    /// <summary>Lines of all nodes of an execution while one worker has it: a loop of many calls must not become a
    /// flood of rows.</summary>
    public const int NotesPerStay = 1_000;

    /// <summary>Bytes of the JSON that a log node leaves with a line.</summary>
    public const int NoteDataBytes = 8 * 1024;

    /// <summary>Characters of such a line, and of each fact with it.</summary>
    public const int NoteLength = 1_000;

    /// <summary>Redirects that an http node follows.</summary>
    public const int HttpRedirects = 5;

    /// <summary>Bytes of a response that an http node keeps.</summary>
    public const int HttpResponseBytes = 1024 * 1024;

    /// <summary>Longest time an http node waits for its response when it names none.</summary>
    public static readonly TimeSpan HttpTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Recipients of one message, open and hidden ones together.</summary>
    public const int EmailRecipients = 100;

    /// <summary>Bytes of all attachments of one message.</summary>
    public const int EmailAttachmentBytes = 512 * 1024;

    /// <summary>
    /// Scripts that run at the same time on a worker, and of those for one tenant; more wait for their turn.
    /// </summary>
    public const int ScriptsAtOnce = 32;
    public const int ScriptsPerTenant = 8;

    /// <summary>Bytes kept of the end of a script's standard error, and characters of it in the step's error.</summary>
    public const int ScriptErrorBytes = 64 * 1024;
    public const int ScriptErrorLength = 1_000;

    /// <summary>How long a script's output may stay open after the script and all its processes have ended.</summary>
    public static readonly TimeSpan ScriptDrain = TimeSpan.FromSeconds(2);

    /// <summary>Characters of the data that one node writes into a session.</summary>
    public const int SessionDataLength = 32 * 1024;

    /// <summary>Files that the <c>list</c> of a file node looks at; each costs a call of the system.</summary>
    public const int FilesLookedAt = 100_000;

    /// <summary>How long a tenant's use of the folder of files is counted on before it is measured again.</summary>
    public static readonly TimeSpan FileUsageTrust = TimeSpan.FromMinutes(1);

    /// <summary>Tenants whose use of the folder of files is kept in memory.</summary>
    public const int FileUsagesKnown = 10_000;

    /// <summary>Steps and starts of one execution in one checkpoint of which who looks on is told one by one.</summary>
    public const int LiveStepsPerCheckpoint = 100;

    /// <summary>Questions of prompt tests that a worker asks at once.</summary>
    public const int PromptQuestionsAtOnce = 8;

    /// <summary>Tries of one question; a worker that died has used one up.</summary>
    public const int PromptTries = 4;

    /// <summary>Tries of one question, however they ended: one that takes its workers down is given up.</summary>
    public const int PromptLosses = 12;

    /// <summary>How often a worker says that it is still on a question: several times in its lease.</summary>
    public static readonly TimeSpan PromptRenewal = TimeSpan.FromSeconds(5);

    /// <summary>Executions in one message about their status.</summary>
    public const int LiveStatusesPerMessage = 100;
}

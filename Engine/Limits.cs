namespace Workflows.Engine;

/// <summary>
/// Every bound of the engine. Crossing one is a definition problem or a step error with a code, never an exception.
/// </summary>
public static class Limits
{
    public const int DefinitionBytes = 4 * 1024 * 1024;
    public const int DefinitionDepth = 64;

    /// <summary>Seconds after which a test is over, waits included.</summary>
    public const double TestSeconds = 300;

    /// <summary>Rounds from whose records the scope of a step is put together again.</summary>
    public const int PastRounds = 1_000;

    public const int Nodes = 10_000;
    public const int Edges = 20_000;

    /// <summary>Bodies within bodies.</summary>
    public const int BodyDepth = 8;

    /// <summary>Items of one forEach, rounds of it at the same time, rounds of one repeat.</summary>
    public const int LoopItems = 100_000;
    public const int LoopParallel = 1_000;
    public const int LoopRounds = 10_000;

    /// <summary>Errors listed in the output of a forEach that collects them; all of them are counted.</summary>
    public const int LoopErrors = 100;

    /// <summary>
    /// Decisions of one call, about: a loop of pure nodes goes on in a further call, so that a single execution neither fills the memory nor holds up
    /// the checkpoint of the others.
    /// </summary>
    public const int DecisionsPerCall = 2_000;
    public const int Triggers = 100;

    /// <summary>Characters of the message of a log node before it is cut.</summary>
    public const int LogMessageLength = 64 * 1024;

    /// <summary>Problems reported of one definition; the list then ends with <c>PROBLEMS_TRUNCATED</c>.</summary>
    public const int Problems = 500;

    public const int NodeIdLength = 64;
    public const int NameLength = 200;
    public const int SwitchCases = 100;

    /// <summary>UTF-16 units of one expression or templated string.</summary>
    public const int ExpressionLength = 16 * 1024;

    public const int RetryAttempts = 100;
    public const double RetryDelaySeconds = 7 * 86_400;

    /// <summary>Longest time a single attempt of a node may take.</summary>
    public const double NodeTimeoutSeconds = 86_400;

    /// <summary>Longest wait and longest execution: ten years.</summary>
    public const double WaitSeconds = 10 * 366 * 86_400d;

    public const int RetentionDays = 3_650;
    public const int Concurrency = 1_000_000;

    /// <summary>Starts that a rate limit may allow, and its longest period: 31 days.</summary>
    public const int RateStarts = 100_000;
    public const double RateSeconds = 31 * 86_400;

    /// <summary>Nesting, keywords and pattern length of the JSON Schema of a definition's input.</summary>
    public const int InputSchemaDepth = 32;
    public const int InputSchemaProperties = 1_000;
    public const int InputSchemaPatternLength = 1_000;

    /// <summary>How often a pattern may repeat a group, and how much all its counted repetitions may multiply to.</summary>
    public const int InputSchemaPatternGroupRepeats = 100;
    public const int InputSchemaPatternRepeats = 5_000;
    public const double InputSchemaPatternMatchSeconds = 0.5;

    /// <summary>Problems reported of one input.</summary>
    public const int InputProblems = 100;

    public const int InputBytes = 1024 * 1024;
    public const int StepOutputBytes = 1024 * 1024;

    /// <summary>Rendered parameters of one node with an outside effect.</summary>
    public const int RenderedParameterBytes = 1024 * 1024;

    public const int ExecutionOutputBytes = 1024 * 1024;

    /// <summary>Nesting of any value that an execution reads or leaves behind.</summary>
    public const int JsonDepth = 128;

    /// <summary>
    /// Levels that the platform may wrap around such a value: an event, the answer to a wait, an output.
    /// </summary>
    public const int JsonEnvelope = 16;

    /// <summary>Characters of the name of a header, and of its value; targets commonly take 8 KiB of headers.</summary>
    public const int HeaderNameLength = 256;
    public const int HeaderValueLength = 64 * 1024;

    /// <summary>PostgreSQL's numeric holds 131,072 digits before the point; far less is plenty.</summary>
    public const int NumberExponent = 10_000;

    public const int ErrorMessageLength = 2_000;
    public const int CorrelationKeyLength = 512;

    /// <summary>Users, groups and roles that one approval or notification names, and the longest such name.</summary>
    public const int Assignees = 50;
    public const int PrincipalNameLength = 254;

    public const int ApprovalTitleLength = 200;
    public const int ApprovalDescriptionLength = 4_000;
    public const int ApprovalReminders = 100;

    /// <summary>The whole request that an approval puts to people, with form and data.</summary>
    public const int ApprovalRequestBytes = 256 * 1024;

    public const int NotificationTitleLength = 200;
    public const int NotificationBodyLength = 4_000;
    public const int NotificationLinkLength = 2_000;

    /// <summary>Characters of the token in a one-time address; the longest node id and iteration fit.</summary>
    public const int CallbackTokenLength = 1_024;

    public const int EventTypeLength = 256;

    /// <summary>Dot-divided segments of a pattern with <c>*</c>; routing lists all patterns of a type, which doubles with each.</summary>
    public const int EventPatternSegments = 8;
    public const int EventIdLength = 256;
    public const int EventSourceLength = 1_024;
    public const int EventSubjectLength = 1_024;
    public const int EventExtensions = 50;
    public const int EventExtensionNameLength = 64;
    public const int EventExtensionValueLength = 1_024;
    public const int EventBytes = 1024 * 1024;

    public const int WebhookPathLength = 200;
    public const int WebhookHeaders = 20;

    /// <summary>How far the signed time of a webhook call may lie from ours at most: before and after together no longer than accepted calls are remembered.</summary>
    public const int WebhookToleranceSeconds = 43_200;

    /// <summary>How long a webhook call may wait for the result.</summary>
    public const int WebhookWaitSeconds = 60;

    /// <summary>Actions of one rule, and events that one rule joins.</summary>
    public const int RuleActions = 10;
    public const int JoinSlots = 10;

    /// <summary>Events kept for one slot of a join; beyond it the oldest go.</summary>
    public const int JoinEventsPerSlot = 20;

    /// <summary>Longest window of a join: 30 days.</summary>
    public const double JoinSeconds = 30 * 86_400;

    /// <summary>How many events may follow from one another, by rules or by executions that an event started: each bears its number.</summary>
    public const int RuleHops = 10;

    /// <summary>Evaluation steps of a condition or template of a trigger or rule: it runs for every event of its type.</summary>
    public const int RoutingSteps = 100_000;

    /// <summary>Bytes that one expression of routing may build.</summary>
    public const int RoutingBytes = 16 * 1024 * 1024;

    /// <summary>
    /// Bytes that one expression of a node may build on its way: room for many copies of the largest output.
    /// </summary>
    public const int ExpressionBytes = 64 * 1024 * 1024;

    /// <summary>Steps of one key or condition of a start, which a request waits for.</summary>
    public const int KeySteps = 10_000;

    /// <summary>
    /// Bytes that one key or condition of a start may build: the largest input as text, and as much again.
    /// </summary>
    public const int KeyBytes = 4 * InputBytes;

    /// <summary>A retry due within this time is a delay in memory; a later one is a durable timer.</summary>
    public const double InMemoryRetrySeconds = 1;

    /// <summary>Characters of a cron expression.</summary>
    public const int CronLength = 200;

    /// <summary>How far ahead an occurrence is looked for: the calendar repeats after so many years.</summary>
    public const int ScheduleHorizonYears = 400;

    /// <summary>The same for schedules with a calendar, whose holidays nobody knows for so long.</summary>
    public const int CalendarHorizonYears = 50;

    /// <summary>Days without business in a row over which an occurrence moves to a business day.</summary>
    public const int NonBusinessRunDays = 366;

    /// <summary>An instant fired later than so much has been missed, and the misfire policy decides.</summary>
    public const double MisfireGraceSeconds = 60;

    /// <summary>Missed instants that a schedule may fire.</summary>
    public const int MisfireFires = 100;

    /// <summary>Instants of one schedule fired in one transaction; the rest follows in the next.</summary>
    public const int FiresPerRound = 100;

    /// <summary>Instants of one schedule that wait for the one before.</summary>
    public const int QueuedFires = 100;

    public const double ScheduleJitterSeconds = 3_600;

    /// <summary>Executions that start one another in a row; the one that would be next is an error.</summary>
    public const int SubworkflowDepth = 20;

    /// <summary>
    /// Executions that may be started, directly or through one another, below one that no other started: what
    /// <c>settings.maxDescendants</c> may ask for, and what counts without it.
    /// </summary>
    public const int Descendants = 1_000_000;
    public const int DescendantsByDefault = 10_000;

    public const int CustomNodeNameLength = 100;
    public const int ConnectorNameLength = 100;
    public const int ScriptNameLength = 100;
    public const int SqlRows = 10_000;
    public const int ContextKeyLength = 200;

    /// <summary>Bytes of a file that a node reads or writes; its Base64 must fit into an output.</summary>
    public const int FileBytes = 512 * 1024;

    public const int ServiceCodeLength = 64;
    public const int SessionIdLength = 128;

    /// <summary>Characters of a message to a person; what a network shows at once may be less (USSD: 182).</summary>
    public const int SessionMessageLength = 1_600;
}

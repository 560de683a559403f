using System.Text.Json;
using Workflows.Engine.Schedules;

namespace Workflows.Engine.Definitions;

/// <summary>A definition as written, schema version 1. <see cref="CompiledWorkflow"/> is what runs.</summary>
public sealed record WorkflowDefinition
{
    /// <summary>The version of the format this release reads and writes.</summary>
    public const int CurrentSchema = 1;

    public int Schema { get; init; } = CurrentSchema;

    public string? Name { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<TriggerDefinition> Triggers { get; init; } = [];

    public IReadOnlyList<NodeDefinition> Nodes { get; init; } = [];

    public IReadOnlyList<EdgeDefinition> Edges { get; init; } = [];

    /// <summary>The JSON Schema of the input; null = any input.</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>The template of the result; null = the outputs of the terminal steps.</summary>
    public JsonElement? Output { get; init; }

    public WorkflowSettings Settings { get; init; } = WorkflowSettings.Default;
}

public enum TriggerType
{
    Manual,
    Event,
    Schedule,
    Webhook,

    /// <summary>The first message of a dialogue (USSD).</summary>
    Session,
}

/// <summary>What starts an execution.</summary>
/// <param name="EventType">The event types that start it, maybe with <c>*</c>; event triggers only.</param>
/// <param name="Condition">An expression on <c>event</c>; null = every event of the type.</param>
public sealed record TriggerDefinition(string Id, TriggerType Type, string? EventType, string? Condition)
{
    /// <summary>When it starts an execution, and on what; schedule triggers only.</summary>
    public ScheduleTrigger? Schedule { get; init; }

    /// <summary>Where it listens, and to whom; webhook triggers only.</summary>
    public WebhookTrigger? Webhook { get; init; }

    /// <summary>The service code whose dialogues it starts, e.g. <c>*123#</c>; session triggers only.</summary>
    public string? ServiceCode { get; init; }
}

/// <summary>The part of a trigger that makes it a schedule.</summary>
/// <param name="Calendar">Name or id of a calendar of the tenant; null = every day is a business day.</param>
/// <param name="Input">The input of what it starts; null = an empty object.</param>
public sealed record ScheduleTrigger(ScheduleSettings Settings, string? Calendar, JsonElement? Input);

/// <summary>How the caller of a webhook proves who it is.</summary>
public enum WebhookAuth
{
    /// <summary>Not at all: anybody who knows the address starts executions.</summary>
    None,

    /// <summary>By the secret itself, in a header.</summary>
    Token,

    /// <summary>By HMAC-SHA256 over the body under the secret.</summary>
    Hmac,
}

/// <summary>Whose headers the signature comes in.</summary>
public enum WebhookScheme
{
    /// <summary>Standard Webhooks: id, time and body are signed.</summary>
    Standard,

    /// <summary>Time and body are signed.</summary>
    Stripe,

    /// <summary>Only the body is signed: there is no time by which an old call could be told.</summary>
    Github,
}

public enum WebhookResponse
{
    /// <summary>202 with the execution's id, when it is durable.</summary>
    Accepted,

    /// <summary>The result, if the execution ends in time.</summary>
    Wait,
}

/// <summary>The part of a trigger that makes it a webhook.</summary>
/// <param name="Path">Below the tenant's address; unique among what the tenant has published.</param>
/// <param name="Secret">Name of a secret of the tenant.</param>
/// <param name="ToleranceSeconds">How far the signed time may lie from ours.</param>
/// <param name="Headers">Request headers passed on beside those that always are.</param>
/// <param name="WaitSeconds">With <see cref="WebhookResponse.Wait"/>: how long.</param>
public sealed record WebhookTrigger(
    string Path, IReadOnlyList<string> Methods, WebhookAuth Auth, WebhookScheme Scheme, string? Secret, int ToleranceSeconds, IReadOnlyList<string> Headers,
    WebhookResponse Respond, int WaitSeconds)
{
    public const int DefaultToleranceSeconds = 300;
    public const int DefaultWaitSeconds = 10;
}

/// <summary>A unit of work.</summary>
public sealed record NodeDefinition
{
    public required string Id { get; init; }

    public required string Type { get; init; }

    public string? Name { get; init; }

    /// <summary>An object; undefined when the node has none.</summary>
    public JsonElement Parameters { get; init; }

    public NodePosition? Position { get; init; }

    public RetryPolicy Retry { get; init; } = RetryPolicy.None;

    public double? TimeoutSeconds { get; init; }

    public OnError OnError { get; init; }

    /// <summary>True = treat the node as one with an outside effect: it starts when all it depends on is durable.</summary>
    public bool Effect { get; init; }

    /// <summary>What a loop repeats; null for every other type.</summary>
    public BodyDefinition? Body { get; init; }

    /// <summary>The node of the same graph that undoes this one when the execution fails after it; null = none.</summary>
    public string? Compensate { get; init; }
}

/// <summary>The graph inside a loop. Ids are unique in the whole definition.</summary>
public sealed record BodyDefinition
{
    public IReadOnlyList<NodeDefinition> Nodes { get; init; } = [];

    public IReadOnlyList<EdgeDefinition> Edges { get; init; } = [];

    /// <summary>The template of one round's result; null = the outputs of its terminal steps.</summary>
    public JsonElement? Output { get; init; }
}

/// <summary>Where the console draws the node.</summary>
public readonly record struct NodePosition(double X, double Y);

/// <summary>What happens when a step has failed for good and its error port is not wired.</summary>
public enum OnError
{
    /// <summary>The execution fails.</summary>
    Fail,

    /// <summary>The node leaves by <c>main</c> with <c>{"error": {...}}</c> as its output.</summary>
    Continue,
}

/// <summary>A connection from a node's port to a node.</summary>
public sealed record EdgeDefinition(string From, string Port, string To);

/// <summary>How often and how soon a failed step is tried again.</summary>
/// <param name="MaxAttempts">The first one included.</param>
/// <param name="InitialDelaySeconds">The longest delay before the second attempt.</param>
/// <param name="Multiplier">How much longer each further delay may be.</param>
/// <param name="NonRetryableCodes">Error codes that end the attempts at once.</param>
public sealed record RetryPolicy(
    int MaxAttempts,
    double InitialDelaySeconds,
    double Multiplier,
    double MaxDelaySeconds,
    IReadOnlyList<string> NonRetryableCodes)
{
    /// <summary>What a node without <c>retry</c> has.</summary>
    public static RetryPolicy None { get; } = new(1, 0, 1, 0, []);

    /// <summary>What the fields left out of <c>retry</c> are.</summary>
    public static RetryPolicy Default { get; } = new(3, 1, 2, 300, []);
}

public enum ExecutionPriority
{
    High,
    Normal,
    Low,
}

/// <summary>
/// What a new execution does while others of the workflow run at the limit of <see cref="WorkflowSettings.Concurrency"/>, or is one more than
/// <see cref="WorkflowSettings.RateLimit"/> allows by now (then only its own turn helps: <see cref="CancelOldest"/> waits, too).
/// </summary>
public enum OverlapPolicy
{
    /// <summary>It waits in the queue.</summary>
    Queue,

    /// <summary>It is not started.</summary>
    Skip,

    /// <summary>The oldest one is cancelled for it.</summary>
    CancelOldest,
}

/// <summary>When steps become durable.</summary>
public enum CheckpointPolicy
{
    /// <summary>Every step, as soon as the previous flush is done.</summary>
    Step,

    /// <summary>Only waits, steps with effects and the end.</summary>
    Exit,
}

/// <summary>How many executions of a workflow may run at once.</summary>
/// <param name="Key">An expression on <c>input</c>: the limit holds among executions with an equal value; null = all of
/// them.</param>
public sealed record ConcurrencyLimit(int Limit, string? Key);

/// <summary>How many executions of a workflow may be started within a period, whichever it is: it slides.</summary>
/// <param name="Key">As that of <see cref="ConcurrencyLimit"/>.</param>
public sealed record RateLimit(int Limit, double PerSeconds, string? Key);

/// <param name="CompensateOnCancel">A cancelled execution is compensated as a failed one is.</param>
public sealed record WorkflowSettings(
    double? TimeoutSeconds,
    ConcurrencyLimit? Concurrency,
    ExecutionPriority Priority,
    OverlapPolicy OverlapPolicy,
    int? RetentionDays,
    CheckpointPolicy Checkpoint,
    bool CompensateOnCancel = false,
    RateLimit? RateLimit = null)
{
    /// <summary>
    /// How many executions may be started below one of this workflow, directly or through one another; null = as many
    /// as without a setting. Of executions that others started the setting of the topmost counts.
    /// </summary>
    public int? MaxDescendants { get; init; }

    public static WorkflowSettings Default { get; } =
        new(null, null, ExecutionPriority.Normal, OverlapPolicy.Queue, null, CheckpointPolicy.Step);
}

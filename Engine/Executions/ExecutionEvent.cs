namespace Workflows.Engine.Executions;

/// <summary>
/// What happened to an execution. Every event may be delivered more than once: one that matches nothing open is ignored.
/// </summary>
public abstract record ExecutionEvent;

/// <summary>An attempt of a node, started by <see cref="RunNode"/>, has a result.</summary>
/// <param name="Node">The node's ordinal in the workflow (<see cref="NodeRun.Ordinal"/>).</param>
/// <param name="Port">The port to leave by, usually <c>main</c>.</param>
/// <param name="Output">UTF-8 JSON; the state keeps the memory, so it must not be pooled.</param>
public sealed record StepSucceeded(
    int Node,
    string Iteration,
    int Attempt,
    string Port,
    ReadOnlyMemory<byte> Output,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt) : ExecutionEvent;

/// <summary>An attempt of a node, started by <see cref="RunNode"/>, failed or was aborted (<see cref="AbortNode"/>).</summary>
public sealed record StepFailed(
    int Node,
    string Iteration,
    int Attempt,
    StepError Error,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt) : ExecutionEvent;

/// <summary>A wait opened by <see cref="OpenWait"/> has ended.</summary>
/// <param name="Event">The structured CloudEvent for <see cref="WaitOutcome.Event"/>, the answer (JSON) for <see cref="WaitOutcome.Answered"/>; empty otherwise.</param>
public sealed record WaitResolved(
    int Node,
    string Iteration,
    int Attempt,
    WaitOutcome Outcome,
    ReadOnlyMemory<byte> Event = default) : ExecutionEvent;

/// <summary>
/// The durable timer of a retry fired: the next attempt may start. <paramref name="Attempt"/> is the failed one.
/// </summary>
public sealed record RetryDue(int Node, string Iteration, int Attempt) : ExecutionEvent;

/// <summary>Somebody wants the execution to stop.</summary>
public sealed record CancelRequested(string? Reason) : ExecutionEvent;

/// <summary>A person wants the execution to rest: what runs ends and is recorded, nothing new starts.</summary>
public sealed record PauseRequested : ExecutionEvent;

/// <summary>What was decided before <see cref="ContinueLater"/> is durable.</summary>
public sealed record Continued : ExecutionEvent;

/// <summary>The execution's own time (<c>settings.timeoutSeconds</c>) is over.</summary>
public sealed record TimedOut : ExecutionEvent;

namespace Workflows.Engine.Executions;

/// <summary>
/// What the worker has to do. Decisions of one call are in order: what is written for a later one (a run, a wait, the end)
/// must not become durable, or start, before the <see cref="RecordStep"/>s ahead of it are durable.
/// </summary>
public abstract record Decision;

/// <summary>Write this step row.</summary>
public sealed record RecordStep(StepRecord Step) : Decision;

/// <summary>
/// Run this node, not before <see cref="NodeRun.NotBefore"/>, and report <see cref="StepSucceeded"/> or <see cref="StepFailed"/>.
/// Pure node types are run by <see cref="NodeEvaluator.Run(ExecutionState, NodeRun, DecisionTurn)"/>, the others by
/// their runner in the worker.
/// </summary>
public sealed record RunNode(NodeRun Run) : Decision;

/// <summary>The execution ends: stop this run if it can be stopped and report its outcome either way.</summary>
public sealed record AbortNode(int Ordinal, string NodeId, string Iteration, int Attempt) : Decision;

/// <summary>Write this wait row, unless it is there.</summary>
public sealed record OpenWait(WaitSpec Wait) : Decision;

/// <summary>Remove this wait row: its outcome is acted upon now, or its frame ends and nothing may fire any more.</summary>
public sealed record CloseWait(int Ordinal, string NodeId, string Iteration, int Attempt, WaitKind Kind) : Decision
{
    /// <summary>What it waited for has answered: there is nobody to be told that nobody waits any more.</summary>
    public bool IsAnswered { get; init; }
}

/// <summary>
/// Write this event in the transaction of the <see cref="RecordStep"/> just before. The id follows from execution, node and
/// iteration, so that however often the step is derived the event is the same one.
/// </summary>
/// <param name="Event">The CloudEvent as structured JSON (UTF-8); also the step's output.</param>
public sealed record PublishEvent(string Id, string Type, string Source, string? Subject, ReadOnlyMemory<byte> Event) : Decision;

/// <summary>The execution is over, with this result (UTF-8 JSON).</summary>
public sealed record CompleteExecution(ReadOnlyMemory<byte> Output) : Decision;

/// <summary>The execution is over without a result; a dead letter with cause, node and input remains.</summary>
/// <param name="Status"><see cref="ExecutionStatus.Failed"/> or <see cref="ExecutionStatus.TimedOut"/>.</param>
public sealed record FailExecution(ExecutionError Error, ExecutionStatus Status) : Decision;

/// <summary>The execution is over because somebody wanted it so.</summary>
/// <param name="Compensation">What was undone because of it; null = nothing was there to undo.</param>
public sealed record CancelExecution(string? Reason, CompensationTally? Compensation = null) : Decision;

/// <summary>
/// There is more to decide at once, but first this much should become durable: apply <see cref="Continued"/> then.
/// </summary>
public sealed record ContinueLater : Decision;

/// <summary>One attempt of one node to be run outside the decider.</summary>
/// <param name="Ordinal">The node's ordinal in the workflow; quote it in the event that reports the outcome.</param>
/// <param name="Parameters">The rendered parameters (UTF-8 JSON) of a node with an outside effect; empty for pure node
/// types.</param>
/// <param name="TimeoutSeconds">Fail the run with <see cref="StepErrorKind.Timeout"/> after this time; null = the worker's
/// limit.</param>
/// <param name="NotBefore">Set on a retry that is due within a second; null = now.</param>
public sealed record NodeRun(
    Guid ExecutionId,
    int Ordinal,
    string NodeId,
    string Type,
    string Iteration,
    int Attempt,
    ReadOnlyMemory<byte> Parameters,
    double? TimeoutSeconds,
    DateTimeOffset? NotBefore)
{
    private string? _idempotencyKey;

    /// <summary>See <see cref="ExecutionState.UndoneRun"/>.</summary>
    internal int UndoneRun { get; init; }

    /// <summary>
    /// Equal for every attempt of this node in this execution, until what it did is undone and done again; ASCII, safe in a header.
    /// </summary>
    public string IdempotencyKey => _idempotencyKey ??= StepNames.Of(ExecutionId, NodeId, Iteration, UndoneRun);
}

using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>
/// What an owned execution has done for it. All are called under its lock: they only hand on, wait for nothing and
/// never come back into the execution on the same thread.
/// </summary>
internal interface IExecutionEffects
{
    /// <summary>
    /// Makes progress durable; answered by one <see cref="BecameDurable"/> or <see cref="WasRejected"/>, or by none
    /// when the session ends. The next comes only after the answer.
    /// </summary>
    void Write(Progress progress);

    /// <summary>
    /// Starts an attempt; answered by one <see cref="CallEnded"/>, or <see cref="DelayEnded"/> when the node is pure.
    /// </summary>
    /// <param name="execution">Whose it is.</param>
    /// <param name="run">The attempt.</param>
    /// <param name="abort">The attempt is to end soon; its end is answered all the same.</param>
    void Start(OwnedExecution execution, NodeRun run, CancellationToken abort);

    /// <summary>
    /// Looks for events that came before its waits; answered by <see cref="LookedBack"/> or <see cref="Broken"/>.
    /// </summary>
    void LookBack(OwnedExecution execution);

    /// <summary>Has it go on when its tenant has a turn; answered by <see cref="TurnCame"/>.</summary>
    void AwaitTurn(OwnedExecution execution);

    /// <summary>
    /// It has left this worker: it ended (then with its end), waits, rests or could not be made durable.
    /// </summary>
    void Release(OwnedExecution execution, Progress last);

    /// <summary>The engine threw, which is a bug; the execution fails.</summary>
    void ReportEngineFailure(OwnedExecution execution, Exception exception);

    /// <summary>Not even its failure can be made durable; it is handed back and tried again.</summary>
    void ReportUnstorable(OwnedExecution execution, string reason);
}

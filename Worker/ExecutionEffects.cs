using Workflows.Engine.Executions;
using Workflows.Worker.Calls;
using Workflows.Worker.Checkpoints;
using Workflows.Worker.Ownership;

namespace Workflows.Worker;

/// <summary>Hands on what owned executions decide, to the parts of this worker that carry it out.</summary>
internal sealed partial class ExecutionEffects(
    Checkpointer checkpointer, NodeCalls calls, LookBack lookBack, Fleet fleet, WorkerMetrics metrics,
    ILogger<ExecutionEffects> logger) : IExecutionEffects
{
    public void Write(Progress progress) => checkpointer.Add(progress);

    public void Start(OwnedExecution execution, NodeRun run, CancellationToken abort) =>
        calls.Start(execution, run, abort);

    public void LookBack(OwnedExecution execution) => lookBack.Add(execution);

    public void AwaitTurn(OwnedExecution execution) => fleet.PostLater(execution, TurnCame.Instance);

    public void Release(OwnedExecution execution, Progress last)
    {
        fleet.Release(execution);
        if (last.Finished is { } finished)
        {
            metrics.Finished(finished.Status, finished.FinishedAt - execution.Claimed.QueuedAt);
        }

        ExecutionTrace.End(execution, last.Finished?.Status);
    }

    public void ReportEngineFailure(OwnedExecution execution, Exception exception) =>
        LogEngineFailure(execution.Key.Id, exception);

    public void ReportUnstorable(OwnedExecution execution, string reason) =>
        LogUnstorable(execution.Key.Id, execution.Key.TenantId, reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The engine failed on execution {ExecutionId}")]
    private partial void LogEngineFailure(Guid executionId, Exception exception);

    [LoggerMessage(
        Level = LogLevel.Error, Message = "Execution {ExecutionId} of tenant {TenantId} cannot be ended: {Reason}")]
    private partial void LogUnstorable(Guid executionId, Guid tenantId, string reason);
}

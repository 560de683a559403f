using Workflows.Data;
using Workflows.Data.Executions;
using Workflows.Data.Rounds;
using Workflows.Worker.Checkpoints;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Intake;

/// <summary>
/// Fails executions that cannot begin. Guarantees: who awaits one is told, as of every other end; those of one claim go
/// out together, and one that the database refuses is failed by itself, without its input.
/// </summary>
internal sealed partial class Refusals(
    ICheckpointSink checkpoints,
    DispatchAnnouncer announcer,
    Patience patience,
    TimeProvider clock,
    ILogger<Refusals> logger)
{
    /// <exception cref="Npgsql.PostgresException">The worker was fenced.</exception>
    public async Task WriteAsync(WorkerSession session, List<Refusal> refusals, CancellationToken cancellationToken)
    {
        if (refusals.Count == 0)
        {
            return;
        }

        try
        {
            await SendAsync(session, refusals, withInput: true, cancellationToken);
        }
        catch (Exception exception) when (PostgresErrors.Rejection(exception) is { } reason)
        {
            foreach (var refusal in refusals)
            {
                await WriteAloneAsync(session, refusal, refusals.Count > 1, reason, cancellationToken);
            }
        }
    }

    private async Task WriteAloneAsync(
        WorkerSession session, Refusal refusal, bool withInput, string reason, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(session, [refusal], withInput, cancellationToken);
        }
        catch (Exception exception) when (PostgresErrors.Rejection(exception) is { } rejection)
        {
            if (withInput)
            {
                await WriteAloneAsync(session, refusal, withInput: false, rejection, cancellationToken);
            }
            else
            {
                LogUnstorable(refusal.Execution.Key.Id, refusal.Error.Code, reason);
            }
        }
    }

    private async Task SendAsync(
        WorkerSession session, List<Refusal> refusals, bool withInput, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var checkpoint = new Checkpoint();
        foreach (var (execution, error) in refusals)
        {
            var json = RowMapping.ErrorJson(error);
            var isTest = execution.Version == ClaimedExecution.VersionOfTests;
            (isTest ? checkpoint.FinishedTests : checkpoint.Finished).Add(new FinishedExecution
            {
                Key = execution.Key,
                Fence = execution.Fence,
                Status = "failed",
                Error = json,
                FinishedAt = now,
                IsChild = execution.TriggerType == "sub_workflow",
                IsLimited = execution.IsLimited,
            });
            checkpoint.Cleared.Add(execution.Key);
            if (isTest)
            {
                continue; // a failed test is nobody's failure
            }

            checkpoint.DeadLetters.Add(new DeadLetter(
                Guid.CreateVersion7(now),
                execution.Key,
                execution.WorkflowId,
                NodeId: null,
                json,
                withInput ? execution.Input : null));
            if (execution.Fence > 1)
            {
                // It may have started others, which nobody awaits any more.
                checkpoint.AbandonedChildren.Add(new WaitKey(execution.Key, "", "", 0));
            }
        }

        announcer.Announce(await patience.WaitAsync(
            () => checkpoints.WriteAsync(session.WorkerId, checkpoint, cancellationToken), cancellationToken));
    }

    [LoggerMessage(
        Level = LogLevel.Error, Message = "Execution {ExecutionId} cannot even be failed with {Code}: {Reason}")]
    private partial void LogUnstorable(Guid executionId, string code, string reason);
}

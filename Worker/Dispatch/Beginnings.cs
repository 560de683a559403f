using System.Security.Cryptography;
using Workflows.Data;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Worker.Execution;

namespace Workflows.Worker.Dispatch;

/// <summary>
/// Begins what a claim has taken. Guarantees: each execution by itself, so that one which cannot begin is failed with
/// the reason and no other waits for it; each tenant by itself, so that one with large definitions or histories holds
/// up nobody else. Nothing is evaluated here: that happens where <see cref="DecisionTurns"/> has it happen.
/// </summary>
internal sealed partial class Beginnings(
    ExecutionHistory history,
    WorkflowCache workflows,
    ScopeLoader scopes,
    Refusals refusals,
    ExecutionRunner runner,
    WorkerOptions options,
    WorkerMetrics metrics,
    Patience patience,
    ILogger<Beginnings> logger)
{
    /// <summary>Completes when each of them is begun or failed.</summary>
    public Task BeginAsync(WorkerSession session, List<ClaimedExecution> claimed, CancellationToken cancellationToken)
    {
        if (claimed.TrueForAll(execution => execution.Key.TenantId == claimed[0].Key.TenantId))
        {
            return BeginTenantAsync(session, claimed, cancellationToken);
        }

        return Task.WhenAll(claimed.GroupBy(execution => execution.Key.TenantId)
            .Select(tenant => BeginTenantAsync(session, [.. tenant], cancellationToken)));
    }

    private async Task BeginTenantAsync(
        WorkerSession session, List<ClaimedExecution> claimed, CancellationToken cancellationToken)
    {
        var begun = new List<ExecutionRun>(claimed.Count);
        var refused = new List<Refusal>();
        try
        {
            // The first owner of an execution finds nothing recorded, so it need not ask.
            var moved = claimed.FindAll(execution => execution.Fence > 1 && !IsLost(execution))
                .ConvertAll(execution => execution.Key);
            var loaded = moved.Count > 1 ? await TryLoadAsync(moved, cancellationToken) : null;
            foreach (var execution in claimed)
            {
                await BeginAsync(session, execution, loaded, begun, refused, cancellationToken);
            }

            DecisionTurns.ForEach(begun, runner.Begin);
            await refusals.WriteAsync(session, refused, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The worker stops, and hands back what has not begun.
        }
        catch (Exception exception) when (PostgresErrors.IsWorkerFenced(exception))
        {
            session.TryFence();
        }
    }

    // Null when they cannot be read together: then each is read by itself, and the culprit found.
    private async Task<Func<ExecutionKey, RecordedExecution>?> TryLoadAsync(
        List<ExecutionKey> keys, CancellationToken cancellationToken)
    {
        try
        {
            var (steps, waits) = await patience.WaitAsync(
                () => history.LoadAsync(keys, cancellationToken), cancellationToken);
            return key => new RecordedExecution([.. steps[key]], [.. waits[key]]);
        }
#pragma warning disable CA1031 // as of one execution
        catch (Exception exception) when (exception is not OperationCanceledException && keys.Count > 1)
#pragma warning restore CA1031
        {
            LogNotLoaded(exception, keys.Count);
            return null;
        }
    }

    private async ValueTask<RecordedExecution> RecordedAsync(
        ClaimedExecution execution, Func<ExecutionKey, RecordedExecution>? loaded, CancellationToken cancellationToken)
    {
        if (execution.Fence == 1)
        {
            return RecordedExecution.Nothing;
        }

        return (loaded ?? (await TryLoadAsync([execution.Key], cancellationToken))!)(execution.Key);
    }

    private async ValueTask BeginAsync(
        WorkerSession session,
        ClaimedExecution execution,
        Func<ExecutionKey, RecordedExecution>? loaded,
        List<ExecutionRun> begun,
        List<Refusal> refused,
        CancellationToken cancellationToken)
    {
        try
        {
            if (IsLost(execution))
            {
                metrics.Lost();
                LogLost(execution.Key.Id, execution.Key.TenantId, execution.WorkflowId, execution.Rescues);
                refused.Add(new Refusal(execution, new ExecutionError(
                    "WORKER_LOST",
                    $"Its worker was lost {execution.Rescues} times in a row before any step became durable: "
                    + "most likely it is what ends the workers.",
                    NodeId: null)));
                return;
            }

            var workflow = await patience.WaitAsync(
                () => FindWorkflowAsync(execution, cancellationToken), cancellationToken);
            if (workflow is null)
            {
                LogNoVersion(execution.Key.Id, execution.WorkflowId, execution.Version);
                refused.Add(new Refusal(execution, new ExecutionError(
                    "VERSION_UNUSABLE",
                    $"Version {execution.Version} of the workflow is missing or does not compile on this release.",
                    NodeId: null)));
                return;
            }

            var scope = await patience.WaitAsync(
                () => scopes.LoadAsync(execution, workflow, cancellationToken), cancellationToken);
            var recorded = await RecordedAsync(execution, loaded, cancellationToken);
            begun.Add(runner.TakeUp(session, execution, workflow, scope, recorded));
        }
        catch (CryptographicException exception)
        {
            LogUnreadable(execution.Key.Id, exception.Message);
            refused.Add(new Refusal(execution, new ExecutionError(
                "SECRETS_UNREADABLE",
                "A secret that the workflow uses cannot be opened: its master key is not configured here.",
                NodeId: null)));
        }
#pragma warning disable CA1031 // the boundary of one execution: its fault must not keep others from beginning
        catch (Exception exception)
            when (exception is not OperationCanceledException && !PostgresErrors.IsWorkerFenced(exception))
#pragma warning restore CA1031
        {
            LogNotBegun(exception, execution.Key.Id, execution.Key.TenantId, execution.WorkflowId);
            refused.Add(new Refusal(execution, new ExecutionError(
                "START_FAILED", "The platform cannot begin this execution; see the worker's log.", NodeId: null)));
        }
    }

    private ValueTask<CompiledWorkflow?> FindWorkflowAsync(
        ClaimedExecution execution, CancellationToken cancellationToken) =>
        workflows.GetAsync(execution.Key.TenantId, execution.WorkflowId, execution.Version, cancellationToken);

    private bool IsLost(ClaimedExecution execution) => execution.Rescues >= options.MaxRescues;

    [LoggerMessage(Level = LogLevel.Error, Message = "What is recorded of {Count} executions cannot be read together")]
    private partial void LogNotLoaded(Exception exception, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Execution {ExecutionId} cannot run: {Reason}")]
    private partial void LogUnreadable(Guid executionId, string reason);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Execution {ExecutionId} cannot run: version {Version} of workflow {WorkflowId} is missing "
            + "or does not compile")]
    private partial void LogNoVersion(Guid executionId, Guid workflowId, int version);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Execution {ExecutionId} of tenant {TenantId}, workflow {WorkflowId}, cannot begin and is failed")]
    private partial void LogNotBegun(Exception exception, Guid executionId, Guid tenantId, Guid workflowId);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Execution {ExecutionId} of tenant {TenantId}, workflow {WorkflowId}, has lost its worker {Rescues} "
            + "times in a row and is failed")]
    private partial void LogLost(Guid executionId, Guid tenantId, Guid workflowId, int rescues);
}

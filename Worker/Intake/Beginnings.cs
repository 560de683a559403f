using System.Security.Cryptography;
using Workflows.Data;
using Workflows.Data.Executions;
using Workflows.Data.Rounds;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Intake;

/// <summary>
/// Begins what a claim has taken. Guarantees: each execution by itself, so that one which cannot begin is failed with
/// the reason and no other waits for it; each tenant by itself, so that one with large definitions or histories holds
/// up nobody else. Nothing is evaluated here: that happens where <see cref="DecisionTurns"/> has it happen.
/// </summary>
internal sealed partial class Beginnings(
    ExecutionHistory history,
    WorkflowCache workflows,
    TestRuns tests,
    ScopeLoader scopes,
    Refusals refusals,
    Fleet fleet,
    IExecutionEffects effects,
    PublicAddress publicAddress,
    WorkerOptions options,
    WorkerMetrics metrics,
    Patience patience,
    TimeProvider clock,
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
        var begun = new List<OwnedExecution>(claimed.Count);
        var refused = new List<Refusal>();
        try
        {
            var lost = claimed.FindAll(IsLost);
            refused.AddRange(lost.Select(Lost));
            var rest = lost.Count == 0 ? claimed : claimed.FindAll(execution => !IsLost(execution));

            // The first owner of an execution finds nothing recorded, so it need not ask.
            var moved = rest.FindAll(execution => execution.Fence > 1).ConvertAll(execution => execution.Key);
            var recorded = moved.Count > 1 ? await TryLoadAsync(moved, cancellationToken) : null;
            var prepared = new Dictionary<ExecutionKey, Prepared>(rest.Count);
            foreach (var alike in rest.GroupBy(execution => (execution.WorkflowId, execution.Version)))
            {
                await PrepareAsync([.. alike], prepared, refused, cancellationToken);
            }

            foreach (var execution in rest)
            {
                if (prepared.TryGetValue(execution.Key, out var found))
                {
                    await TakeUpAsync(session, execution, found, recorded, begun, refused, cancellationToken);
                }
            }

            DecisionTurns.ForEach(begun, execution => fleet.Post(execution, TakenUp.Instance));
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

    // What executions of one version have in common is loaded for all of them together; when that fails, for each by
    // itself, so that the culprit is found.
    private async Task PrepareAsync(
        List<ClaimedExecution> alike,
        Dictionary<ExecutionKey, Prepared> prepared,
        List<Refusal> refused,
        CancellationToken cancellationToken)
    {
        if (alike[0].Version == ClaimedExecution.VersionOfTests && alike.Count > 1)
        {
            foreach (var test in alike)
            {
                await PrepareAsync([test], prepared, refused, cancellationToken); // what they run is not alike
            }

            return;
        }

        try
        {
            var (workflow, outlet) = await patience.WaitAsync(
                () => FindWorkflowAsync(alike[0], cancellationToken), cancellationToken);
            if (workflow is null)
            {
                refused.AddRange(alike.ConvertAll(Unusable));
                return;
            }

            var scope = await patience.WaitAsync(
                () => scopes.LoadAsync(alike, workflow, cancellationToken), cancellationToken);
            foreach (var execution in alike)
            {
                prepared.Add(execution.Key, new Prepared(workflow, scope, outlet));
            }
        }
        catch (CryptographicException exception)
        {
            LogUnreadable(alike[0].WorkflowId, alike[0].Key.TenantId, exception.Message);
            refused.AddRange(alike.ConvertAll(execution => new Refusal(execution, new ExecutionError(
                "SECRETS_UNREADABLE",
                "A secret that the workflow uses cannot be opened: its master key is not configured here.",
                NodeId: null))));
        }
#pragma warning disable CA1031 // the boundary of one execution: its fault must not keep others from beginning
        catch (Exception exception)
            when (exception is not OperationCanceledException && !PostgresErrors.IsWorkerFenced(exception))
#pragma warning restore CA1031
        {
            if (alike is [var culprit])
            {
                refused.Add(NotBegun(culprit, exception));
                return;
            }

            foreach (var execution in alike)
            {
                await PrepareAsync([execution], prepared, refused, cancellationToken);
            }
        }
    }

    private async ValueTask TakeUpAsync(
        WorkerSession session,
        ClaimedExecution claimed,
        Prepared prepared,
        Func<ExecutionKey, RecordedExecution>? loaded,
        List<OwnedExecution> begun,
        List<Refusal> refused,
        CancellationToken cancellationToken)
    {
        try
        {
            var recorded = await RecordedAsync(claimed, loaded, cancellationToken);
            var facts = Facts.Of(claimed, prepared.Scope(claimed), publicAddress.Callbacks);
            var execution = new OwnedExecution(
                session, claimed, prepared.Workflow, facts, recorded, prepared.Effects, clock);
            // An earlier stay of it may still be here: its end is durable, or the claim would have failed, but this
            // worker has not got round to it.
            session.Owned[execution.Key] = execution;
            begun.Add(execution);
        }
#pragma warning disable CA1031 // the boundary of one execution: its fault must not keep others from beginning
        catch (Exception exception)
            when (exception is not OperationCanceledException && !PostgresErrors.IsWorkerFenced(exception))
#pragma warning restore CA1031
        {
            refused.Add(NotBegun(claimed, exception));
        }
    }

    private Refusal Lost(ClaimedExecution execution)
    {
        metrics.Lost();
        LogLost(execution.Key.Id, execution.Key.TenantId, execution.WorkflowId, execution.Rescues);
        return new Refusal(execution, new ExecutionError(
            "WORKER_LOST",
            $"Its worker was lost {execution.Rescues} times in a row before any step became durable: "
            + "most likely it is what ends the workers.",
            NodeId: null));
    }

    private Refusal Unusable(ClaimedExecution execution)
    {
        LogNoVersion(execution.Key.Id, execution.WorkflowId, execution.Version);
        return new Refusal(execution, new ExecutionError(
            "VERSION_UNUSABLE",
            $"Version {execution.Version} of the workflow is missing or does not compile on this release.",
            NodeId: null));
    }

    private Refusal NotBegun(ClaimedExecution execution, Exception exception)
    {
        LogNotBegun(exception, execution.Key.Id, execution.Key.TenantId, execution.WorkflowId);
        return new Refusal(execution, new ExecutionError(
            "START_FAILED", "The platform cannot begin this execution; see the worker's log.", NodeId: null));
    }

    private async ValueTask<(CompiledWorkflow? Workflow, IExecutionEffects Effects)> FindWorkflowAsync(
        ClaimedExecution execution, CancellationToken cancellationToken)
    {
        if (execution.Version != ClaimedExecution.VersionOfTests)
        {
            return (await workflows.GetAsync(
                execution.Key.TenantId, execution.WorkflowId, execution.Version, cancellationToken), effects);
        }

        var test = await tests.FindAsync(execution.Key, cancellationToken);
        return (test?.Workflow, test?.Effects ?? effects);
    }

    private bool IsLost(ClaimedExecution execution) => execution.Rescues >= options.MaxRescues;

    [LoggerMessage(Level = LogLevel.Error, Message = "What is recorded of {Count} executions cannot be read together")]
    private partial void LogNotLoaded(Exception exception, int count);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Executions of workflow {WorkflowId} of tenant {TenantId} cannot run: {Reason}")]
    private partial void LogUnreadable(Guid workflowId, Guid tenantId, string reason);

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

    /// <summary>What an execution needs beyond its row.</summary>
    private sealed record Prepared(
        CompiledWorkflow Workflow, Func<ClaimedExecution, ScopeValues> Scope, IExecutionEffects Effects);
}

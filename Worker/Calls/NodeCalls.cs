using Workflows.Data;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Calls;

/// <summary>
/// Runs nodes with an outside effect, beside the execution's owner. Guarantees: every started call reports exactly one
/// outcome, also when it times out or is aborted; a time-out says that the effect may have happened.
/// </summary>
internal sealed partial class NodeCalls(
    IEnumerable<INodeRunner> runners, Fleet fleet, TimeProvider clock, ILogger<NodeCalls> logger)
{
    private static readonly TimeSpan LongestCall = TimeSpan.FromHours(24);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, INodeRunner> _runners = runners.ToDictionary(runner => runner.Type);

    /// <summary>Starts the call and returns; its end goes to the fleet.</summary>
    /// <param name="execution">Whose call it is.</param>
    /// <param name="run">The attempt; one of a pure type only waits for its delay here.</param>
    /// <param name="abort">Ends the call soon.</param>
    public void Start(OwnedExecution execution, NodeRun run, CancellationToken abort) =>
        _ = Task.Run(() => CallAsync(execution, run, abort), CancellationToken.None);

    private async Task CallAsync(OwnedExecution execution, NodeRun run, CancellationToken abort)
    {
        var started = clock.GetUtcNow();
        var call = new NodeCall(execution.Key.TenantId, run)
        {
            WorkflowId = execution.Claimed.WorkflowId,
            Secrets = execution.Secrets,
        };
        NodeResult result;
        try
        {
            if (run.NotBefore is { } notBefore && notBefore > started)
            {
                await Task.Delay(notBefore - started, clock, abort);
                started = clock.GetUtcNow();
            }

            if (execution.IsPure(run))
            {
                fleet.Post(execution, new DelayEnded(run));
                return;
            }

            result = await TracedAsync(execution, call, abort);
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            result = new NodeResult.Failure(StepOutcomes.AbortedError);
        }
#pragma warning disable CA1031 // the step runner's boundary
        catch (Exception exception)
#pragma warning restore CA1031
        {
            // As text: the exception itself may hold what it was called with.
            var text = execution.Mask.Apply(SecretMask.Of(call.Sensitive).Apply(exception.ToString()));
            LogRunnerFailure(run.Type, run.NodeId, execution.Key.Id, text);
            result = Masked(new NodeResult.Failure(new StepError("RUNNER_FAILED", exception.Message)), call);
        }

        var finished = clock.GetUtcNow();
        fleet.Post(execution, new CallEnded(
            run, ToEvent(run, result, started, finished), call.Notes.RowsOf(execution, call, finished)));
    }

    private static ExecutionEvent ToEvent(
        NodeRun run, NodeResult result, DateTimeOffset started, DateTimeOffset finished) => result switch
        {
            NodeResult.Success success => new StepSucceeded(
                run.Ordinal, run.Iteration, run.Attempt, success.Port, success.Output, started, finished)
            {
                RowsProcessed = success.RowsProcessed,
            },
            NodeResult.Failure failure => new StepFailed(
                run.Ordinal, run.Iteration, run.Attempt, failure.Error, started, finished),
            _ => throw new InvalidOperationException($"Unknown result {result.GetType().Name}."),
        };

    private static NodeResult Masked(NodeResult result, NodeCall call)
    {
        var mask = SecretMask.Of(call.Sensitive);
        return mask.IsEmpty ? result : result switch
        {
            NodeResult.Success success => success with { Output = mask.Apply(success.Output).ToRowBytes() ?? [] },
            NodeResult.Failure failure => new NodeResult.Failure(mask.Apply(failure.Error)),
            _ => result,
        };
    }

    private async Task<NodeResult> TracedAsync(OwnedExecution execution, NodeCall call, CancellationToken abort)
    {
        using var span = ExecutionTrace.BeginCall(execution, call.Run);
        var result = Masked(await RunAsync(call, abort), call);
        if (result is NodeResult.Failure failure)
        {
            ExecutionTrace.Fail(span, failure.Error);
        }

        return result;
    }

    private async Task<NodeResult> RunAsync(NodeCall call, CancellationToken abort)
    {
        var type = call.Run.Type;
        return _runners.TryGetValue(CustomNodes.NameOf(type) is null ? type : CustomNodes.Prefix, out var runner)
            ? await WithinAsync(runner, call, clock, abort)
            : new NodeResult.Failure(
                new StepError("NODE_TYPE_UNSUPPORTED", $"This worker has no runner for '{type}'."));
    }

    /// <summary>One attempt, given up when the run's time is over.</summary>
    public static async Task<NodeResult> WithinAsync(
        INodeRunner runner, NodeCall call, TimeProvider clock, CancellationToken abort)
    {
        var limit = call.Run.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : LongestCall;
        using var timeout = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(abort, timeout.Token);
        try
        {
            for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            {
                try
                {
                    return await runner.RunAsync(call, either.Token);
                }
                catch (Exception exception) when (PostgresErrors.IsDatabaseTrouble(exception))
                {
                    // The platform's own database, of which the node knows nothing: trouble of a target is a result.
                    await Task.Delay(pause, clock, either.Token);
                }
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !abort.IsCancellationRequested)
        {
            return new NodeResult.Failure(new StepError(
                "TIMEOUT",
                $"No result within {limit.TotalSeconds:0.###} s; the effect may have happened.",
                StepErrorKind.Timeout));
        }
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "The runner of {Type} failed at node {NodeId} of execution {ExecutionId}: {Exception}")]
    private partial void LogRunnerFailure(string type, string nodeId, Guid executionId, string exception);
}

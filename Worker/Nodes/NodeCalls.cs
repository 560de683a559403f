using Workflows.Data;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;
using Workflows.Worker.Execution;

namespace Workflows.Worker.Nodes;

/// <summary>Does the outside work of one node type.</summary>
internal interface INodeRunner
{
    /// <summary>The node type it runs.</summary>
    string Type { get; }

    /// <summary>One attempt. A failure is data; an exception is a bug and fails the step as <c>RUNNER_FAILED</c>.</summary>
    Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken);
}

/// <summary>One attempt as a runner sees it.</summary>
internal sealed record NodeCall(Guid TenantId, NodeRun Run)
{
    public Guid WorkflowId { get; init; }

    /// <summary>Values of the secrets that the execution reads, to be masked by a runner that cuts a text itself; every result is masked anyway.</summary>
    public IEnumerable<string> Secrets { get; init; } = [];

    /// <summary>What the runner used and nobody may read: a connector's password, a token. Masked in the result, and in the log.</summary>
    public List<string> Sensitive { get; } = [];

    /// <summary>For the log of the execution.</summary>
    public NodeNotes Notes { get; } = new();
}

/// <summary>How an attempt ended.</summary>
internal abstract record NodeResult
{
    private NodeResult()
    {
    }

    public sealed record Success(string Port, byte[] Output) : NodeResult
    {
        /// <summary>Rows read or written outside, where the node counts them.</summary>
        public long? RowsProcessed { get; init; }
    }

    public sealed record Failure(StepError Error) : NodeResult;
}

/// <summary>
/// Runs nodes with an outside effect, beside the execution's owner. Guarantees: every started call reports exactly one outcome, also when it times out or is
/// aborted; a time-out says that the effect may have happened.
/// </summary>
internal sealed partial class NodeCalls(IEnumerable<INodeRunner> runners, TimeProvider clock, ILogger<NodeCalls> logger)
{
    private static readonly TimeSpan LongestCall = TimeSpan.FromHours(24);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, INodeRunner> _runners = runners.ToDictionary(runner => runner.Type);

    /// <summary>Starts the call and returns; the outcome goes to <paramref name="report"/>. Called under the run's gate.</summary>
    /// <param name="run">The execution.</param>
    /// <param name="node">The attempt.</param>
    /// <param name="report">Is told of the outcome.</param>
    /// <param name="evaluate">Runs a node of a pure type whose retry was due within a moment, after its delay.</param>
    public void Start(
        ExecutionRun run, NodeRun node, Action<ExecutionRun, ExecutionEvent> report, Action<ExecutionRun, NodeRun> evaluate)
    {
        var abort = CancellationTokenSource.CreateLinkedTokenSource(run.Session.Ended);
        run.Calls.Add(node, abort);
        _ = Task.Run(() => CallAsync(run, node, abort, report, evaluate), CancellationToken.None);
    }

    /// <summary>What is reported for a run that was decided and never started, because its execution ends.</summary>
    public static StepFailed AbortedEvent(NodeRun node, DateTimeOffset now) =>
        new(node.Ordinal, node.Iteration, node.Attempt, AbortedError, now, now);

    private static StepError AbortedError => new(StepErrorCodes.Aborted, "Stopped because the execution ended.", StepErrorKind.Cancelled);

    private async Task CallAsync(
        ExecutionRun run,
        NodeRun node,
        CancellationTokenSource abort,
        Action<ExecutionRun, ExecutionEvent> report,
        Action<ExecutionRun, NodeRun> evaluate)
    {
        var started = clock.GetUtcNow();
        var call = new NodeCall(run.Key.TenantId, node) { WorkflowId = run.Claimed.WorkflowId, Secrets = run.State.Facts.Secrets.Values };
        NodeResult? result;
        try
        {
            if (node.NotBefore is { } notBefore && notBefore > started)
            {
                await Task.Delay(notBefore - started, clock, abort.Token);
                started = clock.GetUtcNow();
            }

            result = NodeEvaluator.CanRun(run.State, node) ? null : await TracedAsync(run, call, abort.Token);
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            result = new NodeResult.Failure(AbortedError);
        }
#pragma warning disable CA1031 // the step runner's boundary
        catch (Exception exception)
#pragma warning restore CA1031
        {
            // As text: the exception itself may hold what it was called with.
            LogRunnerFailure(node.Type, node.NodeId, run.Key.Id, run.State.Mask.Apply(SecretMask.Of(call.Sensitive).Apply(exception.ToString())));
            result = Masked(new NodeResult.Failure(new StepError("RUNNER_FAILED", exception.Message)), call);
        }

        run.Enqueued(); // a worker that stops must not take the moment until it is reported for rest
        run.Calls.Remove(node);
        abort.Dispose();
        if (result is null)
        {
            evaluate(run, node);
        }
        else
        {
            report(run, ToEvent(node, result, started));
        }

        run.Dequeued();
    }

    private ExecutionEvent ToEvent(NodeRun node, NodeResult result, DateTimeOffset started)
    {
        var finished = clock.GetUtcNow();
        return result switch
        {
            NodeResult.Success success => new StepSucceeded(
                node.Ordinal, node.Iteration, node.Attempt, success.Port, success.Output, started, finished)
            {
                RowsProcessed = success.RowsProcessed,
            },
            NodeResult.Failure failure => new StepFailed(
                node.Ordinal, node.Iteration, node.Attempt, failure.Error, started, finished),
            _ => throw new InvalidOperationException($"Unknown result {result.GetType().Name}."),
        };
    }

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

    private async Task<NodeResult> TracedAsync(ExecutionRun run, NodeCall call, CancellationToken abort)
    {
        using var span = ExecutionTrace.BeginCall(run, call.Run);
        var result = Masked(await RunAsync(call, abort), call);
        call.Notes.HandTo(run, call, clock.GetUtcNow());
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
            : new NodeResult.Failure(new StepError("NODE_TYPE_UNSUPPORTED", $"This worker has no runner for '{type}'."));
    }

    /// <summary>One attempt, given up when the run's time is over.</summary>
    public static async Task<NodeResult> WithinAsync(INodeRunner runner, NodeCall call, TimeProvider clock, CancellationToken abort)
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
                "TIMEOUT", $"No result within {limit.TotalSeconds:0.###} s; the effect may have happened.", StepErrorKind.Timeout));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The runner of {Type} failed at node {NodeId} of execution {ExecutionId}: {Exception}")]
    private partial void LogRunnerFailure(string type, string nodeId, Guid executionId, string exception);
}

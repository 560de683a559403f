using Workflows.Engine.Executions;

namespace Workflows.Worker.Calls;

/// <summary>Does the outside work of one node type.</summary>
internal interface INodeRunner
{
    /// <summary>The node type it runs.</summary>
    string Type { get; }

    /// <summary>
    /// One attempt. A failure is data; an exception is a bug and fails the step as <c>RUNNER_FAILED</c>.
    /// </summary>
    Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken);
}

/// <summary>One attempt as a runner sees it.</summary>
internal sealed record NodeCall(Guid TenantId, NodeRun Run)
{
    public Guid WorkflowId { get; init; }

    /// <summary>
    /// Values of the secrets that the execution reads, to be masked by a runner that cuts a text itself; every result
    /// is masked anyway.
    /// </summary>
    public IEnumerable<string> Secrets { get; init; } = [];

    /// <summary>
    /// What the runner used and nobody may read: a connector's password, a token. Masked in the result, and in the log.
    /// </summary>
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

using System.Diagnostics;
using Workflows.Data.Executions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>
/// One execution is one trace, whichever workers carry it, and however often it waits: the trace's id is the
/// execution's. Each stay in a worker's memory is a span; below it lie the outside calls of its nodes, and below
/// those what they cause. Costs nothing while nobody listens.
/// </summary>
internal static class ExecutionTrace
{
    /// <summary>Exported by every service as part of <c>Workflows.*</c>.</summary>
    public const string SourceName = "Workflows.Worker";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>
    /// Begins the span of a stay; null while nobody listens. It lives until <see cref="End"/>, on no thread in
    /// particular.
    /// </summary>
    public static Activity? Begin(OwnedExecution execution)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        // Begun outside of whatever this thread does at the moment, which concerns all executions of a claim.
        var current = Activity.Current;
        Activity.Current = null;
        var claimed = execution.Claimed;
        var span = Source.StartActivity(
            $"execution {execution.Workflow.Definition.Name}".TrimEnd(),
            ActivityKind.Consumer,
            ExecutionTraces.ContextOf(execution.Key.Id));
        span?.SetTag("workflows.execution.id", execution.Key.Id)
            .SetTag("workflows.tenant.id", execution.Key.TenantId)
            .SetTag("workflows.workflow.id", claimed.WorkflowId)
            .SetTag("workflows.workflow.version", claimed.Version)
            .SetTag("workflows.execution.run", claimed.Run)
            .SetTag("workflows.execution.trigger", claimed.TriggerType);
        Activity.Current = current;
        return span;
    }

    /// <summary>
    /// Begins the span of a node's outside call, the current one of its thread; null while nobody listens.
    /// </summary>
    public static Activity? BeginCall(OwnedExecution execution, NodeRun node) => execution.Span is not { } stay
        ? null
        : Source.StartActivity($"{node.Type} {node.NodeId}", ActivityKind.Internal, stay.Context)?
            .SetTag("workflows.execution.id", execution.Key.Id)
            .SetTag("workflows.node.id", node.NodeId)
            .SetTag("workflows.node.type", node.Type)
            .SetTag("workflows.node.iteration", node.Iteration)
            .SetTag("workflows.node.attempt", node.Attempt);

    /// <summary>
    /// Says in the span of a call that it failed: the code only, for messages tell of the tenant's data.
    /// </summary>
    public static void Fail(Activity? call, StepError error) => call?
        .SetStatus(ActivityStatusCode.Error)
        .SetTag("error.type", error.Code);

    /// <summary>Ends the span of a stay.</summary>
    /// <param name="execution">The execution, which leaves this worker.</param>
    /// <param name="status">How it ended; null when it only waits or rests.</param>
    public static void End(OwnedExecution execution, string? status)
    {
        if (execution.Span is not { } span)
        {
            return;
        }

        span.SetTag("workflows.execution.status", status ?? "waiting");
        if (status is "failed" or "timed_out")
        {
            span.SetStatus(ActivityStatusCode.Error);
        }

        span.Dispose();
    }
}

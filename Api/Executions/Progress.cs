using Workflows.Api.Http;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Definitions;
using Workflows.Engine.Testing;

namespace Workflows.Api.Executions;

/// <summary>An execution that another one started, and where in it.</summary>
internal sealed record ChildOf(Guid Id, string? NodeId, string? Iteration);

/// <summary>A port by which a step of a node left.</summary>
internal sealed record LeftBy(string NodeId, string Port);

/// <summary>What an operator asks of an execution: why it stands still, what comes next, what each step ran on. From its records alone.</summary>
internal static class Progress
{
    public static NextView Next(
        ExecutionRecord execution,
        WorkflowDefinition? definition,
        IReadOnlyCollection<LeftBy> left,
        IReadOnlyList<WaitRecord> waits,
        DateTimeOffset? dueAt) => new(
            execution.StopRequest switch
            {
                "cancel" => "It is being cancelled.",
                "timeout" => "Its time is over; it is being ended.",
                "pause" => "It pauses when what runs at the moment is recorded.",
                _ => ReasonOf(execution, waits),
            },
            dueAt ?? MomentOf(execution),
            Due(definition, left, waits));

    // By its rate limit; none while nobody has worked it out.
    private static DateTimeOffset? MomentOf(ExecutionRecord execution) =>
        execution is { Status: "held", NotBefore: { } moment } && moment < DateTimeOffset.MaxValue ? moment : null;

    private static string ReasonOf(ExecutionRecord execution, IReadOnlyList<WaitRecord> waits) => execution.Status switch
    {
        "queued" => "It waits for a worker.",
        "running" => "A worker advances it.",
        "paused" => "A person paused it; it goes on when a person resumes it.",
        "held" when execution.NotBefore == DateTimeOffset.MaxValue => "It was started from SQL; a worker works out its limits.",
        "held" when execution.ConcurrencyKey is null => "The rate limit of its workflow lets it go at its moment.",
        "held" => $"{execution.ConcurrencyLimit} with the same concurrency key are active; it is queued when one of them has ended.",
        _ => waits.FirstOrDefault(wait => wait.Status == "open") is { } open ? For(open) : "It waits.",
    };

    public static StepView View(
        StepExecutionRecord step, WorkflowDefinition? definition, IReadOnlyList<StepExecutionRecord> steps) => View(
        step,
        [
            .. (definition?.Edges ?? []).Where(edge => edge.To == step.NodeId).Select(edge => edge.From).Distinct()
                .Where(from => steps.Any(before => before.NodeId == from && before.Sequence < step.Sequence)),
        ]);

    public static StepView View(StepExecutionRecord step, IReadOnlyList<string> reads) => new(
        step.NodeId,
        step.NodeType,
        step.Iteration,
        step.Attempt,
        step.Run,
        step.Sequence,
        step.Status,
        step.Port,
        reads,
        RawJson.From(step.Output),
        RawJson.From(step.Error),
        step.StartedAt,
        step.FinishedAt,
        (step.FinishedAt - step.StartedAt).TotalMilliseconds,
        StepInputs.OriginOf(step.Input));

    public static WaitView View(WaitRecord wait, IReadOnlyList<ChildOf> children) => new(
        wait.NodeId,
        wait.Iteration,
        wait.Kind,
        wait.Status,
        For(wait),
        wait.EventType,
        wait.CorrelationKey,
        wait.DueAt,
        wait.Kind == "child" ? [.. children.Where(child => child.NodeId == wait.NodeId && (child.Iteration ?? "") == wait.Iteration).Select(child => child.Id)] : [],
        wait.Outcome,
        wait.CreatedAt,
        wait.ResolvedAt);

    private static string For(WaitRecord wait) => wait.Kind switch
    {
        "timer" => $"'{wait.NodeId}' waits for its time.",
        "retry" => $"'{wait.NodeId}' failed and is tried again.",
        "event" when wait.CorrelationKey is { } key => $"'{wait.NodeId}' waits for an event '{wait.EventType}' with the correlation key '{key}'.",
        "event" => $"'{wait.NodeId}' waits for an event '{wait.EventType}'.",
        "approval" => $"'{wait.NodeId}' waits for people to decide.",
        "child" => $"'{wait.NodeId}' waits for the end of an execution that it started.",
        "webhook" => $"'{wait.NodeId}' waits for a call to its address.",
        _ => $"'{wait.NodeId}' waits.",
    };

    // A node's turn has come when a step before it left by a port that leads to it, and it has neither a result nor an open wait. Of loops only the node
    // itself is told: their bodies repeat.
    private static List<string> Due(
        WorkflowDefinition? definition, IReadOnlyCollection<LeftBy> ports, IReadOnlyList<WaitRecord> waits)
    {
        if (definition is null)
        {
            return [];
        }

        var done = ports.Select(step => step.NodeId).ToHashSet();
        var waiting = waits.Where(wait => wait.Status == "open").Select(wait => wait.NodeId).ToHashSet();
        var left = ports.Select(step => (step.NodeId, step.Port)).ToHashSet();
        // Entered by an edge, or to undo another: not where an execution begins.
        var entered = definition.Edges.Select(edge => edge.To).Concat(definition.Nodes.Select(node => node.Compensate).OfType<string>()).ToHashSet();
        return [.. definition.Nodes.Select(node => node.Id)
            .Where(id => !done.Contains(id) && !waiting.Contains(id)
                && (!entered.Contains(id) || definition.Edges.Any(edge => edge.To == id && left.Contains((edge.From, edge.Port)))))];
    }
}

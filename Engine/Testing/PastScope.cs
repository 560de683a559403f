using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Testing;

/// <summary>
/// What the expressions of one node saw in an execution, put together again from what is recorded of it. Secrets are
/// not among it: a parameter that reads them shows <c>***</c>.
/// </summary>
public sealed class PastScope
{
    private readonly ExecutionState _state;
    private readonly CompiledNode _node;
    private readonly Frame _frame;
    private readonly int _attempt;
    private readonly DateTimeOffset _at;

    private PastScope(ExecutionState state, CompiledNode node, Frame frame, int attempt, DateTimeOffset at) =>
        (_state, _node, _frame, _attempt, _at) = (state, node, frame, attempt, at);

    /// <summary>
    /// The iterations whose steps the scope is made of; null when the node does not stand at such an iteration, or more
    /// than <see cref="Limits.PastRounds"/> rounds came before it of which each follows from the one before.
    /// </summary>
    public static IReadOnlyList<string>? IterationsFor(CompiledWorkflow workflow, string nodeId, string iteration)
    {
        var rounds = Path(workflow, nodeId, iteration);
        if (rounds is null)
        {
            return null;
        }

        var needed = new List<string> { "" };
        foreach (var (loop, prefix, index) in rounds)
        {
            for (var before = IsSequential(workflow, loop) ? 0 : index; before <= index; before++)
            {
                needed.Add(Join(prefix, before));
                if (needed.Count > Limits.PastRounds)
                {
                    return null;
                }
            }
        }

        return needed;
    }

    /// <summary>The scope of a node.</summary>
    /// <param name="workflow">What the execution ran.</param>
    /// <param name="facts">Of the execution; its secrets are left out.</param>
    /// <param name="steps">Those of <see cref="IterationsFor"/> that were recorded before the node began.</param>
    /// <param name="nodeId">The node.</param>
    /// <param name="iteration">Its iteration.</param>
    /// <param name="attempt">Its attempt.</param>
    /// <param name="at">When that began: what <c>$now()</c> says.</param>
    /// <returns>Null when what is recorded does not lead to the node, or not any more.</returns>
    public static PastScope? Find(
        CompiledWorkflow workflow, ExecutionFacts facts, IReadOnlyList<RecordedStep> steps, string nodeId,
        string iteration, int attempt, DateTimeOffset at)
    {
        if (Path(workflow, nodeId, iteration) is not { } rounds)
        {
            return null;
        }

        var hidden = workflow.SecretNames.ToDictionary(name => name, _ => SecretMask.Masked, StringComparer.Ordinal);
        var state = new ExecutionState(workflow, facts with { Secrets = hidden });
        var byIteration = steps.Where(step => step.Port is not null).ToLookup(step => step.Iteration);
        var frame = Fill(state.Root, byIteration);
        foreach (var (loop, _, index) in rounds)
        {
            if (RoundOf(frame, workflow.Nodes[loop], index, byIteration, at) is not { } round)
            {
                return null;
            }

            frame = round;
        }

        return new PastScope(state, workflow.Nodes[workflow.OrdinalOf(nodeId)], frame, attempt, at);
    }

    /// <summary>Evaluates over it.</summary>
    /// <exception cref="JsonataException">The expression ended in an error.</exception>
    public JsonataValue Evaluate(JsonataExpression expression, JsonataOptions options) =>
        expression.Evaluate(_frame.Scope, options);

    /// <summary>Renders over it.</summary>
    /// <exception cref="JsonataException">An expression ended in an error.</exception>
    public JsonataValue Render(JsonTemplate template, JsonataOptions options) => template.Render(_frame.Scope, options);

    /// <summary>The node's parameters as they were evaluated: <c>{"parameters", "errors"?}</c>, UTF-8 JSON.</summary>
    public byte[] RenderParameters() =>
        NodeInput.Render(new NodeContext(_state, _frame, _node, _attempt, _at), origin: null);

    // The loops around the node, the outermost first, with the round of each.
    private static List<(int Loop, string Prefix, int Index)>? Path(
        CompiledWorkflow workflow, string nodeId, string iteration)
    {
        var ordinal = workflow.OrdinalOf(nodeId);
        if (ordinal < 0)
        {
            return null;
        }

        var loops = new List<int>();
        for (var loop = workflow.Nodes[ordinal].Graph.Loop; loop >= 0; loop = workflow.Nodes[loop].Graph.Loop)
        {
            loops.Add(loop);
        }

        loops.Reverse();
        var parts = iteration.Length == 0 ? [] : iteration.Split('/');
        if (parts.Length != loops.Count)
        {
            return null;
        }

        var path = new List<(int, string, int)>();
        var prefix = "";
        for (var level = 0; level < parts.Length; level++)
        {
            if (!int.TryParse(parts[level], out var index) || index is < 0 or >= Limits.LoopItems)
            {
                return null;
            }

            path.Add((loops[level], prefix, index));
            prefix = Join(prefix, index);
        }

        return path;
    }

    private static string Join(string prefix, int index) => prefix.Length == 0
        ? index.ToString(System.Globalization.CultureInfo.InvariantCulture)
        : FormattableString.Invariant($"{prefix}/{index}");

    private static bool IsSequential(CompiledWorkflow workflow, int loop) => workflow.Nodes[loop].Type is RepeatNode;

    private static Frame Fill(Frame frame, ILookup<string, RecordedStep> steps)
    {
        foreach (var step in steps[frame.Iteration].OrderBy(step => step.Attempt))
        {
            var ordinal = frame.State.Workflow.OrdinalOf(step.NodeId);
            if (ordinal < frame.Graph.First || ordinal >= frame.Graph.First + frame.Graph.Count)
            {
                continue;
            }

            var port = frame.State.Workflow.Nodes[ordinal].PortOf(step.Port!);
            if (port >= 0)
            {
                ref var slot = ref frame.Slot(ordinal);
                (slot.Phase, slot.Port, slot.Output) = (NodePhase.Done, port, step.Output);
                slot.HasFailed = step.Status == StepStatus.Failed;
            }
        }

        return frame;
    }

    // Rounds of a forEach have the items of its list, which is evaluated again; a round of a repeat has the result of
    // the one before.
    private static Frame? RoundOf(
        Frame frame, CompiledNode loop, int index, ILookup<string, RecordedStep> steps, DateTimeOffset at)
    {
        var context = new NodeContext(frame.State, frame, loop, 1, at);
        if (loop.Action is not LoopAction action
            || NodeEvaluator.Begin(action, context, isReplay: true, out _) is not { } run)
        {
            return null;
        }

        while (run.TryNext(out var found, out var item))
        {
            if (found == index)
            {
                return Fill(new Frame(run, found, item), steps);
            }

            if (run.IsSequential)
            {
                var round = Fill(new Frame(run, found, item), steps);
                round.HasRecords = true;
                if (ExecutionOutput.OfRound(round, loop, at) is not { Error: null } result
                    || NodeEvaluator.Take(run, context, round, result.Output) is not null)
                {
                    return null;
                }
            }
        }

        return null;
    }
}

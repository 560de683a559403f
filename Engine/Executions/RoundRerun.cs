using Workflows.Engine.Definitions;

namespace Workflows.Engine.Executions;

/// <summary>Steps of a node that are not taken over: those of this iteration and of all within it.</summary>
public sealed record RoundStep(string Node, string Iteration);

/// <summary>Steps of a node that are not taken over: those of rounds after one, of a loop in which each round follows
/// from the one before.</summary>
/// <param name="Prefix">The iteration around the loop; empty at the top level.</param>
/// <param name="Depth">How many loops there are around the node's loop, itself included.</param>
public sealed record LaterRounds(string Node, string Prefix, int Depth, int Index);

/// <summary>
/// What runs again when a rerun begins at a node of one round of a loop: of that round what follows from the node, of
/// the loops around it what follows from that round. All else of those loops is taken over as it was recorded.
/// </summary>
/// <param name="Within">Nodes of the bodies around the node, and of all bodies in them.</param>
/// <param name="Again">Not taken over.</param>
/// <param name="Later">Not taken over either.</param>
public sealed record RoundRerun(
    IReadOnlySet<string> Within, IReadOnlyList<RoundStep> Again, IReadOnlyList<LaterRounds> Later)
{
    private readonly Dictionary<CompiledGraph, string> _rounds = [];

    /// <summary>The rerun from a node of a body.</summary>
    /// <returns>Null when the node does not stand at such an iteration.</returns>
    public static RoundRerun? From(CompiledWorkflow workflow, string nodeId, string iteration)
    {
        var target = workflow.OrdinalOf(nodeId);
        var rounds = iteration.Split('/');
        if (target < 0 || workflow.Nodes[target].Graph.Loop < 0
            || DepthOf(workflow.Nodes[target].Graph) != rounds.Length)
        {
            return null;
        }

        var (within, again, later) = (new HashSet<string>(), new List<RoundStep>(), new List<LaterRounds>());
        var found = new RoundRerun(within, again, later);
        var around = target;
        for (var depth = rounds.Length; depth > 0; depth--)
        {
            var graph = workflow.Nodes[around].Graph;
            if (!int.TryParse(rounds[depth - 1], out var index) || index < 0)
            {
                return null;
            }

            var (round, prefix) = (string.Join('/', rounds[..depth]), string.Join('/', rounds[..(depth - 1)]));
            found._rounds.Add(graph, round);
            foreach (var ordinal in Following(workflow, around))
            {
                again.Add(new RoundStep(workflow.Nodes[ordinal].Id, round));
                if (ordinal != around)
                {
                    again.AddRange(Inside(workflow, ordinal).Select(inner => new RoundStep(inner, round)));
                }
            }

            var body = Inside(workflow, graph.Loop).ToList();
            within.UnionWith(body);
            if (workflow.Nodes[graph.Loop].Type is Nodes.RepeatNode)
            {
                later.AddRange(body.Select(inner => new LaterRounds(inner, prefix, depth, index)));
            }

            around = graph.Loop;
        }

        return found;
    }

    /// <summary>The iteration of a node that stands beside the node, or beside a loop around it.</summary>
    /// <returns>Null of any other node of a body.</returns>
    public string? IterationOf(CompiledWorkflow workflow, string nodeId) =>
        workflow.OrdinalOf(nodeId) is >= 0 and var ordinal
            ? workflow.Nodes[ordinal].Graph is { Loop: >= 0 } graph ? _rounds.GetValueOrDefault(graph) : ""
            : null;

    private static int DepthOf(CompiledGraph? graph)
    {
        var depth = -1;
        for (; graph is not null; graph = graph.Parent)
        {
            depth++;
        }

        return depth;
    }

    // Within its graph.
    private static HashSet<int> Following(CompiledWorkflow workflow, int ordinal)
    {
        var found = new HashSet<int>();
        var next = new Stack<int>([ordinal]);
        while (next.TryPop(out var node))
        {
            if (found.Add(node))
            {
                Array.ForEach(workflow.Nodes[node].Outgoing, edge => next.Push(edge.Node));
            }
        }

        return found;
    }

    private static IEnumerable<string> Inside(CompiledWorkflow workflow, int loop)
    {
        var body = workflow.Nodes[loop].Body;
        for (var inner = 0; inner < body?.Count; inner++)
        {
            yield return workflow.Nodes[body.First + inner].Id;
            foreach (var deeper in Inside(workflow, body.First + inner))
            {
                yield return deeper;
            }
        }
    }
}

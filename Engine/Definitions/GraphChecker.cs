using Workflows.Engine.Nodes;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>Whether the graph as a whole can run: a start, no cycle, nothing out of reach, joins that can complete.</summary>
/// <remarks><c>notJudged</c> are nodes whose place is unclear because of problems reported already; they count as
/// reached.</remarks>
internal sealed class GraphChecker(GraphSource source, IReadOnlySet<int> notJudged, ProblemList problems)
{
    private const int NodesNamed = 10;

    private readonly Graph _graph = source.Graph;

    /// <summary>Checks, and returns the nodes in topological order (without those on or behind a cycle).</summary>
    public int[] Check()
    {
        var order = _graph.TopologicalOrder();
        if (_graph.NodeCount == 0)
        {
            if (!problems.IsFull && source.Nodes.Count == 0)
            {
                problems.Add(source.Pointer + "/nodes", GraphEmpty, "There are no nodes.", "Add at least one.");
            }

            return order;
        }

        foreach (var cycle in order.Length == _graph.NodeCount ? [] : _graph.Cycles(order))
        {
            var names = string.Join(" → ", cycle.Take(NodesNamed).Append(cycle[0]).Select(node => source.Nodes[node].Id));
            problems.Add(
                source.PointerTo(cycle[0]),
                GraphCycle,
                $"Edges form a cycle{(cycle.Count > NodesNamed ? $" of {cycle.Count} nodes" : "")}: {names}.",
                "Remove one of its edges. Repetition is a loop node with a body, never an edge that leads back.");
        }

        CheckReach(StartsOf());
        var bound = new JoinBound(_graph);
        for (var node = 0; node < _graph.NodeCount && order.Length == _graph.NodeCount; node++)
        {
            if (source.Actions[node] is { Quorum: > 1 } join && !notJudged.Contains(node))
            {
                CheckJoin(node, join.Quorum, bound);
            }
        }

        return order;
    }

    private List<int> StartsOf()
    {
        var startNodes = Enumerable.Range(0, _graph.NodeCount).Where(node => source.Types[node] is StartNode).ToList();
        for (var index = 1; index < startNodes.Count; index++)
        {
            problems.Add(
                source.PointerTo(startNodes[index]),
                GraphStartDuplicate,
                $"'{source.Nodes[startNodes[index]].Id}' is a second start node.",
                $"Keep one; wire further branches to '{source.Nodes[startNodes[0]].Id}'.");
        }

        foreach (var start in startNodes)
        {
            if (_graph.Incoming(start).Length > 0)
            {
                problems.Add(
                    $"{source.Pointer}/edges/{_graph.Edges[_graph.Incoming(start)[0]].Source}",
                    GraphStartNotFirst,
                    $"An edge leads to the start node '{source.Nodes[start].Id}'.",
                    "Remove the edge, or make the node a noop.");
            }
        }

        return startNodes.Count > 0
            ? startNodes
            : Enumerable.Range(0, _graph.NodeCount).Where(node => _graph.Incoming(node).Length == 0).ToList();
    }

    private void CheckReach(List<int> starts)
    {
        if (starts.Count == 0)
        {
            problems.Add(
                source.Pointer + "/edges",
                GraphNoStart,
                "Every node has an incoming edge: none can be the first.",
                "Remove the edge that leads to the first node.");
            return;
        }

        var reached = _graph.ReachableFrom([.. starts, .. notJudged]);
        for (var node = 0; node < _graph.NodeCount; node++)
        {
            if (!reached[node])
            {
                var hint = _graph.Incoming(node).Length == 0
                    ? $"Wire an edge to it, e.g. from '{source.Nodes[starts[0]].Id}', or remove the node."
                    : "Wire a node before it to the start, or remove them.";
                problems.Add(
                    source.PointerTo(node),
                    GraphUnreachable,
                    $"No path from the start leads to '{source.Nodes[node].Id}'.",
                    hint);
            }
        }
    }

    private void CheckJoin(int node, int quorum, JoinBound bound)
    {
        var most = bound.MostTaken(node);
        if (most < quorum)
        {
            problems.Add(
                $"{source.PointerTo(node)}/parameters/count",
                JoinNeverCompletes,
                $"'{source.Nodes[node].Id}' waits for {quorum} branches, but at most {most} can arrive.",
                "Lower the count, or wire more branches that run at the same time.");
        }
    }
}

using Workflows.Engine.Nodes;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>Whether the graph as a whole can run: a start, no cycle, nothing out of reach, joins that can complete.</summary>
/// <remarks><c>notJudged</c> are nodes whose place is unclear because of problems reported already; they count as
/// reached.</remarks>
internal sealed class GraphChecker(
    WorkflowDefinition definition,
    NodeType?[] types,
    NodeAction?[] actions,
    Graph graph,
    IReadOnlySet<int> notJudged,
    ProblemList problems)
{
    private const int NodesNamed = 10;

    /// <summary>Checks, and returns the nodes in topological order (without those on or behind a cycle).</summary>
    public int[] Check()
    {
        var order = graph.TopologicalOrder();
        if (graph.NodeCount == 0)
        {
            if (!problems.IsFull && definition.Nodes.Count == 0)
            {
                problems.Add("/nodes", GraphEmpty, "There are no nodes.", "Add at least one.");
            }

            return order;
        }

        foreach (var cycle in order.Length == graph.NodeCount ? [] : graph.Cycles(order))
        {
            var names = string.Join(" → ", cycle.Take(NodesNamed).Append(cycle[0]).Select(node => definition.Nodes[node].Id));
            problems.Add(
                $"/nodes/{cycle[0]}",
                GraphCycle,
                $"Edges form a cycle{(cycle.Count > NodesNamed ? $" of {cycle.Count} nodes" : "")}: {names}.",
                "Remove one of its edges. Repetition is a loop node with a body, never an edge that leads back.");
        }

        CheckReach(StartsOf());
        var bound = new JoinBound(graph);
        for (var node = 0; node < graph.NodeCount && order.Length == graph.NodeCount; node++)
        {
            if (actions[node] is { Quorum: > 1 } join && !notJudged.Contains(node))
            {
                CheckJoin(node, join.Quorum, bound);
            }
        }

        return order;
    }

    private List<int> StartsOf()
    {
        var startNodes = Enumerable.Range(0, graph.NodeCount).Where(node => types[node] is StartNode).ToList();
        for (var index = 1; index < startNodes.Count; index++)
        {
            problems.Add(
                $"/nodes/{startNodes[index]}",
                GraphStartDuplicate,
                $"'{definition.Nodes[startNodes[index]].Id}' is a second start node.",
                $"Keep one; wire further branches to '{definition.Nodes[startNodes[0]].Id}'.");
        }

        foreach (var start in startNodes)
        {
            if (graph.Incoming(start).Length > 0)
            {
                problems.Add(
                    $"/edges/{graph.Edges[graph.Incoming(start)[0]].Source}",
                    GraphStartNotFirst,
                    $"An edge leads to the start node '{definition.Nodes[start].Id}'.",
                    "Remove the edge, or make the node a noop.");
            }
        }

        return startNodes.Count > 0
            ? startNodes
            : Enumerable.Range(0, graph.NodeCount).Where(node => graph.Incoming(node).Length == 0).ToList();
    }

    private void CheckReach(List<int> starts)
    {
        if (starts.Count == 0)
        {
            problems.Add(
                "/edges",
                GraphNoStart,
                "Every node has an incoming edge: none can be the first.",
                "Remove the edge that leads to the first node.");
            return;
        }

        var reached = graph.ReachableFrom([.. starts, .. notJudged]);
        for (var node = 0; node < graph.NodeCount; node++)
        {
            if (!reached[node])
            {
                var hint = graph.Incoming(node).Length == 0
                    ? $"Wire an edge to it, e.g. from '{definition.Nodes[starts[0]].Id}', or remove the node."
                    : "Wire a node before it to the start, or remove them.";
                problems.Add(
                    $"/nodes/{node}",
                    GraphUnreachable,
                    $"No path from the start leads to '{definition.Nodes[node].Id}'.",
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
                $"/nodes/{node}/parameters/count",
                JoinNeverCompletes,
                $"'{definition.Nodes[node].Id}' waits for {quorum} branches, but at most {most} can arrive.",
                "Lower the count, or wire more branches that run at the same time.");
        }
    }
}

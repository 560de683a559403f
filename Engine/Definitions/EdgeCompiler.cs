using Workflows.Engine.Nodes;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>Edges by names to edges by ordinals; those that name what does not exist are reported and left out.</summary>
internal sealed class EdgeCompiler(
    WorkflowDefinition definition,
    NodeType?[] types,
    NodeAction?[] actions,
    string[]?[] ports,
    Dictionary<string, int> ordinals,
    ProblemList problems)
{
    /// <summary>Nodes that lack an incoming edge because it was left out.</summary>
    public HashSet<int> Incomplete { get; } = [];

    public List<GraphEdge> Compile()
    {
        var edges = new List<GraphEdge>(definition.Edges.Count);
        var known = new Dictionary<(int From, string Port, int To), int>(definition.Edges.Count);
        for (var index = 0; index < definition.Edges.Count && !problems.IsFull; index++)
        {
            var edge = definition.Edges[index];
            var hasFrom = TryFind(edge.From, $"/edges/{index}/from", "comes from", out var from);
            var hasTo = TryFind(edge.To, $"/edges/{index}/to", "leads to", out var to);
            if (hasFrom)
            {
                CheckPort(edge, from, index);
            }

            if (!hasFrom || !hasTo)
            {
                if (hasTo)
                {
                    Incomplete.Add(to);
                }

                continue;
            }

            if (known.TryAdd((from, edge.Port, to), index))
            {
                edges.Add(new GraphEdge(from, edge.Port, to, index));
            }
            else
            {
                problems.Add(
                    $"/edges/{index}",
                    EdgeDuplicate,
                    $"The same edge is there already, as /edges/{known[(from, edge.Port, to)]}.",
                    "Remove one of them.");
            }
        }

        return edges;
    }

    private bool TryFind(string id, string pointer, string verb, out int ordinal)
    {
        if (ordinals.TryGetValue(id, out ordinal))
        {
            return true;
        }

        if (id.Length > 0)
        {
            problems.Add(pointer, EdgeNodeUnknown, $"The edge {verb} '{id}', which is no node.", Nearest.Hint(id, ordinals.Keys));
        }

        return false;
    }

    private void CheckPort(EdgeDefinition edge, int from, int index)
    {
        if (ports[from] is not { } known)
        {
            return;
        }

        var pointer = $"/edges/{index}/port";
        if (Array.IndexOf(known, edge.Port) < 0)
        {
            var hint = known.Length == 0
                ? $"Nothing follows a node of the type '{types[from]!.Name}'."
                : edge.Port == NodePort.Main ? $"Name the port: {string.Join(", ", known)}." : Nearest.Hint(edge.Port, known);
            problems.Add(pointer, EdgePortUnknown, $"'{edge.From}' ({types[from]!.Name}) has no port '{edge.Port}'.", hint);
            return;
        }

        foreach (var (port, reason) in actions[from]?.UnusedPorts ?? [])
        {
            if (port == edge.Port)
            {
                problems.Add(
                    pointer,
                    EdgeNeverTaken,
                    $"'{edge.From}' never leaves by '{port}': {reason}.",
                    "Remove the edge, or change the parameters of the node.");
            }
        }

        if (edge.Port == NodePort.Error && definition.Nodes[from].OnError == OnError.Continue)
        {
            problems.Add(
                $"/nodes/{from}/onError",
                OnErrorConflict,
                $"'{edge.From}' says onError: continue, but its error port is wired.",
                "Keep one: an edge from 'error', or onError: continue.");
        }
    }
}

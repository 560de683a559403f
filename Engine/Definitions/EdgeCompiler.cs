using Workflows.Engine.Nodes;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>The edges of one graph, by names, to edges by places; those that name what does not exist are reported and left out.</summary>
internal sealed class EdgeCompiler(GraphSource source, Dictionary<string, int> ordinals, ProblemList problems)
{
    /// <summary>Places of nodes that lack an incoming edge because it was left out.</summary>
    public HashSet<int> Incomplete { get; } = [];

    public List<GraphEdge> Compile()
    {
        var edges = new List<GraphEdge>(source.Edges.Count);
        var known = new Dictionary<(int From, string Port, int To), int>(source.Edges.Count);
        for (var index = 0; index < source.Edges.Count && !problems.IsFull; index++)
        {
            var edge = source.Edges[index];
            var hasFrom = TryFind(edge.From, $"{source.Pointer}/edges/{index}/from", "comes from", out var from);
            var hasTo = TryFind(edge.To, $"{source.Pointer}/edges/{index}/to", "leads to", out var to);
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
                    $"{source.Pointer}/edges/{index}",
                    EdgeDuplicate,
                    $"The same edge is there already, as {source.Pointer}/edges/{known[(from, edge.Port, to)]}.",
                    "Remove one of them.");
            }
        }

        return edges;
    }

    private bool TryFind(string id, string pointer, string verb, out int place)
    {
        place = -1;
        if (ordinals.TryGetValue(id, out var ordinal))
        {
            place = ordinal - source.First;
            if (source.Has(ordinal))
            {
                return true;
            }

            problems.Add(
                pointer,
                EdgeNodeUnknown,
                $"The edge {verb} '{id}', which is not in the same graph.",
                "Edges do not cross the border of a loop's body: connect the loop itself.");
            return false;
        }

        if (id.Length > 0)
        {
            problems.Add(pointer, EdgeNodeUnknown, $"The edge {verb} '{id}', which is no node.", Nearest.Hint(id, ordinals.Keys));
        }

        return false;
    }

    private void CheckPort(EdgeDefinition edge, int from, int index)
    {
        if (source.Ports[from] is not { } known)
        {
            return;
        }

        var pointer = $"{source.Pointer}/edges/{index}/port";
        if (Array.IndexOf(known, edge.Port) < 0)
        {
            var hint = known.Length == 0
                ? $"Nothing follows a node of the type '{source.Types[from]!.Name}'."
                : edge.Port == NodePort.Main ? $"Name the port: {string.Join(", ", known)}." : Nearest.Hint(edge.Port, known);
            problems.Add(pointer, EdgePortUnknown, $"'{edge.From}' ({source.Types[from]!.Name}) has no port '{edge.Port}'.", hint);
            return;
        }

        foreach (var (port, reason) in source.Actions[from]?.UnusedPorts ?? [])
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

        if (edge.Port == NodePort.Error && source.Nodes[from].OnError == OnError.Continue)
        {
            problems.Add(
                $"{source.PointerTo(from)}/onError",
                OnErrorConflict,
                $"'{edge.From}' says onError: continue, but its error port is wired.",
                "Keep one: an edge from 'error', or onError: continue.");
        }
    }
}

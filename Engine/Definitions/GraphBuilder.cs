namespace Workflows.Engine.Definitions;

/// <summary>Graphs without problems to what runs.</summary>
internal static class GraphBuilder
{
    public static (CompiledGraph Root, CompiledNode[] Nodes) Build(List<GraphSource> sources)
    {
        var compiled = new Dictionary<GraphSource, CompiledGraph>(sources.Count);
        var bodies = new Dictionary<int, CompiledGraph>();
        foreach (var source in sources)
        {
            var graph = new CompiledGraph(source.First, source.Nodes.Count, source.Parent is { } parent ? compiled[parent] : null, source.Loop)
            {
                Output = source.OutputTemplate,
                Starts = Enumerable.Range(0, source.Nodes.Count)
                    .Where(place => source.Graph.Incoming(place).Length == 0)
                    .Select(place => source.First + place)
                    .ToArray(),
            };
            compiled.Add(source, graph);
            bodies[source.Loop] = graph;
            if (Array.Exists(source.Compensations, undo => undo >= 0))
            {
                for (var outer = graph; outer is not null; outer = outer.Parent)
                {
                    outer.HasCompensations = true;
                }
            }
        }

        var nodes = new CompiledNode[sources.Sum(source => source.Nodes.Count)];
        foreach (var source in sources)
        {
            var undoing = source.Compensations.Where(undo => undo >= 0).ToHashSet();
            for (var place = 0; place < source.Nodes.Count; place++)
            {
                var ordinal = source.First + place;
                nodes[ordinal] = new CompiledNode(
                    ordinal,
                    source.Nodes[place],
                    source.Types[place]!,
                    source.Actions[place]!,
                    source.Ports[place]!,
                    Ends(source, source.Graph.Incoming(place), edge => edge.From),
                    Ends(source, source.Graph.Outgoing(place), edge => edge.To),
                    source.SecretReaders[place])
                {
                    Graph = compiled[source],
                    Body = bodies.GetValueOrDefault(ordinal),
                    Compensation = source.Compensations[place] is var undo and >= 0 ? source.First + undo : -1,
                    IsCompensation = undoing.Contains(place),
                };
            }
        }

        return (compiled[sources[0]], nodes);
    }

    private static NodeEdge[] Ends(GraphSource source, ReadOnlySpan<int> edges, Func<GraphEdge, int> end)
    {
        var ends = new List<NodeEdge>(edges.Length);
        foreach (var index in edges)
        {
            var edge = source.Graph.Edges[index];
            if (edge.Source != CompensationCompiler.NoSource)
            {
                ends.Add(new NodeEdge(source.First + end(edge), Array.IndexOf(source.Ports[edge.From]!, edge.Port)));
            }
        }

        return [.. ends];
    }
}

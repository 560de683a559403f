using System.Text.Json;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Definitions;

/// <summary>
/// One graph of a definition on its way to a <see cref="CompiledGraph"/>: the workflow itself or the body of a loop. Arrays are by the place in the
/// graph; a node's ordinal in the workflow is <see cref="First"/> more.
/// </summary>
internal sealed class GraphSource
{
    private GraphSource(
        string pointer, IReadOnlyList<NodeDefinition> nodes, IReadOnlyList<EdgeDefinition> edges, JsonElement? output, int first)
    {
        Pointer = pointer;
        Nodes = nodes;
        Edges = edges;
        Output = output;
        First = first;
        Types = new NodeType?[nodes.Count];
        Actions = new NodeAction?[nodes.Count];
        SecretReaders = new object[nodes.Count][];
        Ports = new string[]?[nodes.Count];
        Compensations = new int[nodes.Count];
        Array.Fill(Compensations, -1);
    }

    /// <summary>JSON pointer of what has the nodes: empty for the workflow.</summary>
    public string Pointer { get; }

    public IReadOnlyList<NodeDefinition> Nodes { get; }

    public IReadOnlyList<EdgeDefinition> Edges { get; }

    public JsonElement? Output { get; }

    /// <summary>The ordinal of the first node; the others follow it.</summary>
    public int First { get; }

    /// <summary>The graph with the loop whose body this is; null for the workflow.</summary>
    public GraphSource? Parent { get; private init; }

    /// <summary>The ordinal of that loop; -1 for the workflow.</summary>
    public int Loop { get; private init; } = -1;

    public NodeType?[] Types { get; }

    public NodeAction?[] Actions { get; }

    public object[][] SecretReaders { get; }

    public string[]?[] Ports { get; }

    /// <summary>By node the place of the node that compensates it; -1 = none.</summary>
    public int[] Compensations { get; }

    public Graph Graph { get; set; } = null!;

    /// <summary>Places in topological order, without nodes on or behind a cycle.</summary>
    public int[] Order { get; set; } = [];

    public JsonTemplate? OutputTemplate { get; set; }

    public AncestorSets Ancestors => field ??= Graph.Ancestors(Order);

    public bool Has(int ordinal) => ordinal >= First && ordinal < First + Nodes.Count;

    public string PointerTo(int place) => $"{Pointer}/nodes/{place}";

    /// <summary>
    /// The graphs of a definition, the workflow first, each loop's body after the graph it stands in, so that the nodes of every graph have
    /// ordinals in a row.
    /// </summary>
    public static List<GraphSource> Flatten(WorkflowDefinition definition)
    {
        var graphs = new List<GraphSource> { new("", definition.Nodes, definition.Edges, definition.Output, first: 0) };
        var count = definition.Nodes.Count;
        for (var next = 0; next < graphs.Count; next++)
        {
            var graph = graphs[next];
            for (var place = 0; place < graph.Nodes.Count; place++)
            {
                if (graph.Nodes[place].Body is { } body)
                {
                    graphs.Add(new GraphSource($"{graph.PointerTo(place)}/body", body.Nodes, body.Edges, body.Output, count)
                    {
                        Parent = graph,
                        Loop = graph.First + place,
                    });
                    count += body.Nodes.Count;
                }
            }
        }

        return graphs;
    }
}

namespace Workflows.Engine.Definitions;

/// <summary>
/// Nodes and edges as ordinals, with the questions validation asks. Everything is iterative: a chain of 10,000 nodes must not
/// become 10,000 stack frames.
/// </summary>
internal sealed class Graph
{
    private readonly int[] _outgoingFrom;
    private readonly int[] _outgoing;
    private readonly int[] _incomingFrom;
    private readonly int[] _incoming;

    public Graph(int nodeCount, IReadOnlyList<GraphEdge> edges)
    {
        NodeCount = nodeCount;
        Edges = edges;
        (_outgoingFrom, _outgoing) = GroupBy(edge => edge.From);
        (_incomingFrom, _incoming) = GroupBy(edge => edge.To);
    }

    public int NodeCount { get; }

    public IReadOnlyList<GraphEdge> Edges { get; }

    /// <summary>Indexes into <see cref="Edges"/>, in the order of the definition.</summary>
    public ReadOnlySpan<int> Outgoing(int node) => _outgoing.AsSpan(_outgoingFrom[node].._outgoingFrom[node + 1]);

    public ReadOnlySpan<int> Incoming(int node) => _incoming.AsSpan(_incomingFrom[node].._incomingFrom[node + 1]);

    /// <summary>An order in which every edge points forward; nodes on or behind a cycle are missing.</summary>
    public int[] TopologicalOrder()
    {
        var waitingFor = new int[NodeCount];
        var order = new int[NodeCount];
        var count = 0;
        for (var node = 0; node < NodeCount; node++)
        {
            waitingFor[node] = Incoming(node).Length;
            if (waitingFor[node] == 0)
            {
                order[count++] = node;
            }
        }

        for (var next = 0; next < count; next++)
        {
            foreach (var edge in Outgoing(order[next]))
            {
                if (--waitingFor[Edges[edge].To] == 0)
                {
                    order[count++] = Edges[edge].To;
                }
            }
        }

        return order[..count];
    }

    public bool[] ReachableFrom(IEnumerable<int> starts)
    {
        var reached = new bool[NodeCount];
        var open = new Stack<int>();
        foreach (var start in starts)
        {
            if (!reached[start])
            {
                reached[start] = true;
                open.Push(start);
            }
        }

        while (open.TryPop(out var node))
        {
            foreach (var edge in Outgoing(node))
            {
                var target = Edges[edge].To;
                if (!reached[target])
                {
                    reached[target] = true;
                    open.Push(target);
                }
            }
        }

        return reached;
    }

    /// <summary>One cycle, as nodes in order, for each knot of nodes that reach each other.</summary>
    public List<List<int>> Cycles(IReadOnlyCollection<int> acyclic)
    {
        var cycles = new List<List<int>>();
        var left = new bool[NodeCount];
        Array.Fill(left, true);
        foreach (var node in acyclic)
        {
            left[node] = false;
        }

        // 0 = unseen, 1 = on the path, 2 = done. A node found on the path closes a cycle; its members are then done, so that
        // one knot is reported once or a few times rather than once for each of its edges.
        var state = new byte[NodeCount];
        var path = new List<(int Node, int NextEdge)>();
        for (var root = 0; root < NodeCount; root++)
        {
            if (!left[root] || state[root] != 0)
            {
                continue;
            }

            path.Add((root, 0));
            state[root] = 1;
            while (path.Count > 0)
            {
                var (node, nextEdge) = path[^1];
                var outgoing = Outgoing(node);
                if (nextEdge == outgoing.Length)
                {
                    state[node] = 2;
                    path.RemoveAt(path.Count - 1);
                    continue;
                }

                path[^1] = (node, nextEdge + 1);
                var target = Edges[outgoing[nextEdge]].To;
                if (state[target] == 0)
                {
                    state[target] = 1;
                    path.Add((target, 0));
                }
                else if (state[target] == 1)
                {
                    var from = path.FindIndex(entry => entry.Node == target);
                    cycles.Add(path.Skip(from).Select(entry => entry.Node).ToList());
                    foreach (var member in path)
                    {
                        state[member.Node] = 2;
                    }

                    path.Clear();
                }
            }
        }

        return cycles;
    }

    /// <summary>For each node a bit set of the nodes that a path leads from; one word array for all of them.</summary>
    public AncestorSets Ancestors(int[] order)
    {
        var sets = new AncestorSets(NodeCount);
        foreach (var node in order)
        {
            foreach (var edge in Incoming(node))
            {
                sets.Inherit(node, Edges[edge].From);
            }
        }

        return sets;
    }

    private (int[] From, int[] Items) GroupBy(Func<GraphEdge, int> key)
    {
        var from = new int[NodeCount + 1];
        foreach (var edge in Edges)
        {
            from[key(edge) + 1]++;
        }

        for (var node = 0; node < NodeCount; node++)
        {
            from[node + 1] += from[node];
        }

        var next = from.AsSpan(0, NodeCount).ToArray();
        var items = new int[Edges.Count];
        for (var edge = 0; edge < Edges.Count; edge++)
        {
            items[next[key(Edges[edge])]++] = edge;
        }

        return (from, items);
    }
}

/// <summary>An edge by ordinals; <paramref name="Source"/> is its index in the definition.</summary>
internal readonly record struct GraphEdge(int From, string Port, int To, int Source);

/// <summary>Which nodes lie before which: 10,000 nodes take 12.5 MB for the time of a validation.</summary>
internal sealed class AncestorSets(int nodeCount)
{
    private readonly int _words = (nodeCount + 63) / 64;
    private readonly ulong[] _bits = new ulong[(long)nodeCount * ((nodeCount + 63) / 64)];

    public bool Contains(int node, int ancestor) => (_bits[(node * _words) + (ancestor >> 6)] & (1UL << (ancestor & 63))) != 0;

    public void Inherit(int node, int parent)
    {
        var mine = _bits.AsSpan(node * _words, _words);
        var theirs = _bits.AsSpan(parent * _words, _words);
        for (var word = 0; word < mine.Length; word++)
        {
            mine[word] |= theirs[word];
        }

        mine[parent >> 6] |= 1UL << (parent & 63);
    }
}

namespace Workflows.Engine.Definitions;

/// <summary>
/// How many of a node's incoming edges can be taken in one execution, at most. A node leaves by one port only, so branches that
/// part at different ports of the same node exclude each other. Seen through chains of nodes with a single incoming edge; where
/// branches have met again before, the bound is generous, never too low. For graphs without cycles only.
/// </summary>
internal sealed class JoinBound(Graph graph)
{
    // Thousands of joins at the end of one long chain would climb it thousands of times.
    private const int MostSteps = 1_000_000;

    private readonly Dictionary<int, Branch> _branches = [];
    private int _steps;

    /// <summary>The bound for one join; <see cref="int.MaxValue"/> once the graph has cost too much to go on.</summary>
    public int MostTaken(int node)
    {
        if (_steps > MostSteps)
        {
            return int.MaxValue;
        }

        _branches.Clear();
        var roots = new HashSet<int>();
        foreach (var edge in graph.Incoming(node))
        {
            roots.Add(Attach(edge));
        }

        return roots.Sum(MostTakenBelow);
    }

    /// <summary>Climbs from an edge to the top of its chain, noting at each node by which port the way down leads.</summary>
    private int Attach(int edgeIndex)
    {
        var climbed = new List<Branch>();
        var child = ~edgeIndex; // edges into the join are leaves, told apart from nodes by their sign
        var edge = graph.Edges[edgeIndex];
        while (true)
        {
            _steps++;
            var isKnown = _branches.TryGetValue(edge.From, out var branch);
            branch ??= _branches[edge.From] = new Branch { Root = edge.From };
            branch.Children.Add((edge.Port, child));
            climbed.Add(branch);
            if (isKnown || graph.Incoming(edge.From).Length != 1)
            {
                climbed.ForEach(below => below.Root = branch.Root);
                return branch.Root;
            }

            child = edge.From;
            edge = graph.Edges[graph.Incoming(edge.From)[0]];
        }
    }

    private int MostTakenBelow(int root)
    {
        var order = new List<int> { root };
        for (var next = 0; next < order.Count; next++)
        {
            order.AddRange(_branches[order[next]].Children.Where(child => child.Node >= 0).Select(child => child.Node));
        }

        for (var index = order.Count - 1; index >= 0; index--)
        {
            var branch = _branches[order[index]];
            branch.Most = branch.Children
                .GroupBy(child => child.Port, StringComparer.Ordinal)
                .Max(port => port.Sum(child => child.Node < 0 ? 1 : _branches[child.Node].Most));
        }

        return _branches[root].Most;
    }

    private sealed class Branch
    {
        public HashSet<(string Port, int Node)> Children { get; } = [];

        /// <summary>The node at the top of the chain.</summary>
        public int Root { get; set; }

        public int Most { get; set; }
    }
}

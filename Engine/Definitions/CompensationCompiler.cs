using Workflows.Engine.Nodes;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>
/// Which node undoes which, in one graph. The pair becomes an edge for the questions of validation alone: the compensating node runs after the other, may
/// read what that one may, and is reached through it.
/// </summary>
internal sealed class CompensationCompiler(GraphSource source, Dictionary<string, int> ordinals, ProblemList problems)
{
    /// <summary>What stands for the port of such an edge, and for its place in the definition.</summary>
    public const string Port = "";
    public const int NoSource = -1;

    public void Compile(List<GraphEdge> edges)
    {
        HashSet<int>? wired = null;
        Dictionary<int, int>? owners = null;
        for (var place = 0; place < source.Nodes.Count && !problems.IsFull; place++)
        {
            if (source.Nodes[place].Compensate is not { Length: > 0 } id || !TryFind(place, id, out var undo))
            {
                continue;
            }

            wired ??= [.. edges.Select(edge => edge.From), .. edges.Select(edge => edge.To)];
            owners ??= [];
            if (FindProblem(place, undo, wired) is { } problem)
            {
                Report(place, CompensationInvalid, $"'{id}' cannot compensate: {problem}.", "It is one node without edges, that runs only for this.");
            }
            else if (!owners.TryAdd(undo, place))
            {
                Report(
                    place,
                    CompensationInvalid,
                    $"'{id}' compensates '{source.Nodes[owners[undo]].Id}' already.",
                    "Give each node a compensating node of its own.");
            }
            else
            {
                source.Compensations[place] = undo;
            }
        }

        foreach (var (undo, place) in owners ?? [])
        {
            edges.Add(new GraphEdge(place, Port, undo, NoSource));
        }
    }

    private bool TryFind(int place, string id, out int undo)
    {
        undo = -1;
        if (ordinals.TryGetValue(id, out var ordinal) && source.Has(ordinal))
        {
            undo = ordinal - source.First;
            return true;
        }

        Report(
            place,
            CompensationUnknown,
            $"There is no node '{id}' in this graph to compensate with.",
            Nearest.Hint(id, source.Nodes.Select(node => node.Id).Where(other => other.Length > 0).ToArray()));
        return false;
    }

    private string? FindProblem(int place, int undo, HashSet<int> wired) =>
        undo == place ? "it is the node itself"
        : wired.Contains(undo) ? "it has edges"
        : source.Nodes[undo].Compensate is not null ? "it names a compensating node itself"
        : source.Types[undo] is StartNode or JoinNode or FailNode or TerminateNode or { HasBody: true }
            ? $"a node of the type '{source.Nodes[undo].Type}' undoes nothing"
        : null;

    private void Report(int place, string code, string message, string hint) =>
        problems.Add($"{source.PointerTo(place)}/compensate", code, message, hint);
}

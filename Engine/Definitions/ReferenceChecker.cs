using Workflows.Engine.Nodes;
using Workflows.Jsonata;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>Whether what expressions read is in scope, exists, and can have run before they are evaluated.</summary>
internal sealed class ReferenceChecker(List<GraphSource> graphs, Dictionary<string, int> ordinals, ProblemList problems)
{
    // Ids with '-' by what comes before it: what an expression reads of such an id that is not in backquotes.
    private Dictionary<string, string> Hyphenated => field ??= ordinals.Keys.Where(id => id.Contains('-', StringComparison.Ordinal))
        .GroupBy(id => id[..id.IndexOf('-', StringComparison.Ordinal)]).ToDictionary(ids => ids.Key, ids => ids.First());

    public void Check(IReadOnlyList<ExpressionUse> uses)
    {
        foreach (var use in uses)
        {
            if (problems.IsFull)
            {
                return;
            }

            foreach (var reference in use.References)
            {
                if (reference.Path.Count > 0)
                {
                    Check(use, reference);
                }
            }
        }
    }

    private void Check(in ExpressionUse use, JsonataReference reference)
    {
        var name = reference.Path[0];
        if (name == ScopeNames.Secrets)
        {
            CheckSecret(use, reference);
            return;
        }

        var names = ScopeNames.Of(use.Scope, isInBody: use.Node >= 0 && GraphOf(use.Node).Parent is not null);
        if (!names.Contains(name) && use.Scope == ExpressionScope.Admission && reference.Path.Count == 1)
        {
            // The key is an expression without braces, which whoever wants a constant takes for text.
            problems.Add(
                use.Pointer,
                ExpressionNameUnknown,
                $"At position {reference.Position}: '{name}' is not in scope; the key is an expression.",
                Nearest.Of(name, names) is { } nearest
                    ? $"Did you mean '{nearest}'?"
                    : $"Write input.{name} for a member of the input, or \"'{name}'\", in quotes, for one key of all.");
            return;
        }

        if (!names.Contains(name))
        {
            ReportName(use, reference, $"'{name}' is not in scope", name, names);
            return;
        }

        if (reference.Path.Count < 2)
        {
            return;
        }

        switch (name)
        {
            case ScopeNames.Steps:
                CheckStep(use, reference);
                break;
            case ScopeNames.Callbacks:
                CheckCallback(use, reference);
                break;
            case ScopeNames.Execution when !ScopeNames.ExecutionMembers.Contains(reference.Path[1]):
                ReportName(
                    use,
                    reference,
                    $"'execution' has no '{reference.Path[1]}'",
                    reference.Path[1],
                    ScopeNames.ExecutionMembers);
                break;
            case ScopeNames.Trigger when !ScopeNames.TriggerMembers.Contains(reference.Path[1]):
                ReportName(
                    use, reference, $"'trigger' has no '{reference.Path[1]}'", reference.Path[1], ScopeNames.TriggerMembers);
                break;
        }
    }

    private void CheckSecret(in ExpressionUse use, JsonataReference reference)
    {
        if (!use.MaySeeSecrets)
        {
            problems.Add(
                use.Pointer,
                SecretMisused,
                $"At position {reference.Position}: secrets are not in scope here.",
                "Read a secret only in a parameter of a node that is marked secret, e.g. headers of an http node.");
        }
        else if (reference.Path.Count < 2)
        {
            problems.Add(
                use.Pointer,
                SecretMisused,
                $"At position {reference.Position}: a secret is read without its name.",
                "Write the name itself: secrets.API_TOKEN.");
        }
    }

    // In scope before the node's turn has come: its address is to be handed out by an earlier or a parallel node, of its own graph or of a loop's body in it.
    private void CheckCallback(in ExpressionUse use, JsonataReference reference)
    {
        var known = new List<string>();
        for (var graph = ReaderOf(use).Graph; graph is not null; graph = graph.Parent)
        {
            known.AddRange(graph.Nodes.Where(node => node.Type == WaitForWebhookNode.TypeName).Select(node => node.Id));
        }

        if (!known.Contains(reference.Path[1]))
        {
            ReportName(use, reference, $"There is no waitForWebhook node '{reference.Path[1]}' here", reference.Path[1], known);
        }
    }

    private void CheckStep(in ExpressionUse use, JsonataReference reference)
    {
        var id = reference.Path[1];
        if (!ordinals.TryGetValue(id, out var step))
        {
            var hyphenated = Hyphenated.GetValueOrDefault(id);
            problems.Add(
                use.Pointer,
                ReferenceUnknown,
                $"At position {reference.Position}: there is no node '{id}'.",
                hyphenated is null
                    ? Nearest.Hint(id, ordinals.Keys)
                    : $"Write an id with '-' in backquotes: steps.`{hyphenated}`.output");
            return;
        }

        if (reference.Path.Count > 2 && !ScopeNames.Step.Contains(reference.Path[2]))
        {
            ReportName(use, reference, $"A step has no '{reference.Path[2]}'", reference.Path[2], ScopeNames.Step);
        }

        CheckOrder(use, reference, id, step);
    }

    /// <summary>Outwards from where the expression stands: the step has run there before, or before the loop around it.</summary>
    private void CheckOrder(in ExpressionUse use, JsonataReference reference, string id, int step)
    {
        var (graph, reader) = ReaderOf(use);
        var readerId = reader < 0 ? null : graph.Nodes[reader - graph.First].Id;
        while (!graph.Has(step))
        {
            if (graph.Parent is not { } parent)
            {
                problems.Add(
                    use.Pointer,
                    ReferenceInBody,
                    $"At position {reference.Position}: '{id}' is inside the body of a loop, whose steps only the body can read.",
                    $"Read the output of the loop '{IdOf(GraphOf(step).Loop)}'.");
                return;
            }

            reader = graph.Loop;
            graph = parent;
        }

        if (reader < 0 || graph.Ancestors.Contains(reader - graph.First, step - graph.First))
        {
            return;
        }

        var isOwn = reader == step;
        readerId ??= IdOf(reader);
        problems.Add(
            use.Pointer,
            ReferenceNotBefore,
            isOwn && use.Node == step
                ? $"At position {reference.Position}: '{id}' reads its own output."
                : $"At position {reference.Position}: '{id}' cannot have run before '{readerId}'.",
            isOwn ? "Read an earlier step." : $"Wire a path from '{id}' to '{IdOf(reader)}', or read an earlier step.");
    }

    /// <summary>Where an expression stands. The output of the workflow or of a body may read all nodes of its graph (-1); a node those before it.</summary>
    private (GraphSource Graph, int Reader) ReaderOf(in ExpressionUse use) => use switch
    {
        { Node: < 0 } => (graphs[0], -1),
        { Scope: ExpressionScope.BodyOutput } => (BodyOf(use.Node), -1),
        _ => (GraphOf(use.Node), use.Node),
    };

    private GraphSource BodyOf(int loop) => graphs.Find(graph => graph.Loop == loop)!;

    private string IdOf(int ordinal)
    {
        var graph = GraphOf(ordinal);
        return graph.Nodes[ordinal - graph.First].Id;
    }

    /// <summary>The graphs are in the order of their nodes.</summary>
    private GraphSource GraphOf(int ordinal)
    {
        var (low, high) = (0, graphs.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (graphs[middle].First <= ordinal)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        // A graph without nodes begins where the one after it does, and comes before it.
        return graphs[low];
    }

    private void ReportName(
        in ExpressionUse use, JsonataReference reference, string message, string name, IReadOnlyList<string> known) =>
        problems.Add(
            use.Pointer,
            ExpressionNameUnknown,
            $"At position {reference.Position}: {message}.",
            Nearest.Hint(name, known.ToArray()));
}

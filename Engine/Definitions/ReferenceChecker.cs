using Workflows.Engine.Nodes;
using Workflows.Jsonata;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>Whether what expressions read is in scope, exists, and can have run before they are evaluated.</summary>
internal sealed class ReferenceChecker(
    WorkflowDefinition definition, Dictionary<string, int> ordinals, Graph graph, int[] order, ProblemList problems)
{
    private AncestorSets? _ancestors;

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
        var names = ScopeNames.Of(use.Scope);
        var name = reference.Path[0];
        if (name == ScopeNames.Secrets)
        {
            CheckSecret(use, reference);
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

    private void CheckStep(in ExpressionUse use, JsonataReference reference)
    {
        var id = reference.Path[1];
        if (!ordinals.TryGetValue(id, out var step))
        {
            var hyphenated = ordinals.Keys.FirstOrDefault(other => other.StartsWith(id + "-", StringComparison.Ordinal));
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

        if (use.Node < 0 || (_ancestors ??= graph.Ancestors(order)).Contains(use.Node, step))
        {
            return;
        }

        var reader = definition.Nodes[use.Node].Id;
        problems.Add(
            use.Pointer,
            ReferenceNotBefore,
            use.Node == step
                ? $"At position {reference.Position}: '{id}' reads its own output."
                : $"At position {reference.Position}: '{id}' cannot have run before '{reader}'.",
            use.Node == step ? "Read an earlier step." : $"Wire a path from '{id}' to '{reader}', or read an earlier step.");
    }

    private void ReportName(
        in ExpressionUse use, JsonataReference reference, string message, string name, IReadOnlyList<string> known) =>
        problems.Add(
            use.Pointer,
            ExpressionNameUnknown,
            $"At position {reference.Position}: {message}.",
            Nearest.Hint(name, known.ToArray()));
}

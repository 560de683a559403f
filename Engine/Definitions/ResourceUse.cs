namespace Workflows.Engine.Definitions;

/// <summary>What of the tenant's a node can name.</summary>
public enum ResourceKind
{
    Connector,
    CustomNode,
    Model,
}

/// <summary>A node names something that is no part of the definition: whether it exists, only its tenant's rows can say.</summary>
/// <param name="Pointer">Where in the definition.</param>
public sealed record ResourceUse(ResourceKind Kind, string Name, string Pointer)
{
    /// <summary>A problem for each use of what is not there.</summary>
    /// <param name="connectors">Names of all connectors of the tenant.</param>
    /// <param name="customNodes">Names of all its custom nodes.</param>
    /// <param name="models">Names of all models that it has registered.</param>
    public static IReadOnlyList<DefinitionProblem> FindMissing(
        IEnumerable<ResourceUse> uses,
        IReadOnlyCollection<string> connectors,
        IReadOnlyCollection<string> customNodes,
        IReadOnlyCollection<string> models)
    {
        var problems = new ProblemList();
        foreach (var use in uses)
        {
            var (known, code, kind) = use.Kind switch
            {
                ResourceKind.Connector => (connectors, DefinitionProblemCodes.ConnectorUnknown, "connector"),
                ResourceKind.Model => (models, DefinitionProblemCodes.ModelUnknown, "model"),
                _ => (customNodes, DefinitionProblemCodes.NodeTypeUnknown, "custom node"),
            };
            if (!known.Contains(use.Name))
            {
                problems.Add(
                    use.Pointer,
                    code,
                    $"There is no {kind} '{use.Name}'.",
                    known.Count == 0 ? $"Create the {kind} first: there is none yet." : Nearest.Hint(use.Name, known));
            }
        }

        return problems.Problems;
    }
}

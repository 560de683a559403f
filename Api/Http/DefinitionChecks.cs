using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Http;

/// <summary>What compiling alone cannot say of a definition, and how its problems are answered.</summary>
internal static class DefinitionChecks
{
    /// <summary>The connectors, custom nodes and models that are named and that the tenant does not have.</summary>
    public static async Task<IReadOnlyList<DefinitionProblem>> FindMissingAsync(
        IReadOnlyList<ResourceUse> uses, WorkflowsDbContext db, CancellationToken cancellationToken)
    {
        if (uses.Count == 0)
        {
            return [];
        }

        var names = await db.Connectors.Select(row => new { Kind = ResourceKind.Connector, row.Name })
            .Concat(db.NodeDefinitions.Select(row => new { Kind = ResourceKind.CustomNode, row.Name }))
            .Concat(db.Models.Select(row => new { Kind = ResourceKind.Model, row.Name }))
            .ToListAsync(cancellationToken);
        return ResourceUse.FindMissing(
            uses, NamesOf(ResourceKind.Connector), NamesOf(ResourceKind.CustomNode), NamesOf(ResourceKind.Model));

        HashSet<string> NamesOf(ResourceKind kind) => names.Where(row => row.Kind == kind).Select(row => row.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The answer to a definition with problems; null when there are none.</summary>
    public static Problem? Refuse(IReadOnlyList<DefinitionProblem> problems, string pointer) => problems.Count == 0 ? null : new Problem(
        Errors.DefinitionInvalid,
        problems.Count == 1 ? problems[0].Message : $"The definition has {problems.Count} problems.",
        [.. problems.Select(found => new ErrorDetail(pointer + found.Pointer, found.Code, found.Message, found.Hint))]);
}

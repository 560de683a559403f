using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Workflows;

/// <summary>Definitions on their way in: compiled, or refused with everything that is wrong with them.</summary>
internal static class Definitions
{
    /// <summary>Compiles, and asks whether what it names is there. One of the two answers is null.</summary>
    /// <param name="pointer">Where the definition lies in the request's body.</param>
    public static async Task<(CompiledWorkflow? Compiled, Problem? Problem)> CompileAsync(
        string json, string pointer, WorkflowsDbContext db, CancellationToken cancellationToken)
    {
        var (compiled, problems) = await FindProblemsAsync(Encoding.UTF8.GetBytes(json), db, cancellationToken);
        return Refuse(problems, pointer) is { } problem ? (null, problem) : (compiled, null);
    }

    /// <summary>All that is wrong with a definition of the tenant.</summary>
    public static async Task<(CompiledWorkflow? Compiled, IReadOnlyList<DefinitionProblem> Problems)> FindProblemsAsync(
        ReadOnlyMemory<byte> json, WorkflowsDbContext db, CancellationToken cancellationToken) =>
        CompiledWorkflow.TryCompile(json, out var compiled, out var problems)
            ? (compiled, await FindMissingAsync(compiled.Resources, db, cancellationToken))
            : (null, problems);

    /// <summary>The connectors and custom nodes that are named and that the tenant does not have.</summary>
    public static async Task<IReadOnlyList<DefinitionProblem>> FindMissingAsync(
        IReadOnlyList<ResourceUse> uses, WorkflowsDbContext db, CancellationToken cancellationToken)
    {
        if (uses.Count == 0)
        {
            return [];
        }

        var names = await db.Connectors.Select(row => new { Kind = ResourceKind.Connector, row.Name })
            .Concat(db.NodeDefinitions.Select(row => new { Kind = ResourceKind.CustomNode, row.Name }))
            .ToListAsync(cancellationToken);
        return ResourceUse.FindMissing(uses, NamesOf(ResourceKind.Connector), NamesOf(ResourceKind.CustomNode));

        HashSet<string> NamesOf(ResourceKind kind) => names.Where(row => row.Kind == kind).Select(row => row.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The answer to a definition with problems; null when there are none.</summary>
    public static Problem? Refuse(IReadOnlyList<DefinitionProblem> problems, string pointer) => problems.Count == 0 ? null : new Problem(
        Errors.DefinitionInvalid,
        problems.Count == 1 ? problems[0].Message : $"The definition has {problems.Count} problems.",
        [.. problems.Select(found => new ErrorDetail(pointer + found.Pointer, found.Code, found.Message, found.Hint))]);

    /// <summary>The definition's settings as they are written; null when it has none.</summary>
    public static string? SettingsOf(string definition)
    {
        using var document = JsonDocument.Parse(definition);
        return document.RootElement.TryGetProperty("settings", out var settings) ? settings.GetRawText() : null;
    }

    /// <summary>The definition with one node changed as RFC 7396 (merge patch) says; null when there is no such node.</summary>
    public static string? PatchNode(string definition, string nodeId, JsonElement patch)
    {
        var root = JsonNode.Parse(definition)!.AsObject();
        if (root["nodes"] is not JsonArray nodes)
        {
            return null;
        }

        for (var index = 0; index < nodes.Count; index++)
        {
            if (nodes[index]?["id"]?.GetValue<string>() == nodeId)
            {
                nodes[index] = Merge(nodes[index], patch);
                return root.ToJsonString(Envelope.Json);
            }
        }

        return null;
    }

    private static JsonNode? Merge(JsonNode? target, JsonElement patch)
    {
        if (patch.ValueKind != JsonValueKind.Object)
        {
            return patch.ValueKind == JsonValueKind.Null ? null : JsonNode.Parse(patch.GetRawText());
        }

        var result = target is JsonObject present ? (JsonObject)present.DeepClone() : [];
        foreach (var member in patch.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                result.Remove(member.Name);
            }
            else
            {
                result[member.Name] = Merge(result[member.Name], member.Value);
            }
        }

        return result;
    }
}

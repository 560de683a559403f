using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
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
        return DefinitionChecks.Refuse(problems, pointer) is { } problem ? (null, problem) : (compiled, null);
    }

    /// <summary>All that is wrong with a definition of the tenant.</summary>
    public static async Task<(CompiledWorkflow? Compiled, IReadOnlyList<DefinitionProblem> Problems)> FindProblemsAsync(
        ReadOnlyMemory<byte> json, WorkflowsDbContext db, CancellationToken cancellationToken) =>
        CompiledWorkflow.TryCompile(json, out var compiled, out var problems)
            ? (compiled, await DefinitionChecks.FindMissingAsync(compiled.Resources, db, cancellationToken))
            : (null, problems);

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

using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;

namespace Workflows.Api.Workflows;

/// <summary>Definitions on their way in: compiled, or refused with everything that is wrong with them.</summary>
internal static class Definitions
{
    /// <summary>Compiles, and asks whether what it names is there. One of the two answers is null.</summary>
    /// <param name="pointer">Where the definition lies in the request's body.</param>
    /// <param name="kept">The custom nodes of the version it is; null = as they are at present.</param>
    public static async Task<(CompiledWorkflow? Compiled, Problem? Problem)> CompileAsync(
        string json, string pointer, WorkflowsDbContext db, CancellationToken cancellationToken, string? kept = null)
    {
        var utf8 = Encoding.UTF8.GetBytes(json);
        var nodes = kept is null ? await CustomNodesOfAsync(utf8, db, cancellationToken) : CustomNodeSet.Read(Encoding.UTF8.GetBytes(kept));
        var (compiled, problems) = await FindProblemsAsync(utf8, nodes, isNew: kept is null, db, cancellationToken);
        return DefinitionChecks.Refuse(problems, pointer) is { } problem ? (null, problem) : (compiled, null);
    }

    /// <summary>All that is wrong with a definition of the tenant.</summary>
    public static async Task<IReadOnlyList<DefinitionProblem>> FindProblemsAsync(
        ReadOnlyMemory<byte> json, WorkflowsDbContext db, CancellationToken cancellationToken) =>
        (await FindProblemsAsync(json, await CustomNodesOfAsync(json, db, cancellationToken), isNew: true, db, cancellationToken))
        .Problems;

    private static async Task<(CompiledWorkflow? Compiled, IReadOnlyList<DefinitionProblem> Problems)> FindProblemsAsync(
        ReadOnlyMemory<byte> json,
        CustomNodeSet nodes,
        bool isNew,
        WorkflowsDbContext db,
        CancellationToken cancellationToken)
    {
        if (!(isNew
            ? CompiledWorkflow.TryAccept(json, nodes, out var compiled, out var problems)
            : CompiledWorkflow.TryCompile(json, nodes, out compiled, out problems)))
        {
            return (null, problems);
        }

        if (compiled.Objections.Count > 0 && isNew)
        {
            return (null, compiled.Objections);
        }

        var size = compiled.CustomNodes.ToJson().Length;
        return size <= Limits.VersionCustomNodeBytes
            ? (compiled, await DefinitionChecks.FindMissingAsync(compiled.Resources, db, cancellationToken))
            : (null, [new DefinitionProblem(
                "", DefinitionProblemCodes.TooLarge, $"The custom nodes it uses have together {size} bytes.",
                $"At most {Limits.VersionCustomNodeBytes} are allowed, since each version keeps a copy; divide it into sub-workflows.")]);
    }

    public static async Task<CustomNodeSet> CustomNodesOfAsync(ReadOnlyMemory<byte> json, WorkflowsDbContext db,
        CancellationToken cancellationToken)
    {
        var names = CustomNodes.NamesIn(json.Span).ToArray();
        return names.Length == 0 ? CustomNodeSet.Empty : CustomNodeSet.Of(
            (await db.NodeDefinitions.AsNoTracking().Where(row => names.Contains(row.Name)).ToListAsync(cancellationToken)).Select(row =>
                new CustomNodeDefinition(row.Name, row.Version, JsonElement.Parse(row.Schema), JsonElement.Parse(row.Implementation))));
    }

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

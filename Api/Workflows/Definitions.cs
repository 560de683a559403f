using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Workflows.Api.Http;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Workflows;

/// <summary>Definitions on their way in: compiled, or refused with everything that is wrong with them.</summary>
internal static class Definitions
{
    /// <param name="pointer">Where the definition lies in the request's body.</param>
    public static bool TryCompile(
        string json, string pointer, [NotNullWhen(true)] out CompiledWorkflow? compiled, [NotNullWhen(false)] out Problem? problem)
    {
        if (CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(json), out compiled, out var problems))
        {
            problem = null;
            return true;
        }

        problem = new Problem(
            Errors.DefinitionInvalid,
            problems.Count == 1 ? problems[0].Message : $"The definition has {problems.Count} problems.",
            [.. problems.Select(found => new ErrorDetail(pointer + found.Pointer, found.Code, found.Message, found.Hint))]);
        return false;
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

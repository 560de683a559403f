using System.Text.Json.Nodes;
using Workflows.Api.Http;

namespace Workflows.Api.Workflows;

/// <summary>
/// The places of a definition that may name something by its id, which means nothing elsewhere: calendars of schedules
/// and workflows that are called.
/// </summary>
internal static class DefinitionNames
{
    /// <summary>The definition with names instead of the ids that are known.</summary>
    public static string Replace(
        string definition, IReadOnlyDictionary<string, string> workflows, IReadOnlyDictionary<string, string> calendars)
    {
        var root = JsonNode.Parse(definition)!;
        foreach (var (holder, member, isCalendar) in Places(root))
        {
            var text = holder[member]!.GetValue<string>();
            if ((isCalendar ? calendars : workflows).TryGetValue(text.ToLowerInvariant(), out var name))
            {
                holder[member] = name;
            }
        }

        return root.ToJsonString(Envelope.Json);
    }

    /// <summary>What is called and what is gone by, as it is written; templates are left out.</summary>
    public static (IEnumerable<string> Workflows, IEnumerable<string> Calendars) Find(string definition)
    {
        var places = Places(JsonNode.Parse(definition)!).ToLookup(
            place => place.IsCalendar, place => place.Holder[place.Member]!.GetValue<string>());
        return (places[false], places[true]);
    }

    private static IEnumerable<(JsonObject Holder, string Member, bool IsCalendar)> Places(JsonNode root)
    {
        foreach (var trigger in Objects(root["triggers"]))
        {
            if (IsText(trigger["calendar"]))
            {
                yield return (trigger, "calendar", true);
            }
        }

        var open = new Stack<JsonNode>([root]);
        while (open.TryPop(out var graph))
        {
            foreach (var node in Objects(graph["nodes"]))
            {
                if (node["type"]?.ToString() == "subworkflow" && node["parameters"] is JsonObject parameters
                    && IsText(parameters["workflow"]))
                {
                    yield return (parameters, "workflow", false);
                }

                if (node["body"] is JsonObject body)
                {
                    open.Push(body);
                }
            }
        }
    }

    private static List<JsonObject> Objects(JsonNode? list) => [.. (list as JsonArray ?? []).OfType<JsonObject>()];

    private static bool IsText(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text)
        && !text.Contains("{{", StringComparison.Ordinal);
}

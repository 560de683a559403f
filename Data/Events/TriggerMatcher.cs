using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Workflows.Jsonata;

namespace Workflows.Data.Events;

/// <summary>An event trigger of a published workflow.</summary>
/// <param name="StartSettings">The published definition's settings as JSON, or null.</param>
public sealed record EventTrigger(Guid WorkflowId, string TriggerId, int Version, string Pattern, string? Condition, string? StartSettings = null);

/// <summary>Which triggers an event fits: by its type through an index, then by condition.</summary>
internal static class TriggerMatcher
{
    private const int CachedConditions = 10_000;

    private static readonly ConcurrentDictionary<string, JsonataExpression> Conditions = new();

    /// <summary>
    /// All patterns that match a type, so that one index look-up finds every trigger: each segment as it is or <c>*</c>, and every prefix
    /// followed by a closing <c>*</c> for the rest. A type of n segments has fewer than 2^(n+1).
    /// </summary>
    public static IEnumerable<string> PatternsFor(string eventType)
    {
        var segments = eventType.Split('.');
        if (segments.Length > Limits.EventTypeSegments)
        {
            return [eventType, "*"];
        }

        IEnumerable<string> prefixes = [""];
        var patterns = new HashSet<string> { "*" };
        for (var index = 0; index < segments.Length; index++)
        {
            var segment = segments[index];
            prefixes = [.. prefixes.SelectMany(prefix => new[] { Join(prefix, segment), Join(prefix, "*") })];
            var last = index == segments.Length - 1;
            foreach (var prefix in prefixes)
            {
                patterns.Add(last ? prefix : $"{prefix}.*");
            }
        }

        return patterns;

        static string Join(string prefix, string segment) => prefix.Length == 0 ? segment : $"{prefix}.{segment}";
    }

    /// <returns>Null when the condition holds, else why it does not.</returns>
    public static string? Refusal(EventTrigger trigger, JsonElement cloudEvent)
    {
        if (trigger.Condition is not { Length: > 0 } condition)
        {
            return null;
        }

        try
        {
            if (Conditions.Count > CachedConditions)
            {
                Conditions.Clear();
            }

            var scope = JsonataValue.FromObject(new Dictionary<string, JsonataValue> { ["event"] = JsonataValue.FromElement(cloudEvent) });
            return Conditions.GetOrAdd(condition, JsonataExpression.Parse).Evaluate(scope).ToBoolean() ? null : "condition is false";
        }
        catch (JsonataException exception)
        {
            return $"condition failed: {exception.Error.Code} {exception.Error.Message}";
        }
    }

    /// <summary>What expressions of the started execution see as <c>trigger</c>: <c>{ type, id, event }</c>.</summary>
    public static byte[] TriggerJson(string triggerId, JsonElement cloudEvent)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "event");
            writer.WriteString("id", triggerId);
            writer.WritePropertyName("event");
            cloudEvent.WriteTo(writer);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>The input of the started execution: the event's data, or an empty object.</summary>
    public static byte[] InputJson(JsonElement cloudEvent) =>
        cloudEvent.TryGetProperty("data", out var data) ? Encoding.UTF8.GetBytes(data.GetRawText()) : "{}"u8.ToArray();
}

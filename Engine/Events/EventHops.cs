using System.Text.Json;

namespace Workflows.Engine.Events;

/// <summary>
/// Events that follow from one another bear their number in the extension attribute <c>hops</c>, whether a rule emitted them or an execution that an event started:
/// a chain without end would otherwise keep the platform busy for ever. An event from outside has none, and begins a chain.
/// </summary>
public static class EventHops
{
    public const string Attribute = "hops";

    /// <summary>The number of an event that follows from this one; more than <see cref="Limits.RuleHops"/> when none may.</summary>
    public static int After(JsonElement cloudEvent)
    {
        var hops = cloudEvent.TryGetProperty(Attribute, out var before) && before.ValueKind == JsonValueKind.Number && before.TryGetInt32(out var count) ? count : 0;
        return hops is >= 0 and < Limits.RuleHops ? hops + 1 : Limits.RuleHops + 1;
    }
}

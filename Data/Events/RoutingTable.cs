using System.Collections.Concurrent;
using Workflows.Engine.Events;
using Workflows.Jsonata;

namespace Workflows.Data.Events;

/// <summary>A version of a workflow that can be started.</summary>
/// <param name="StartSettings">The published definition's settings as JSON, or null.</param>
internal sealed record StartableVersion(int Version, string? StartSettings);

/// <summary>An event trigger of a published workflow.</summary>
internal sealed record EventTrigger(Guid WorkflowId, string TriggerId, string Pattern, JsonataExpression? Condition, StartableVersion Startable)
{
    public string Target => $"trigger:{WorkflowId}/{TriggerId}";
}

/// <summary>An enabled rule.</summary>
internal sealed record RoutingRule(
    Guid Id, string Name, int Version, int Priority, bool Stop, DateTimeOffset? ActiveFrom, DateTimeOffset? ActiveTo, Rule Rule)
{
    public string Target => $"rule:{Id}";

    /// <summary>Whether an event accepted at this time lies in the active window.</summary>
    public bool IsActiveAt(DateTimeOffset acceptedAt) => !(acceptedAt < ActiveFrom) && !(acceptedAt >= ActiveTo);
}

/// <summary>What an event of one type may concern; rules by priority, highest first, each with the slots that the type fits.</summary>
internal sealed record RoutingCandidates(IReadOnlyList<EventTrigger> Triggers, IReadOnlyList<(RoutingRule Rule, IReadOnlyList<int> Slots)> Rules)
{
    public bool IsEmpty => Triggers.Count == 0 && Rules.Count == 0;
}

/// <summary>
/// All triggers and rules of a tenant at one version, compiled, by pattern: what concerns an event is found by equality with the few patterns that its
/// type can match. Immutable but for what it remembers of types asked for.
/// </summary>
internal sealed class RoutingTable
{
    private const int RememberedTypes = 10_000;

    private readonly ILookup<string, EventTrigger> _triggers;
    private readonly ILookup<string, (RoutingRule Rule, int Slot)> _rules;
    private readonly ConcurrentDictionary<string, RoutingCandidates> _byType = new(StringComparer.Ordinal);

    public RoutingTable(
        long version, IReadOnlyList<EventTrigger> triggers, IReadOnlyList<RoutingRule> rules, IReadOnlyDictionary<Guid, StartableVersion> startable)
    {
        (Version, Rules, Startable) = (version, rules, startable);
        _triggers = triggers.ToLookup(trigger => trigger.Pattern, StringComparer.Ordinal);
        _rules = rules.SelectMany(rule => rule.Rule.Slots.Select((slot, index) => (rule, index)))
            .ToLookup(entry => entry.rule.Rule.Slots[entry.index].Type.Text, StringComparer.Ordinal);
    }

    public long Version { get; }

    public IReadOnlyList<RoutingRule> Rules { get; }

    /// <summary>Of the workflows that rules start: those that can be started, with the version that would.</summary>
    public IReadOnlyDictionary<Guid, StartableVersion> Startable { get; }

    public RoutingCandidates For(string eventType)
    {
        if (_byType.TryGetValue(eventType, out var candidates))
        {
            return candidates;
        }

        if (_byType.Count > RememberedTypes)
        {
            _byType.Clear();
        }

        return _byType.GetOrAdd(eventType, Find);
    }

    private RoutingCandidates Find(string eventType)
    {
        var patterns = EventTypes.PatternsOf(eventType);
        var rules = patterns.SelectMany(pattern => _rules[pattern]).GroupBy(entry => entry.Rule)
            .Select(group => (group.Key, (IReadOnlyList<int>)[.. group.Select(entry => entry.Slot).Order()]))
            .OrderByDescending(entry => entry.Key.Priority).ThenBy(entry => entry.Key.Id);
        return new RoutingCandidates(
            [.. patterns.SelectMany(pattern => _triggers[pattern]).OrderBy(trigger => trigger.WorkflowId).ThenBy(trigger => trigger.TriggerId, StringComparer.Ordinal)],
            [.. rules]);
    }
}

/// <summary>Event types as routing looks at them.</summary>
internal static class EventTypes
{
    /// <summary>
    /// All patterns that match a type, so that one index look-up finds every trigger, rule and wait: each segment as it is or <c>*</c>, and every prefix
    /// followed by a closing <c>*</c> for the rest. A type of n segments has fewer than 2^(n+1).
    /// </summary>
    public static IReadOnlyCollection<string> PatternsOf(string eventType)
    {
        var segments = eventType.Split('.');
        if (segments.Length > Limits.EventTypeSegments)
        {
            return [eventType, "*"];
        }

        string[] prefixes = [""];
        var patterns = new HashSet<string>(StringComparer.Ordinal) { "*" };
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
}

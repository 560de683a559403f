using System.Text.Json;
using Workflows.Data.Executions;
using Workflows.Engine;
using Workflows.Engine.Events;
using Workflows.Jsonata;

namespace Workflows.Data.Events;

/// <summary>One thing that an event leads to; a row of <c>event_matches</c>.</summary>
internal sealed record RoutedMatch(StoredEvent Event, string Target)
{
    public Guid? RuleId { get; init; }

    public Guid? WorkflowId { get; init; }

    public int Version { get; init; }

    public ExecutionPriority Priority { get; init; }

    /// <summary>The limit that the start falls under.</summary>
    public ConcurrencyClaim? Concurrency { get; init; }

    public string TriggerType { get; init; } = "event";

    /// <summary>Null when nothing is started.</summary>
    public Guid? ExecutionId { get; init; }

    public string? CorrelationId { get; init; }

    public byte[]? Trigger { get; init; }

    public byte[]? Input { get; init; }

    public RoutedEmission? Emission { get; init; }

    public RoutedNotification? Notification { get; init; }

    /// <summary>Why it could not be done.</summary>
    public string Reason { get; init; } = "";
}

/// <summary>An event that a rule emits.</summary>
internal sealed record RoutedEmission(Guid Id, string EventId, string Source, ActionOutcome.Emit Event);

/// <summary>A notification by a rule.</summary>
/// <param name="Users">Whom it reaches; none before <see cref="RuleRecipients"/> has looked.</param>
internal sealed record RoutedNotification(RuleNotification Text, IReadOnlyList<Guid> Users);

/// <summary>An event that fills slots of a joining rule.</summary>
internal sealed record JoinPart(RoutingRule Rule, string CorrelationKey, IReadOnlyList<int> Slots, StoredEvent Event);

/// <summary>Matches events of one tenant against its table, in memory.</summary>
/// <param name="patience">How long it may take, counted from its making; null = as long as it takes.</param>
internal sealed class EventMatching(RoutingTable table, TimeProvider clock, TimeSpan? patience = null)
{
    private const string LimitTarget = "limit";

    private readonly Dictionary<Guid, int> _counts = [];
    private readonly long _begun = clock.GetTimestamp();
    private int _evaluated;

    /// <summary>Events that were matched.</summary>
    public int Events { get; set; }

    public List<RoutedMatch> Matches { get; } = [];

    public List<JoinPart> Parts { get; } = [];

    // A few conditions are matched however slow the machine is at the moment: they cost little, and who sent the event
    // expects it routed.
    private bool IsOver => patience is { } limit && _evaluated > Limits.ConditionsByReceiver
        && clock.GetElapsedTime(_begun) > limit;

    /// <summary>Adds an event with all that it matches.</summary>
    /// <returns>False when the patience is over: then nothing of the event was added.</returns>
    public bool TryAdd(StoredEvent @event)
    {
        var (matches, parts) = (Matches.Count, Parts.Count);
        if (!IsOver && Add(@event))
        {
            return true;
        }

        Matches.RemoveRange(matches, Matches.Count - matches);
        Parts.RemoveRange(parts, Parts.Count - parts);
        return false;
    }

    private bool Add(StoredEvent @event)
    {
        var candidates = table.For(@event.Type);
        if (candidates.IsEmpty)
        {
            return true;
        }

        using var document = JsonText.Parse(@event.CloudEvent);
        var scope = EventCondition.Scope(document.RootElement);
        foreach (var trigger in candidates.Triggers)
        {
            if (EventCondition.Refusal(trigger.Condition, scope) is null && MayMatch(@event))
            {
                Matches.Add(MatchOf(@event, trigger, document.RootElement));
            }

            _evaluated++;
            if (IsOver)
            {
                return false;
            }
        }

        int? stoppedBelow = null;
        foreach (var (rule, slots) in candidates.Rules)
        {
            if (rule.Priority < stoppedBelow)
            {
                break;
            }

            if (!rule.IsActiveAt(@event.AcceptedAt))
            {
                continue;
            }

            if (rule.Rule.Join is { } join)
            {
                if (PartOf(rule, slots, join, @event, scope) is { } part)
                {
                    Parts.Add(part);
                }
            }
            else if (EventCondition.Refusal(rule.Rule.Slots[0].Condition, scope) is null)
            {
                Fire(rule, @event, null);
                stoppedBelow = rule.Stop ? rule.Priority : stoppedBelow;
            }

            _evaluated++;
            if (IsOver)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Adds what the actions of a rule come to.</summary>
    /// <param name="joined">The events by slot, of a rule that joins.</param>
    public void Fire(RoutingRule rule, StoredEvent @event, IReadOnlyDictionary<string, byte[]>? joined)
    {
        for (var index = 0; index < rule.Rule.Actions.Count && MayMatch(@event); index++)
        {
            var outcome = RuleActions.Evaluate(rule, rule.Rule.Actions[index], @event, joined, table.Startable);
            var match = new RoutedMatch(@event, index == 0 ? rule.Target : $"{rule.Target}/{index}") { RuleId = rule.Id, TriggerType = "rule" };
            Matches.Add(outcome switch
            {
                ActionOutcome.Start start => Starting(
                    match with { WorkflowId = start.WorkflowId, CorrelationId = start.CorrelationId, Trigger = start.Trigger, Input = start.Input },
                    start.Startable, start.Priority),
                // Named after what caused it, so that it could never be emitted twice.
                ActionOutcome.Emit emit => match with
                {
                    Emission = new RoutedEmission(Guid.CreateVersion7(clock.GetUtcNow()), $"{@event.Id}/{index}", $"/rules/{rule.Id}", emit),
                },
                ActionOutcome.Notify notify => match with { Notification = new RoutedNotification(notify.Notification, []) },
                ActionOutcome.Refused refused => match with { WorkflowId = refused.WorkflowId, Reason = refused.Reason },
                _ => throw new InvalidOperationException($"An outcome {outcome} is not known here."),
            });
        }
    }

    /// <summary>The slots that the event fills, and what it is correlated by; null when none, or nothing.</summary>
    public static JoinPart? PartOf(RoutingRule rule, IReadOnlyList<int> slots, RuleJoin join, StoredEvent @event, JsonataValue scope)
    {
        var filled = slots.Where(slot => EventCondition.Refusal(rule.Rule.Slots[slot].Condition, scope) is null).ToList();
        return filled.Count > 0 && CorrelationOf(join, scope) is { } key ? new JoinPart(rule, key, filled, @event) : null;
    }

    private static string? CorrelationOf(RuleJoin join, JsonataValue scope)
    {
        try
        {
            var value = join.CorrelateBy.Evaluate(scope, EventCondition.Options);
            var text = value.IsUndefined || value.Kind == JsonataKind.Null ? null : value.TryGetString(out var plain) ? plain : value.ToString();
            return text is { Length: > 0 and <= Limits.CorrelationLength } && StorableText.IsStorable(text) ? text : null;
        }
        catch (JsonataException)
        {
            return null; // no value, no join: explain shows why
        }
    }

    private bool MayMatch(StoredEvent @event)
    {
        var count = _counts[@event.Id] = _counts.GetValueOrDefault(@event.Id) + 1;
        if (count == Limits.MatchesPerEvent + 1)
        {
            Matches.Add(new RoutedMatch(@event, LimitTarget)
            {
                Reason = $"more triggers and rules match than the {Limits.MatchesPerEvent} that one event may start",
            });
        }

        return count <= Limits.MatchesPerEvent;
    }

    // A start whose limit cannot be worked out would run outside of it: refused.
    private RoutedMatch Starting(RoutedMatch match, StartableVersion startable, ExecutionPriority? priority)
    {
        try
        {
            var settings = StartSettings.Parse(startable.StartSettings);
            return match with
            {
                Version = startable.Version,
                Priority = priority ?? settings.Priority,
                ExecutionId = Guid.CreateVersion7(clock.GetUtcNow()),
                Concurrency = settings.ClaimOf(match.Input),
            };
        }
        catch (ConcurrencyKeyException exception)
        {
            return match with { Reason = exception.Message };
        }
    }

    private RoutedMatch MatchOf(StoredEvent @event, EventTrigger trigger, JsonElement cloudEvent) => Starting(new RoutedMatch(@event, trigger.Target)
    {
        WorkflowId = trigger.WorkflowId,
        CorrelationId = @event.CorrelationKey,
        Trigger = RuleActions.WriteObject(writer =>
        {
            writer.WriteString("type", "event");
            writer.WriteString("id", trigger.TriggerId);
            writer.WritePropertyName("event");
            writer.WriteRawValue(@event.CloudEvent, skipInputValidation: true);
        }),
        Input = cloudEvent.TryGetProperty("data", out var data) ? RuleActions.Raw(data) : "{}"u8.ToArray(),
    }, trigger.Startable, null);
}

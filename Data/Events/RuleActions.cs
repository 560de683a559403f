using System.Text.Json;
using Workflows.Data.Executions;
using Workflows.Engine;
using Workflows.Engine.Events;
using Workflows.Jsonata;

namespace Workflows.Data.Events;

/// <summary>What one action of a rule comes to for an event.</summary>
internal abstract record ActionOutcome
{
    /// <summary>An execution of the published version.</summary>
    public sealed record Start(
        Guid WorkflowId, StartableVersion Startable, ExecutionPriority? Priority, string? CorrelationId, byte[] Trigger, byte[] Input) : ActionOutcome;

    /// <summary>A further event.</summary>
    public sealed record Emit(string Type, string? Subject, string? CorrelationKey, byte[]? Data, byte[] Extensions) : ActionOutcome;

    /// <summary>People are told.</summary>
    public sealed record Notify(RuleNotification Notification) : ActionOutcome;

    /// <summary>The rule matched, but this cannot be done.</summary>
    public sealed record Refused(Guid? WorkflowId, string Reason) : ActionOutcome;
}

/// <summary>Evaluates the actions of a rule that matched. Pure: used by routing, and by those who ask what would happen.</summary>
internal static class RuleActions
{
    /// <param name="joined">The events by slot, of a rule that joins; null of a rule on single events.</param>
    public static ActionOutcome Evaluate(
        RoutingRule rule, RuleAction action, StoredEvent @event, IReadOnlyDictionary<string, byte[]>? joined, IReadOnlyDictionary<Guid, StartableVersion> startable)
    {
        using var document = JsonText.Parse(@event.CloudEvent);
        var documents = joined?.ToDictionary(slot => slot.Key, slot => JsonText.Parse(slot.Value));
        try
        {
            return action switch
            {
                RuleAction.StartWorkflow start => StartOf(rule, start, @event, document.RootElement, documents, startable),
                RuleAction.EmitEvent emit => EmitOf(rule, emit, @event, document.RootElement, documents),
                RuleAction.Notify notify => NotifyOf(rule, notify, document.RootElement, documents),
                _ => throw new InvalidOperationException($"An action {action} is not known here."),
            };
        }
        catch (JsonataException exception)
        {
            return new ActionOutcome.Refused((action as RuleAction.StartWorkflow)?.WorkflowId, $"a template failed: {exception.Error.Code} {exception.Error.Message}");
        }
        finally
        {
            foreach (var joinedDocument in documents?.Values ?? Enumerable.Empty<JsonDocument>())
            {
                joinedDocument.Dispose();
            }
        }
    }

    private static ActionOutcome StartOf(
        RoutingRule rule, RuleAction.StartWorkflow start, StoredEvent @event, JsonElement cloudEvent, Dictionary<string, JsonDocument>? joined,
        IReadOnlyDictionary<Guid, StartableVersion> startable)
    {
        if (!startable.TryGetValue(start.WorkflowId, out var version))
        {
            return new ActionOutcome.Refused(start.WorkflowId, "the workflow is not there, not published, or switched off");
        }

        var scope = ScopeOf(rule, cloudEvent, joined);
        var input = start.Input is { } template ? Json(template.Render(scope, EventCondition.Options)) ?? "{}"u8.ToArray()
            : joined is not null ? WriteObject(writer => WriteEvents(writer, joined))
            : cloudEvent.TryGetProperty("data", out var data) ? Raw(data) : "{}"u8.ToArray();
        var correlation = start.CorrelationId is { } key ? Text(key.Render(scope, EventCondition.Options)) : @event.CorrelationKey;
        return Problem("input", input, Engine.Limits.InputBytes) is { } wrong ? new ActionOutcome.Refused(start.WorkflowId, wrong)
            : Problem("correlation id", correlation, Limits.CorrelationLength) is { } wrongId ? new ActionOutcome.Refused(start.WorkflowId, wrongId)
            : new ActionOutcome.Start(start.WorkflowId, version, DataOf(start.Priority), correlation, TriggerOf(rule, cloudEvent, joined), input);
    }

    private static ActionOutcome EmitOf(
        RoutingRule rule, RuleAction.EmitEvent emit, StoredEvent @event, JsonElement cloudEvent, Dictionary<string, JsonDocument>? joined)
    {
        if (PlatformEvents.TypeProblem(emit.EventType) is { } reserved)
        {
            return new ActionOutcome.Refused(null, reserved); // a rule of a release that did not reserve it
        }

        var hops = EventHops.After(cloudEvent);
        if (hops > Engine.Limits.RuleHops)
        {
            return new ActionOutcome.Refused(null, $"more than {Engine.Limits.RuleHops} events would follow from one another");
        }

        var scope = ScopeOf(rule, cloudEvent, joined);
        var subject = emit.Subject is { } template ? Text(template.Render(scope, EventCondition.Options))
            : cloudEvent.TryGetProperty("subject", out var own) ? own.GetString() : null;
        var data = emit.Data is { } body ? Json(body.Render(scope, EventCondition.Options))
            : cloudEvent.TryGetProperty("data", out var ownData) ? Raw(ownData) : null;
        if ((Problem("data", data, Engine.Limits.EventBytes) ?? Problem("subject", subject, Engine.Limits.EventSubjectLength)) is { } wrong)
        {
            return new ActionOutcome.Refused(null, wrong);
        }

        var correlation = cloudEvent.TryGetProperty("correlationid", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;
        var extensions = WriteObject(writer =>
        {
            writer.WriteNumber(EventHops.Attribute, hops);
            writer.WriteString("causationid", @event.Id);
            if (correlation is not null)
            {
                writer.WriteString("correlationid", correlation);
            }
        });
        return new ActionOutcome.Emit(emit.EventType, subject is { Length: 0 } ? null : subject, correlation ?? subject, data, extensions);
    }

    private static ActionOutcome NotifyOf(RoutingRule rule, RuleAction.Notify notify, JsonElement cloudEvent, Dictionary<string, JsonDocument>? joined)
    {
        if (RuleNotification.Render(notify, ScopeOf(rule, cloudEvent, joined), out var problem) is not { } told)
        {
            return new ActionOutcome.Refused(null, problem);
        }

        var texts = new[] { told.Title, told.Body, told.Link }.Concat(told.Users).Concat(told.Groups).Concat(told.Roles);
        return texts.Select(text => Problem("notification", text, int.MaxValue)).FirstOrDefault(wrong => wrong is not null) is { } unstorable
            ? new ActionOutcome.Refused(null, unstorable)
            : new ActionOutcome.Notify(told);
    }

    // What could not be stored must not reach the statement, where it would fail the events beside it, too.
    private static string? Problem(string what, byte[]? json, int limit) =>
        json is null ? null
        : json.Length > limit ? $"the {what} has {json.Length} bytes, at most {limit} are allowed"
        : JsonText.FindProblem(json, Engine.Limits.JsonDepth) is { } problem ? $"the {what} cannot be stored: {problem}"
        : null;

    private static string? Problem(string what, string? text, int limit) =>
        text is null ? null
        : text.Length > limit ? $"the {what} has {text.Length} characters, at most {limit} are allowed"
        : !StorableText.IsStorable(text)
            ? $"the {what} cannot be stored: it holds the character U+0000, or half of a surrogate pair"
        : null;

    private static JsonataValue ScopeOf(RoutingRule rule, JsonElement cloudEvent, Dictionary<string, JsonDocument>? joined)
    {
        var scope = new Dictionary<string, JsonataValue>
        {
            ["event"] = JsonataValue.FromElement(cloudEvent),
            ["rule"] = JsonataValue.FromObject(new Dictionary<string, JsonataValue>
            {
                ["id"] = JsonataValue.FromString(rule.Id.ToString()),
                ["name"] = JsonataValue.FromString(rule.Name),
            }),
        };
        if (joined is not null)
        {
            scope["events"] = JsonataValue.FromObject(joined.ToDictionary(slot => slot.Key, slot => JsonataValue.FromElement(slot.Value.RootElement)));
        }

        return JsonataValue.FromObject(scope);
    }

    // What expressions of the started execution see as trigger, and as event.
    private static byte[] TriggerOf(RoutingRule rule, JsonElement cloudEvent, Dictionary<string, JsonDocument>? joined) => WriteObject(writer =>
    {
        writer.WriteString("type", "rule");
        writer.WriteString("id", rule.Id);
        writer.WriteString("rule", rule.Name);
        writer.WritePropertyName("event");
        cloudEvent.WriteTo(writer);
        if (joined is not null)
        {
            writer.WriteStartObject("events");
            WriteEvents(writer, joined);
            writer.WriteEndObject();
        }
    });

    private static void WriteEvents(Utf8JsonWriter writer, Dictionary<string, JsonDocument> joined)
    {
        foreach (var (slot, document) in joined)
        {
            writer.WritePropertyName(slot);
            document.RootElement.WriteTo(writer);
        }
    }

    internal static byte[] WriteObject(Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    internal static byte[] Raw(JsonElement json) => System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(json).ToArray();

    private static byte[]? Json(in JsonataValue value) => value.IsUndefined ? null : value.ToUtf8Json(EventCondition.Options.Limits);

    private static string? Text(in JsonataValue value) =>
        value.IsUndefined || value.Kind == JsonataKind.Null ? null : value.TryGetString(out var text) ? text : value.ToString();

    private static ExecutionPriority? DataOf(Engine.Definitions.ExecutionPriority? priority) => priority is not { } wanted ? null : wanted switch
    {
        Engine.Definitions.ExecutionPriority.High => ExecutionPriority.High,
        Engine.Definitions.ExecutionPriority.Normal => ExecutionPriority.Normal,
        Engine.Definitions.ExecutionPriority.Low => ExecutionPriority.Low,
    };
}

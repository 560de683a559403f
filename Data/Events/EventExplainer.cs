using System.Text.Json;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Engine;
using Workflows.Engine.Events;

namespace Workflows.Data.Events;

/// <summary>Why one trigger or rule does not match an event, or would by now.</summary>
/// <param name="Code">TYPE_DIFFERS, DISABLED, WORKFLOW_DISABLED, WORKFLOW_UNPUBLISHED, OUTSIDE_WINDOW, CONDITION_FALSE, CONDITION_FAILED, NOT_CORRELATED,
/// JOIN_WAITING, STOPPED, INVALID or MATCHES_NOW.</param>
/// <param name="Values">What its condition reads, with the values found.</param>
public sealed record NearMiss(string Target, string Name, string EventType, string Code, string Reason, IReadOnlyList<string> Values);

/// <summary>
/// Says why events did not match, when somebody asks: evaluates triggers and rules as they are now with the code that routes. Reads only.
/// </summary>
public sealed class EventExplainer(WorkflowsDatabase database)
{
    private const string EventSql = "select e.id, e.type, e.correlation_key, cloud_event(e) from events e where e.tenant_id = $1 and e.id = $2";

    private const string TriggersSql = """
        select t.workflow_id, t.trigger_id, t.version, t.event_type, t.condition, t.enabled, w.name, w.enabled, w.published_version
        from workflow_triggers t
        join workflows w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
        where t.tenant_id = $1 and t.type = 'event' and w.deleted_at is null and (t.event_type = any ($2) or $3)
        order by t.event_type = any ($2) desc, t.workflow_id, t.trigger_id
        limit $4
        """;

    private const string RulesSql = """
        select r.id, r.name, r.version, r.priority, r.stop, r.active_from, r.active_to, r.definition, r.enabled
        from rules r
        where r.tenant_id = $1 and r.deleted_at is null
        order by r.priority desc, r.id
        limit $2
        """;

    private const string JoinsSql = "select j.rule_id, j.correlation_key, j.came from rule_joins j where j.tenant_id = $1 and j.rule_id = any ($2)";

    /// <summary>Explains what did not match an event.</summary>
    /// <param name="matched">Targets that are recorded as matches; they are left out.</param>
    /// <param name="otherTypes">Whether to name also those that are about other types of events.</param>
    /// <returns>At most <see cref="Limits.NearMisses"/>; null when there is no such event.</returns>
    public async Task<IReadOnlyList<NearMiss>?> ExplainAsync(
        Guid tenantId, Guid eventId, IReadOnlySet<string> matched, bool otherTypes, CancellationToken cancellationToken)
    {
        var @event = (await ReadAsync(tenantId, new(EventSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(eventId) } }, reader => new StoredEvent(
            reader.GetGuid(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetFieldValue<byte[]>(3)), cancellationToken))
            .SingleOrDefault();
        if (@event is null)
        {
            return null;
        }

        using var document = JsonText.Parse(@event.CloudEvent);
        var misses = await TriggersAsync(tenantId, @event, document.RootElement, otherTypes, cancellationToken);
        misses.AddRange(await RulesAsync(tenantId, @event, document.RootElement, matched, otherTypes, cancellationToken));
        return [.. misses.Where(miss => !matched.Contains(miss.Target)).Take(Limits.NearMisses)];
    }

    private async Task<List<NearMiss>> TriggersAsync(
        Guid tenantId, StoredEvent @event, JsonElement cloudEvent, bool otherTypes, CancellationToken cancellationToken)
    {
        var patterns = EventTypes.PatternsOf(@event.Type).ToArray();
        var command = new NpgsqlBatchCommand(TriggersSql)
        {
            Parameters =
            {
                Sql.Uuid(tenantId), new NpgsqlParameter<string[]> { TypedValue = patterns }, new NpgsqlParameter<bool> { TypedValue = otherTypes },
                Sql.Int(Limits.NearMisses),
            },
        };
        return await ReadAsync(tenantId, command, reader =>
        {
            var pattern = reader.GetString(3);
            var (code, reason, values) =
                !patterns.Contains(pattern) ? TypeDiffers(@event, pattern)
                : !reader.GetBoolean(5) ? ("DISABLED", "the trigger is switched off", [])
                : !reader.GetBoolean(7) ? ("WORKFLOW_DISABLED", "the workflow is switched off", [])
                : reader.IsDBNull(8) || reader.GetInt32(8) != reader.GetInt32(2) ? ("WORKFLOW_UNPUBLISHED", "the version with this trigger is not published", [])
                : Condition(reader.IsDBNull(4) ? null : reader.GetString(4), cloudEvent) ?? MatchesNow;
            return new NearMiss($"trigger:{reader.GetGuid(0)}/{reader.GetString(1)}", reader.GetString(6), pattern, code, reason, values);
        }, cancellationToken);
    }

    private async Task<List<NearMiss>> RulesAsync(
        Guid tenantId, StoredEvent @event, JsonElement cloudEvent, IReadOnlySet<string> matched, bool otherTypes, CancellationToken cancellationToken)
    {
        var rows = await ReadAsync(
            tenantId, new(RulesSql) { Parameters = { Sql.Uuid(tenantId), Sql.Int(Limits.RulesPerTenant) } },
            reader => (Rule: RuleOf(reader), Id: reader.GetGuid(0), Name: reader.GetString(1), Enabled: reader.GetBoolean(8)), cancellationToken);
        var joins = rows.Where(row => row.Rule?.Rule.Join is not null).Select(row => row.Id).ToList();
        var came = joins.Count == 0 ? [] : await ReadAsync(
            tenantId, new(JoinsSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuids(joins, id => id) } },
            reader => (RuleId: reader.GetGuid(0), Key: reader.GetString(1), Came: reader.GetString(2)), cancellationToken);
        var partial = came.ToLookup(row => (row.RuleId, row.Key), row => row.Came);
        var misses = new List<NearMiss>();
        (int Below, string By)? stopped = null;
        foreach (var (rule, id, name, enabled) in rows)
        {
            if (rule is null)
            {
                misses.Add(new NearMiss($"rule:{id}", name, "", "INVALID", "this release cannot read the rule", []));
                continue;
            }

            if (matched.Contains(rule.Target))
            {
                stopped = rule.Stop ? (rule.Priority, rule.Name) : stopped;
                continue;
            }

            var (code, reason, values) = Judge(rule, enabled, @event, cloudEvent, stopped, partial);
            if (otherTypes || code != "TYPE_DIFFERS")
            {
                misses.Add(new NearMiss(rule.Target, name, string.Join(", ", rule.Rule.Slots.Select(slot => slot.Type.Text)), code, reason, values));
            }
        }

        return misses;
    }

    private static (string Code, string Reason, IReadOnlyList<string> Values) Judge(
        RoutingRule rule, bool enabled, StoredEvent @event, JsonElement cloudEvent, (int Below, string By)? stopped,
        ILookup<(Guid, string), string> partial)
    {
        var slots = Enumerable.Range(0, rule.Rule.Slots.Count).Where(slot => rule.Rule.Slots[slot].Type.Matches(@event.Type)).ToList();
        if (slots.Count == 0)
        {
            return TypeDiffers(@event, string.Join(", ", rule.Rule.Slots.Select(slot => slot.Type.Text)));
        }

        if (!enabled)
        {
            return ("DISABLED", "the rule is switched off", []);
        }

        if (!rule.IsActiveAt(@event.AcceptedAt))
        {
            return ("OUTSIDE_WINDOW", $"the rule is active from {rule.ActiveFrom:O} to {rule.ActiveTo:O}, the event came at {@event.AcceptedAt:O}", []);
        }

        if (stopped is { } stop && rule.Priority < stop.Below)
        {
            return ("STOPPED", $"the rule '{stop.By}' matched and stops rules of a lower priority", []);
        }

        var refused = slots.Select(slot => Condition(rule.Rule.Slots[slot].Condition?.Source, cloudEvent)).ToList();
        if (refused.All(refusal => refusal is not null))
        {
            return refused[0]!.Value;
        }

        if (rule.Rule.Join is not { } join)
        {
            return MatchesNow;
        }

        return EventMatching.PartOf(rule, slots, join, @event, EventCondition.Scope(cloudEvent)) is not { } part
            ? ("NOT_CORRELATED", "the event has no value that it could be correlated by", EventCondition.ValuesRead(join.CorrelateBy, cloudEvent))
            : ("JOIN_WAITING", $"under '{part.CorrelationKey}' there came by now: {partial[(rule.Id, part.CorrelationKey)].FirstOrDefault() ?? "nothing that still counts"}", []);
    }

    /// <summary>Tries a rule on an event that need not be stored.</summary>
    /// <param name="publishedVersions">Of the workflows that it starts.</param>
    public static RuleTrial Try(ControlPlane.RuleRecord row, NewEvent @event, Guid eventId, IReadOnlyDictionary<Guid, int> publishedVersions)
    {
        if (!Rule.TryCompile(System.Text.Encoding.UTF8.GetBytes(row.Definition), out var compiled, out _))
        {
            return new RuleTrial(false, "INVALID", "this release cannot read the rule", [], [], null, []);
        }

        var rule = new RoutingRule(row.Id, row.Name, row.Version, row.Priority, row.Stop, row.ActiveFrom, row.ActiveTo, compiled);
        var stored = new StoredEvent(eventId, @event);
        var startable = publishedVersions.ToDictionary(entry => entry.Key, entry => new StartableVersion(entry.Value, null));
        using var document = JsonText.Parse(stored.CloudEvent);
        var (code, reason, values) = Judge(rule, row.Enabled, stored, document.RootElement, null, Array.Empty<int>().ToLookup(_ => (Guid.Empty, ""), _ => ""));
        if (compiled.Join is { } join)
        {
            var slots = Enumerable.Range(0, compiled.Slots.Count).Where(slot => compiled.Slots[slot].Type.Matches(@event.Type)).ToList();
            var part = code == "JOIN_WAITING" ? EventMatching.PartOf(rule, slots, join, stored, EventCondition.Scope(document.RootElement)) : null;
            return part is null
                ? new RuleTrial(false, code, reason, values, [], null, [])
                : new RuleTrial(true, "", "", [], [.. part.Slots.Select(slot => compiled.Slots[slot].As)], part.CorrelationKey, []);
        }

        return code == "MATCHES_NOW"
            ? new RuleTrial(true, "", "", [], [], null, [.. compiled.Actions.Select(action =>
                TriedAction.Of(action, RuleActions.Evaluate(rule, action, stored, null, startable)))])
            : new RuleTrial(false, code, reason, values, [], null, []);
    }

    private static readonly (string Code, string Reason, IReadOnlyList<string> Values) MatchesNow =
        ("MATCHES_NOW", "it matches as it is now: it was made or changed after the event was routed, or the event waits for that", []);

    private static (string Code, string Reason, IReadOnlyList<string> Values) TypeDiffers(StoredEvent @event, string pattern) =>
        ("TYPE_DIFFERS", $"'{@event.Type}' does not match '{pattern}'", []);

    private static (string Code, string Reason, IReadOnlyList<string> Values)? Condition(string? source, JsonElement cloudEvent)
    {
        if (source is not { Length: > 0 })
        {
            return null;
        }

        if (!EventCondition.TryParse(source, out var condition))
        {
            return ("INVALID", "this release cannot read the condition", []);
        }

        return EventCondition.Refusal(condition, EventCondition.Scope(cloudEvent)) is not { } refusal ? null
            : (refusal == "condition is false" ? "CONDITION_FALSE" : "CONDITION_FAILED", refusal, EventCondition.ValuesRead(condition, cloudEvent));
    }

    private static RoutingRule? RuleOf(NpgsqlDataReader reader) => Rule.TryCompile(reader.GetFieldValue<byte[]>(7), out var rule, out _)
        ? new RoutingRule(
            reader.GetGuid(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetBoolean(4),
            reader.IsDBNull(5) ? null : reader.GetFieldValue<DateTimeOffset>(5), reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6), rule)
        : null;

    private async Task<List<T>> ReadAsync<T>(
        Guid tenantId, NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await using var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
        batch.BatchCommands.Add(command);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(row(reader));
        }

        return rows;
    }
}

/// <summary>What a rule would do with an event.</summary>
/// <param name="Code">Why not, as in <see cref="NearMiss"/>.</param>
/// <param name="Slots">Of a rule that joins: what the event would fill; its actions wait for the others.</param>
/// <param name="CorrelationKey">Of a rule that joins: by what the event would be correlated.</param>
public sealed record RuleTrial(
    bool Matched, string Code, string Reason, IReadOnlyList<string> Values, IReadOnlyList<string> Slots, string? CorrelationKey, IReadOnlyList<TriedAction> Actions);

/// <summary>What one action would do, or why it could not.</summary>
/// <param name="Input">JSON of the execution's input.</param>
/// <param name="Data">JSON of the emitted event's data.</param>
public sealed record TriedAction(
    string Type, Guid? WorkflowId, int? Version, string? CorrelationId, string? Input, string? EventType, string? Subject, string? Data, TriedNotification? Notification,
    string Reason)
{
    internal static TriedAction Of(RuleAction action, ActionOutcome outcome) => outcome switch
    {
        ActionOutcome.Start start => new("startWorkflow", start.WorkflowId, start.Startable.Version, start.CorrelationId, Utf8(start.Input), null, null, null, null, ""),
        ActionOutcome.Emit emit => new("emitEvent", null, null, emit.CorrelationKey, null, emit.Type, emit.Subject, Utf8(emit.Data), null, ""),
        ActionOutcome.Notify notify => new("notify", null, null, null, null, null, null, null, TriedNotification.Of(notify.Notification), ""),
        ActionOutcome.Refused refused => new(
            action switch { RuleAction.EmitEvent => "emitEvent", RuleAction.Notify => "notify", _ => "startWorkflow" }, refused.WorkflowId, null, null, null, (action as RuleAction.EmitEvent)?.EventType,
            null, null, null, refused.Reason),
        _ => throw new InvalidOperationException($"An outcome {outcome} is not known here."),
    };

    private static string? Utf8(byte[]? json) => json is null ? null : System.Text.Encoding.UTF8.GetString(json);
}

/// <summary>What a rule would tell, and whom it names.</summary>
public sealed record TriedNotification(
    IReadOnlyList<string> Users, IReadOnlyList<string> Groups, IReadOnlyList<string> Roles, string Title, string? Body, string? Link, string Level)
{
    internal static TriedNotification Of(RuleNotification text) =>
        new(text.Users, text.Groups, text.Roles, text.Title, text.Body, text.Link, text.Level);
}

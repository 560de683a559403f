using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Data.Events;

namespace Workflows.Api.Events;

/// <param name="EventType">The event types it is about, maybe with <c>*</c>; not together with <paramref name="Join"/>.</param>
/// <param name="Condition">A JSONata expression on <c>event</c>; every event of the type when left out.</param>
/// <param name="Join">Several events within a time: <c>{ events: [{ type, condition, as }], within, correlateBy, order }</c>.</param>
/// <param name="Actions"><c>startWorkflow</c> (workflow, input, correlationId, priority) <c>emitEvent</c> (eventType, subject, data)
/// and <c>notify</c> (users, groups, roles, title, body, link, level).</param>
/// <param name="Priority">Higher ones first.</param>
/// <param name="Stop">Rules of a lower priority do not see an event that this one matched.</param>
internal sealed record CreateRuleRequest(
    string Name,
    JsonElement Actions,
    string? EventType = null,
    string? Condition = null,
    JsonElement? Join = null,
    string Description = "",
    int Priority = 0,
    bool Stop = false,
    DateTimeOffset? ActiveFrom = null,
    DateTimeOffset? ActiveTo = null,
    bool Enabled = true);

/// <summary>
/// What is left out stays as it is; eventType, condition and join are replaced together when one of them is given, so that a rule can change its kind.
/// </summary>
internal sealed record UpdateRuleRequest(
    string? Name = null,
    JsonElement? Actions = null,
    string? EventType = null,
    string? Condition = null,
    JsonElement? Join = null,
    string? Description = null,
    int? Priority = null,
    bool? Stop = null,
    DateTimeOffset? ActiveFrom = null,
    DateTimeOffset? ActiveTo = null,
    bool? Always = null,
    bool? Enabled = null);

internal sealed record RuleQuery([property: FromQuery(Name = "enabled")] bool? Enabled, [property: FromQuery(Name = "name")] string? Name);

internal sealed record RuleView(
    Guid Id,
    string Name,
    string Description,
    RawJson Definition,
    int Priority,
    bool Stop,
    DateTimeOffset? ActiveFrom,
    DateTimeOffset? ActiveTo,
    bool Enabled,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>An event to try the rule on.</summary>
/// <param name="Event">A CloudEvent; it is not stored.</param>
/// <param name="EventId">Or the id of one that is.</param>
internal sealed record TestRuleRequest(JsonElement? Event = null, Guid? EventId = null) : IOptionalBody;

internal sealed record RuleTestView(
    bool Matched,
    string Code,
    string Reason,
    IReadOnlyList<string> Values,
    IReadOnlyList<string> Slots,
    string? CorrelationKey,
    IReadOnlyList<ActionView> Actions)
{
    public static RuleTestView Of(RuleTrial trial) => new(
        trial.Matched, trial.Code, trial.Reason, trial.Values, trial.Slots, trial.CorrelationKey, [.. trial.Actions.Select(action => new ActionView(
            action.Type, action.WorkflowId, action.Version, action.CorrelationId, RawJson.From(action.Input), action.EventType, action.Subject,
            RawJson.From(action.Data), action.Notification, action.Reason))]);
}

/// <param name="Reason">Why it could not be done; empty when it would.</param>
internal sealed record ActionView(
    string Type, Guid? WorkflowId, int? Version, string? CorrelationId, RawJson? Input, string? EventType, string? Subject, RawJson? Data,
    TriedNotification? Notification, string Reason);

internal sealed record RuleMatchView(Guid EventId, string Target, Guid? WorkflowId, Guid? ExecutionId, Guid? EmittedId, int? Notified, string Reason);

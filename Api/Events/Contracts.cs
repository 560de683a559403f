using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Events;

/// <summary>One event of a call: what it was stored as and did, or why it was refused.</summary>
/// <param name="Id">Our id of the event; of the earlier one when it is a duplicate.</param>
/// <param name="Status">accepted, duplicate or refused.</param>
/// <param name="Executions">Executions that it started.</param>
/// <param name="WaitsWoken">Waits that it ended.</param>
internal sealed record IngestItem(int Index, Guid? Id, string Status, IReadOnlyList<Guid> Executions, int WaitsWoken, Error? Error);

internal sealed record IngestView(int Accepted, int Duplicates, int Refused, IReadOnlyList<IngestItem> Events);

internal sealed record EventQuery(
    [property: FromQuery(Name = "type")] string? Type,
    [property: FromQuery(Name = "source")] string? Source,
    [property: FromQuery(Name = "subject")] string? Subject,
    [property: FromQuery(Name = "correlation_id")] string? CorrelationId,
    [property: FromQuery(Name = "from")] DateTimeOffset? From,
    [property: FromQuery(Name = "to")] DateTimeOffset? To);

internal sealed record EventItem(
    Guid Id, string EventId, string Source, string Type, string? Subject, DateTimeOffset? Time, DateTimeOffset ReceivedAt);

internal sealed record EventView(
    Guid Id,
    string EventId,
    string Source,
    string Type,
    string? Subject,
    DateTimeOffset? Time,
    string? DataContentType,
    string? DataSchema,
    RawJson? Data,
    RawJson Extensions,
    DateTimeOffset ReceivedAt,
    IReadOnlyList<EventMatchView> Matches);

/// <param name="Target">The trigger, rule or wait.</param>
/// <param name="EmittedId">The event that a rule emitted.</param>
/// <param name="Notified">How many users a rule told.</param>
/// <param name="Reason">Why what it leads to could not be done.</param>
internal sealed record EventMatchView(
    string Target, Guid? WorkflowId, Guid? ExecutionId, Guid? RuleId, Guid? EmittedId, int? Notified, bool Matched, string Reason);

internal sealed record ExplainQuery([property: FromQuery(Name = "others")] bool? Others);

/// <summary>What an event did, and why it did no more.</summary>
/// <param name="Routing">routed, queued or set_aside.</param>
/// <param name="Error">Why it could not be routed.</param>
/// <param name="Matches">Triggers and rules that it matched and waits that it ended, as recorded.</param>
/// <param name="Executions">Those that it started or woke, as they are now.</param>
/// <param name="NearMisses">Triggers and rules that it did not match, evaluated now; with <c>others=true</c> also those of other types.</param>
internal sealed record ExplainView(
    Guid Id,
    string Type,
    string Routing,
    int Failures,
    string? Error,
    IReadOnlyList<EventMatchView> Matches,
    IReadOnlyList<ExplainedExecution> Executions,
    IReadOnlyList<Data.Events.NearMiss> NearMisses,
    ExplainLimits Limits);

internal sealed record ExplainedExecution(
    Guid Id,
    Guid WorkflowId,
    int Version,
    [property: OneOf(ClosedList.ExecutionStatus)] string Status,
    [property: OneOf(ClosedList.ExecutionTrigger)] string TriggerType);

/// <param name="MatchesPerEvent">Triggers and rules that one event may start.</param>
/// <param name="RuleHops">Rules that may follow from one event.</param>
/// <param name="NearMisses">How many of those that did not match are named.</param>
internal sealed record ExplainLimits(int MatchesPerEvent, int RuleHops, int NearMisses);

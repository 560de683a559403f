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

/// <param name="Target">The trigger or wait that was looked at.</param>
/// <param name="Reason">Why it did not match.</param>
internal sealed record EventMatchView(string Target, Guid? WorkflowId, Guid? ExecutionId, bool Matched, string Reason);

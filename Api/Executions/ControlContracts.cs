using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Executions;

/// <param name="Reason">Why; kept in the audit trail.</param>
internal sealed record ControlRequest(string Reason = "") : IOptionalBody;

/// <param name="FromNode">The node from which on everything runs again; what ran before and beside it is taken over as recorded. From the start when left out.</param>
/// <param name="Iteration">Of a node in the body of a loop: the round in which it begins, as 4/0. All other rounds are
/// taken over; of a repeat those before. Left out: the whole loop runs again.</param>
/// <param name="Input">An input instead of the original's.</param>
/// <param name="Version">same (as the original's, also when left out), published, draft, or the number of a version.
/// </param>
/// <param name="Overrides">By the id of a node what it answered, instead of what is recorded and instead of running
/// it. Nodes outside of loops, and those beside the node or the loops around it.</param>
internal sealed record RerunRequest(
    string? FromNode = null, string? Iteration = null, JsonElement? Input = null, JsonElement? Version = null,
    IReadOnlyDictionary<string, JsonElement>? Overrides = null, string Reason = "") : IOptionalBody;

/// <param name="StepsKept">Nodes whose recorded results may be taken over.</param>
/// <param name="Overridden">Nodes whose answers were given.</param>
internal sealed record RerunView(
    Guid Id,
    [property: OneOf(ClosedList.ExecutionStatus)] string Status,
    Guid ForkedFrom,
    Guid WorkflowId,
    int Version,
    int StepsKept,
    IReadOnlyList<string> Overridden);

/// <summary>Which executions: those named, or those that a filter finds. One of the two.</summary>
/// <param name="Ids">Up to 1,000.</param>
internal sealed record BulkControlRequest(IReadOnlyList<Guid>? Ids = null, ExecutionFilter? Filter = null, string Reason = "") : IOptionalBody;

/// <summary>As the filters of the list; at least one is needed.</summary>
internal sealed record ExecutionFilter(
    Guid? Workflow = null,
    string? Status = null,
    string? Trigger = null,
    DateTimeOffset? From = null,
    DateTimeOffset? To = null,
    string? CorrelationId = null,
    string? ErrorCode = null,
    Guid? Parent = null);

/// <param name="Matched">Executions found to which it can be done, counted up to 10,000.</param>
/// <param name="Changed">Those to which it was done now, at most 1,000.</param>
/// <param name="Remaining">Those left: call again until it is 0.</param>
internal sealed record BulkControlView(int Matched, int Changed, int Remaining);

/// <param name="From">Created at or after.</param>
/// <param name="To">Created before.</param>
internal sealed record DeadLetterQuery(
    [property: FromQuery(Name = "status")] string? Status,
    [property: FromQuery(Name = "workflow")] Guid? Workflow,
    [property: FromQuery(Name = "node")] string? Node,
    [property: FromQuery(Name = "error_code")] string? ErrorCode,
    [property: FromQuery(Name = "from")] DateTimeOffset? From,
    [property: FromQuery(Name = "to")] DateTimeOffset? To);

/// <summary>Which open dead letters: those named, or those that a filter finds. One of the two.</summary>
/// <param name="Ids">Up to 1,000.</param>
internal sealed record BulkDeadLetterRequest(IReadOnlyList<Guid>? Ids = null, DeadLetterFilter? Filter = null, string Reason = "") : IOptionalBody;

/// <summary>As the filters of the list; at least one is needed.</summary>
internal sealed record DeadLetterFilter(
    Guid? Workflow = null, string? Node = null, string? ErrorCode = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

internal sealed record DeadLetterItem(
    Guid Id,
    Guid ExecutionId,
    Guid WorkflowId,
    string? NodeId,
    RawJson Error,
    [property: OneOf(ClosedList.DeadLetterStatus)] string Status,
    DateTimeOffset CreatedAt,
    DateTimeOffset? SettledAt,
    string? SettledBy);

/// <param name="Input">What the execution worked on.</param>
/// <param name="ExecutionStatus">How the execution stands now; null when it is past its retention.</param>
internal sealed record DeadLetterView(
    Guid Id,
    Guid ExecutionId,
    Guid WorkflowId,
    string? NodeId,
    RawJson Error,
    RawJson? Input,
    [property: OneOf(ClosedList.DeadLetterStatus)] string Status,
    [property: OneOf(ClosedList.ExecutionStatus)] string? ExecutionStatus,
    DateTimeOffset CreatedAt,
    DateTimeOffset? SettledAt,
    string? SettledBy);

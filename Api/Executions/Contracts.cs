using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Executions;

/// <summary>Body of a start; for the OpenAPI document, since the start path reads it by hand.</summary>
/// <param name="Input">What the workflow works on; <c>{}</c> when left out.</param>
/// <param name="CorrelationId">The client's own name for what this is about; executions can be found by it.</param>
/// <param name="Priority">high, normal or low; the definition's own when left out.</param>
/// <param name="Version">A version other than the published one; needs <c>workflows.write</c>.</param>
internal sealed record ExecuteRequest(JsonElement? Input = null, string? CorrelationId = null, string? Priority = null, int? Version = null);

/// <param name="Executions">1 to 1,000 starts.</param>
internal sealed record BulkExecuteRequest(IReadOnlyList<BulkStart> Executions);

internal sealed record BulkStart(JsonElement? Input = null, string? CorrelationId = null, string? Priority = null);

/// <param name="Status">queued, or with <c>Prefer: wait</c> the status at the end.</param>
/// <param name="Output">With <c>Prefer: wait</c>, of a completed execution.</param>
/// <param name="Error">With <c>Prefer: wait</c>, of a failed one.</param>
internal sealed record StartView(Guid Id, string Status, Guid WorkflowId, int Version, RawJson? Output, RawJson? Error);

/// <summary>One item of a bulk start: the execution, or why there is none.</summary>
internal sealed record BulkItem(int Index, Guid? Id, string Status, Error? Error);

internal sealed record BulkView(int Accepted, int Refused, IReadOnlyList<BulkItem> Executions);

/// <summary>Filters of the list of executions.</summary>
/// <param name="From">Accepted at or after.</param>
/// <param name="To">Accepted before.</param>
internal sealed record ExecutionQuery(
    [property: FromQuery(Name = "workflow")] Guid? Workflow,
    [property: FromQuery(Name = "status")] string? Status,
    [property: FromQuery(Name = "trigger")] string? Trigger,
    [property: FromQuery(Name = "from")] DateTimeOffset? From,
    [property: FromQuery(Name = "to")] DateTimeOffset? To,
    [property: FromQuery(Name = "correlation_id")] string? CorrelationId,
    [property: FromQuery(Name = "error_code")] string? ErrorCode);

internal sealed record ExecutionItem(
    Guid Id,
    Guid WorkflowId,
    int Version,
    string Status,
    string TriggerType,
    string? CorrelationId,
    string? ErrorCode,
    int Attempt,
    DateTimeOffset QueuedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt);

/// <param name="StepsTruncated">True when there are more steps than shown.</param>
internal sealed record ExecutionView(
    Guid Id,
    Guid WorkflowId,
    int Version,
    string Status,
    short Priority,
    string TriggerType,
    RawJson? Trigger,
    string? CorrelationId,
    Guid? ParentExecutionId,
    string? ParentNodeId,
    RawJson Input,
    RawJson? Output,
    RawJson? Error,
    int Attempt,
    long RowsProcessed,
    string? StopRequest,
    string? StopReason,
    string? CreatedBy,
    DateTimeOffset QueuedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    IReadOnlyList<StepView> Steps,
    bool StepsTruncated,
    IReadOnlyList<WaitView> Waits);

internal sealed record StepView(
    string NodeId,
    string NodeType,
    string Iteration,
    int Attempt,
    int Run,
    int Sequence,
    string Status,
    string? Port,
    RawJson? Input,
    RawJson? Output,
    RawJson? Error,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt);

internal sealed record WaitView(
    string NodeId,
    string Kind,
    string Status,
    string? EventType,
    string? CorrelationKey,
    DateTimeOffset? DueAt,
    string? Outcome,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ResolvedAt);

internal sealed record ControlRequest(string Reason = "") : IOptionalBody;

internal sealed record DeadLetterQuery(
    [property: FromQuery(Name = "status")] string? Status, [property: FromQuery(Name = "workflow")] Guid? Workflow);

internal sealed record DeadLetterView(
    Guid Id,
    Guid ExecutionId,
    Guid WorkflowId,
    string? NodeId,
    RawJson Error,
    string Status,
    DateTimeOffset CreatedAt,
    DateTimeOffset? SettledAt,
    string? SettledBy);

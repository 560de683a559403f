using System.Text.Json.Serialization;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Executions;

/// <summary>Body of a start; for the OpenAPI document, since the start path reads it by hand.</summary>
/// <param name="Input">What the workflow works on; <c>{}</c> when left out.</param>
/// <param name="CorrelationId">The client's own name for what this is about; executions can be found by it.</param>
/// <param name="Priority">high, normal or low; the definition's own when left out.</param>
/// <param name="Version">A version other than the published one; needs <c>workflows.write</c>.</param>
internal sealed record ExecuteRequest(
    JsonElement? Input = null,
    string? CorrelationId = null,
    [property: OneOf(ClosedList.QueuePriority)] string? Priority = null,
    int? Version = null);

/// <param name="Executions">1 to 1,000 starts.</param>
internal sealed record BulkExecuteRequest(IReadOnlyList<BulkStart> Executions);

internal sealed record BulkStart(
    JsonElement? Input = null,
    string? CorrelationId = null,
    [property: OneOf(ClosedList.QueuePriority)] string? Priority = null);

/// <param name="Status">queued, or with <c>Prefer: wait</c> the status at the end.</param>
/// <param name="Output">With <c>Prefer: wait</c>, of a completed execution.</param>
/// <param name="Error">With <c>Prefer: wait</c>, of a failed one.</param>
internal sealed record StartView(
    Guid Id,
    [property: OneOf(ClosedList.ExecutionStatus)] string Status,
    Guid WorkflowId,
    int Version,
    RawJson? Output,
    RawJson? Error);

/// <summary>One item of a bulk start: the execution, or why there is none.</summary>
internal sealed record BulkItem(int Index, Guid? Id, string Status, Error? Error);

internal sealed record BulkView(int Accepted, int Refused, IReadOnlyList<BulkItem> Executions);

/// <summary>Filters of the list of executions.</summary>
/// <param name="From">Accepted at or after.</param>
/// <param name="To">Accepted before.</param>
/// <param name="Status">Statuses, divided by commas; active, finished, unsuccessful for groups of them.</param>
/// <param name="Parent">Started by this execution.</param>
/// <param name="Resolved">Whether a person has closed the failure; lists unsuccessful executions only.</param>
/// <param name="Session">The session of a person that it belongs to.</param>
/// <param name="MinDuration">Milliseconds from its start to its end, at least; needs <c>from</c>.</param>
/// <param name="MaxDuration">The same at most; needs <c>from</c>.</param>
/// <param name="Version">Of the workflow, which is named, too.</param>
/// <param name="Node">Has failed at this node; lists unsuccessful executions unless a status is given.</param>
/// <param name="Tag">Of a workflow with this tag.</param>
/// <param name="Workspace">Of a workflow in this workspace.</param>
/// <param name="Job">Of a workflow in this job.</param>
/// <param name="CreatedBy">Who started it, as <c>createdBy</c> says; needs <c>from</c>.</param>
/// <param name="ForkedFrom">A rerun of this execution.</param>
/// <param name="Test">True: tests, and nothing else; they are not listed otherwise.</param>
internal sealed record ExecutionQuery(
    [property: FromQuery(Name = "workflow")] Guid? Workflow,
    [property: FromQuery(Name = "status")] string? Status,
    [property: FromQuery(Name = "trigger")] string? Trigger,
    [property: FromQuery(Name = "from")] DateTimeOffset? From,
    [property: FromQuery(Name = "to")] DateTimeOffset? To,
    [property: FromQuery(Name = "correlation_id")] string? CorrelationId,
    [property: FromQuery(Name = "error_code")] string? ErrorCode,
    [property: FromQuery(Name = "parent")] Guid? Parent,
    [property: FromQuery(Name = "resolved")] bool? Resolved,
    [property: FromQuery(Name = "session")] string? Session = null,
    [property: FromQuery(Name = "min_duration")] long? MinDuration = null,
    [property: FromQuery(Name = "max_duration")] long? MaxDuration = null,
    [property: FromQuery(Name = "version")] int? Version = null,
    [property: FromQuery(Name = "node")] string? Node = null,
    [property: FromQuery(Name = "tag")] string? Tag = null,
    [property: FromQuery(Name = "workspace")] Guid? Workspace = null,
    [property: FromQuery(Name = "job")] Guid? Job = null,
    [property: FromQuery(Name = "created_by")] string? CreatedBy = null,
    [property: FromQuery(Name = "forked_from")] Guid? ForkedFrom = null,
    [property: FromQuery(Name = "test")] bool? Test = null);

/// <param name="WorkflowName">Also of a workflow that was deleted.</param>
/// <param name="DurationMs">From the start by a worker (of the last retry) to the end, waits included; null until
/// then.</param>
/// <param name="CreatedBy">Who started it; null when nobody did.</param>
internal sealed record ExecutionItem(
    Guid Id,
    Guid WorkflowId,
    int Version,
    [property: OneOf(ClosedList.ExecutionStatus)] string Status,
    [property: OneOf(ClosedList.ExecutionTrigger)] string TriggerType,
    string? CorrelationId,
    string? ErrorCode,
    int Attempt,
    Guid? ParentExecutionId,
    Guid? ForkedFrom,
    DateTimeOffset QueuedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    DateTimeOffset? ResolvedAt,
    string? CreatedBy,
    string? SessionId,
    double? DurationMs,
    string? WorkflowName);

/// <param name="ForkedFrom">The execution that this one is a rerun of.</param>
/// <param name="Concurrency">The limit it counts towards, or is held by.</param>
/// <param name="Next">What happens next by itself; null when it is over.</param>
/// <param name="Steps">Null when they were not asked for.</param>
/// <param name="StepsTruncated">True when there are more steps than shown.</param>
/// <param name="Mode">live, or test: of a test of a workflow, which nothing counts.</param>
internal sealed record ExecutionView(
    Guid Id,
    Guid WorkflowId,
    int Version,
    [property: OneOf(ClosedList.ExecutionStatus)] string Status,
    short Priority,
    [property: OneOf(ClosedList.ExecutionTrigger)] string TriggerType,
    RawJson? Trigger,
    string? CorrelationId,
    Guid? ParentExecutionId,
    string? ParentNodeId,
    Guid? ForkedFrom,
    RawJson Input,
    RawJson? Output,
    RawJson? Error,
    int Attempt,
    long RowsProcessed,
    ConcurrencyView? Concurrency,
    string? StopRequest,
    string? StopReason,
    string? CreatedBy,
    string? SessionId,
    DateTimeOffset QueuedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    double? DurationMs,
    ResolutionView? Resolution,
    NextView? Next,
    IReadOnlyList<StepView>? Steps,
    bool StepsTruncated,
    IReadOnlyList<WaitView> Waits,
    string Mode);

internal sealed record ConcurrencyView(string Key, int Limit);

/// <summary>Who closed a failure without running it again, and why.</summary>
internal sealed record ResolutionView(DateTimeOffset At, string By, string? Comment);

/// <param name="Reason">In one sentence, why the execution does not simply run.</param>
/// <param name="DueAt">The next instant at which something happens by itself: a wait falls due, a retry begins, the execution times out.</param>
/// <param name="Nodes">Nodes whose turn it is by the last records: they run, or run as soon as a worker goes on.</param>
internal sealed record NextView(string Reason, DateTimeOffset? DueAt, IReadOnlyList<string> Nodes);

/// <param name="Reads">The steps before it whose results it ran on.</param>
/// <param name="Origin">Where its output came from when not from its node: pinned, mocked, rolledBack (of tests),
/// overridden (of reruns); else null.</param>
/// <param name="Input">What it ran on; only with a single step.</param>
internal sealed record StepView(
    string NodeId,
    string NodeType,
    string Iteration,
    int Attempt,
    int Run,
    int Sequence,
    [property: OneOf(ClosedList.StepStatus)] string Status,
    string? Port,
    IReadOnlyList<string> Reads,
    RawJson? Output,
    RawJson? Error,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    double DurationMs,
    string? Origin,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] StepInputView? Input = null);

/// <param name="Parameters">With their expressions evaluated and secrets masked; null when they cannot be told.</param>
/// <param name="Errors">Expressions that ended in an error: pointer, code, message. Their values are null.</param>
/// <param name="Reconstructed">False: kept when the step ran, as those of tests are. True: worked out now from what is
/// recorded of the steps before it; variables are those of now, and entries of the context are not among it.</param>
/// <param name="Problem">Why they cannot be told.</param>
internal sealed record StepInputView(RawJson? Parameters, RawJson? Errors, bool Reconstructed, string? Problem);

/// <param name="For">In one sentence, what it waits for.</param>
/// <param name="DueAt">Until when: the instant it waits for, or its time-out.</param>
/// <param name="Children">The executions that it waits for.</param>
internal sealed record WaitView(
    string NodeId,
    string Iteration,
    string Kind,
    string Status,
    string For,
    string? EventType,
    string? CorrelationKey,
    DateTimeOffset? DueAt,
    IReadOnlyList<Guid> Children,
    string? Outcome,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ResolvedAt);

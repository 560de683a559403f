using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Approvals;

/// <param name="State">Of one's own: open (waiting for the caller; the default), decided (by the caller) or all. With scope=all: a status of requests.</param>
/// <param name="Scope">mine (the default), or all of the tenant, which needs executions.read.</param>
/// <param name="Execution">With scope=all: the requests of one execution only.</param>
internal sealed record ApprovalQuery(
    [property: FromQuery(Name = "state")] string? State,
    [property: FromQuery(Name = "scope")] string? Scope,
    [property: FromQuery(Name = "execution")] Guid? Execution);

internal sealed record ApprovalItemView(
    Guid Id,
    Guid ExecutionId,
    Guid WorkflowId,
    string NodeId,
    string Title,
    string? Description,
    [property: OneOf(ClosedList.ApprovalMode)] string Mode,
    [property: OneOf(ClosedList.ApprovalStatus)] string Status,
    DateTimeOffset? DueAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ClosedAt);

/// <param name="Required">People who must approve; meant by mode <c>count</c>.</param>
/// <param name="UnknownAssignees">Names in the definition that nobody bore when the request was opened.</param>
internal sealed record ApprovalView(
    Guid Id,
    Guid ExecutionId,
    Guid WorkflowId,
    string NodeId,
    string Title,
    string? Description,
    [property: OneOf(ClosedList.ApprovalMode)] string Mode,
    int Required,
    [property: OneOf(ClosedList.ApprovalStatus)] string Status,
    bool AllowSelfApproval,
    DateTimeOffset? DueAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ClosedAt,
    RawJson? Form,
    RawJson? Data,
    IReadOnlyList<AssigneeView> Assignees,
    IReadOnlyList<string> UnknownAssignees,
    IReadOnlyList<DecisionView> Decisions,
    IReadOnlyList<CommentView> Comments);

/// <param name="Kind">user, group or role.</param>
/// <param name="Source">assigned, delegated or escalated.</param>
/// <param name="CoveredBy">The user whose approval stands for this assignee.</param>
internal sealed record AssigneeView(string Kind, Guid Id, string? Name, string Source, Guid? DelegatedFrom, Guid? CoveredBy);

internal sealed record DecisionView(Guid UserId, string By, string Decision, Guid? OnBehalfOf, string? Comment, RawJson? Form, DateTimeOffset At);

internal sealed record CommentView(Guid Id, Guid UserId, string By, string Text, DateTimeOffset At);

/// <param name="Decision">approve or reject.</param>
/// <param name="Form">What the request's form asks for; checked against its schema.</param>
internal sealed record DecideRequest(string Decision, string? Comment = null, JsonElement? Form = null);

/// <param name="Status">Of the request after it: open, approved or rejected.</param>
internal sealed record DecidedView(Guid Id, string Decision, string Status);

/// <param name="To">The id of the user who is to decide instead.</param>
internal sealed record DelegateRequest(Guid To);

internal sealed record CommentRequest(string Text);

/// <param name="SubstituteId">Who decides meanwhile.</param>
/// <param name="StartsAt">Now when left out.</param>
internal sealed record CreateSubstitutionRequest(Guid SubstituteId, DateTimeOffset EndsAt, DateTimeOffset? StartsAt = null);

internal sealed record SubstitutionView(Guid Id, Guid UserId, Guid SubstituteId, DateTimeOffset StartsAt, DateTimeOffset EndsAt);

namespace Workflows.Data.Approvals;

/// <summary>One person's answer to an approval request.</summary>
/// <param name="Form">The data of the request's form as UTF-8 JSON; null = none.</param>
public sealed record NewDecision(Guid TenantId, Guid RequestId, Guid UserId, string UserName, bool Approves, string? Comment, byte[]? Form);

/// <summary>What became of a decision.</summary>
public abstract record DecisionOutcome
{
    private DecisionOutcome()
    {
    }

    /// <summary>It counts.</summary>
    /// <param name="Status">The request's status now: open, or how it was settled.</param>
    /// <param name="Repeated">The same decision of the same person was there already.</param>
    public sealed record Recorded(string Status, bool Repeated) : DecisionOutcome;

    /// <summary>There is no such request in the tenant.</summary>
    public sealed record NotFound : DecisionOutcome;

    /// <summary>The person is none of those asked, nor the substitute of one.</summary>
    public sealed record NotAsked : DecisionOutcome;

    /// <summary>The person started the execution, and the request does not let them decide.</summary>
    public sealed record OwnRequest : DecisionOutcome;

    /// <summary>The person has decided otherwise before.</summary>
    public sealed record AlreadyDecided(string Decision) : DecisionOutcome;

    /// <summary>The request is settled, expired or cancelled.</summary>
    public sealed record Closed(string Status) : DecisionOutcome;
}

/// <summary>One request in a list.</summary>
public sealed record ApprovalItem(
    Guid Id,
    Guid ExecutionId,
    Guid WorkflowId,
    string NodeId,
    string Title,
    string? Description,
    string Mode,
    string Status,
    DateTimeOffset? DueAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ClosedAt);

/// <summary>A request with what an approver needs to decide. JSON members are UTF-8; null = none.</summary>
public sealed record ApprovalDetail(
    ApprovalItem Item,
    int Required,
    byte[]? Form,
    byte[]? Data,
    IReadOnlyList<string> UnknownAssignees,
    bool AllowsSelfApproval,
    IReadOnlyList<AssigneeRow> Assignees,
    IReadOnlyList<DecisionRow> Decisions,
    IReadOnlyList<CommentRow> Comments);

/// <summary>Whom a request is addressed to.</summary>
/// <param name="Kind">user, group or role.</param>
/// <param name="Name">E-mail address or name; null when it is gone.</param>
/// <param name="Source">assigned, delegated or escalated.</param>
/// <param name="CoveredBy">Whose approval stands for it.</param>
public sealed record AssigneeRow(string Kind, Guid Id, string? Name, string Source, Guid? DelegatedFrom, Guid? CoveredBy);

public sealed record DecisionRow(
    Guid UserId, string By, string Decision, Guid? OnBehalfOf, string? Comment, byte[]? Form, DateTimeOffset At);

public sealed record CommentRow(Guid Id, Guid UserId, string By, string Text, DateTimeOffset At);

/// <summary>Which of a person's requests a list shows.</summary>
public enum ApprovalListing
{
    /// <summary>Open, and waiting for this person.</summary>
    Open,

    /// <summary>This person has decided on them.</summary>
    Decided,

    /// <summary>Addressed to this person, open or closed.</summary>
    All,
}

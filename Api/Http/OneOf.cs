using Workflows.Engine.Executions;

namespace Workflows.Api.Http;

/// <summary>The closed lists of words of the interface. Clients are generated from them.</summary>
internal enum ClosedList
{
    ExecutionStatus,
    StepStatus,
    ExecutionTrigger,
    QueuePriority,
    LogLevel,
    ObjectLevel,
    NoticeLevel,
    DeliveryStatus,
    DeadLetterStatus,
    JobRunStatus,
    JobItemStatus,
    JobRunTrigger,
    ApprovalStatus,
    ApprovalMode,
    TicketStatus,
    TicketPriority,
    TenantStatus,
    ConnectorStatus,
    InvoiceStatus,
    BudgetKind,
    ArticleStatus,
    ArticleChange,
}

/// <summary>The text of a member is one of a closed list, and the OpenAPI document says which.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OneOfAttribute(ClosedList list) : Attribute
{
    public IReadOnlyList<string> Words => ClosedLists.Of(list);
}

internal static class ClosedLists
{
    /// <summary>The order is the one in which people think of them. The database has rules of its own on most of the
    /// lists, and a test compares the two.</summary>
    public static IReadOnlyList<string> Of(ClosedList list) => list switch
    {
        ClosedList.ExecutionStatus =>
            [.. Enum.GetValues<Engine.Executions.ExecutionStatus>().Select(ExecutionStatuses.ToText)],
        ClosedList.StepStatus => ["completed", "failed", "cancelled"],
        ClosedList.ExecutionTrigger =>
        [
            "manual", "event", "schedule", "webhook", "session", "rule", "job", "sub_workflow", "sql", "retry", "test",
        ],
        ClosedList.QueuePriority => ["high", "normal", "low"],
        ClosedList.LogLevel => ["debug", "info", "warning", "error"],
        ClosedList.ObjectLevel => ["view", "edit", "admin"],
        ClosedList.NoticeLevel => ["info", "success", "warning", "error"],
        ClosedList.DeliveryStatus => ["waiting", "sent", "failed", "dropped"],
        ClosedList.DeadLetterStatus => ["open", "redriven", "discarded"],
        ClosedList.JobRunStatus => ["running", "completed", "failed", "cancelled"],
        ClosedList.JobItemStatus => ["pending", "running", "completed", "failed", "cancelled", "skipped"],
        ClosedList.JobRunTrigger => ["manual", "schedule", "package"],
        ClosedList.ApprovalStatus => ["open", "approved", "rejected", "expired", "cancelled", "unassigned"],
        ClosedList.ApprovalMode => ["any", "all", "count"],
        ClosedList.TicketStatus => ["open", "in_progress", "waiting", "resolved", "closed"],
        ClosedList.TicketPriority => ["low", "normal", "high", "urgent"],
        ClosedList.TenantStatus => ["active", "suspended", "closed"],
        ClosedList.ConnectorStatus => ["active", "disabled"],
        ClosedList.InvoiceStatus => ["draft", "issued", "paid", "void"],
        ClosedList.ArticleStatus => ["processing", "ready", "failed"],
        ClosedList.ArticleChange => ["create", "update", "restore", "extract"],
        ClosedList.BudgetKind => ["executions", "steps", "storage"],
    };
}

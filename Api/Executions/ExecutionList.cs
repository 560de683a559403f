using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Executions;

/// <summary>
/// The queries behind the list of executions. A status of which there are few has a partial index; it serves only where the status stands in the statement itself,
/// hence <see cref="EF.Constant"/>. A group of statuses is one query per index, each cut to the page before they are put together, so that none of them
/// reads a tenant's whole history in search of what is not there.
/// </summary>
internal static class ExecutionList
{
    public static readonly string[] Statuses = ["queued", "running", "waiting", "paused", "held", "completed", "failed", "cancelled", "timed_out"];

    public static readonly string[] Groups = ["active", "finished", "unsuccessful"];

    public static Problem? Check(ExecutionQuery filter) =>
        filter.Status is { } status && !Statuses.Contains(status) && !Groups.Contains(status)
            ? Problem.Parameter("status", $"'status' is one of {string.Join(", ", Statuses.Concat(Groups))}.")
            : null;

    /// <summary>One page and what follows it, newest first.</summary>
    public static IQueryable<ExecutionRecord> Page(WorkflowsDbContext db, ExecutionQuery filter, Guid? after, int take) =>
        Parts(db, filter)
            .Select(part => (after is { } id ? part.Where(row => row.Id < id) : part).OrderByDescending(row => row.Id).Take(take))
            .Aggregate((left, right) => left.Concat(right))
            .OrderByDescending(row => row.Id).Take(take);

    /// <summary>Up to so many of what matches, oldest first.</summary>
    public static IQueryable<Guid> Oldest(IEnumerable<IQueryable<ExecutionRecord>> parts, int take) =>
        parts.Select(part => part.OrderBy(row => row.Id).Select(row => row.Id).Take(take)).Aggregate((left, right) => left.Concat(right)).OrderBy(id => id).Take(take);

    /// <summary>Rows of which <see cref="Page"/> shows some; for the capped count.</summary>
    public static IQueryable<Guid> All(WorkflowsDbContext db, ExecutionQuery filter) =>
        Parts(db, filter).Select(part => part.Select(row => row.Id).Take(Limits.CountedTotal + 1)).Aggregate((left, right) => left.Concat(right));

    public static IReadOnlyList<IQueryable<ExecutionRecord>> Parts(WorkflowsDbContext db, ExecutionQuery filter)
    {
        var rows = Filter(db.Executions.AsNoTracking(), filter);
        var status = filter.Status ?? (filter.Resolved is null && filter.ErrorCode is null ? null : "unsuccessful");
        return status switch
        {
            null => [rows],
            "active" => [Of(rows, "queued"), Running(rows), Of(rows, "waiting"), Of(rows, "paused"), Of(rows, "held")],
            "unsuccessful" => [Unsuccessful(rows)],
            "finished" => [Of(rows, "completed"), Unsuccessful(rows), Of(rows, "cancelled")],
            "running" => [Running(rows)],
            _ => [Of(rows, status)],
        };
    }

    private static IQueryable<ExecutionRecord> Of(IQueryable<ExecutionRecord> rows, string status) => rows.Where(row => row.Status == EF.Constant(status));

    // The index of what workers own.
    private static IQueryable<ExecutionRecord> Running(IQueryable<ExecutionRecord> rows) => rows.Where(row => row.Status == EF.Constant("running") && row.LeaseOwner != null);

    private static IQueryable<ExecutionRecord> Unsuccessful(IQueryable<ExecutionRecord> rows) => rows.Where(row => row.Status == "failed" || row.Status == "timed_out");

    private static IQueryable<ExecutionRecord> Filter(IQueryable<ExecutionRecord> executions, ExecutionQuery filter)
    {
        if (filter.Workflow is { } workflow)
        {
            executions = executions.Where(row => row.WorkflowId == workflow);
        }

        if (filter.Trigger is { } trigger)
        {
            executions = executions.Where(row => row.TriggerType == trigger);
        }

        // The id holds the time of acceptance and is what partitions and indexes are made of.
        if (filter.From is { } from)
        {
            var lowest = TimeIds.Lowest(from);
            executions = executions.Where(row => row.Id >= lowest);
        }

        if (filter.To is { } to)
        {
            var end = TimeIds.Lowest(to);
            executions = executions.Where(row => row.Id < end);
        }

        if (filter.CorrelationId is { } correlationId)
        {
            executions = executions.Where(row => row.CorrelationId == correlationId);
        }

        if (filter.Parent is { } parent)
        {
            executions = executions.Where(row => row.ParentExecutionId == parent);
        }

        if (filter.Resolved is { } resolved)
        {
            executions = executions.Where(row => (row.ResolvedAt != null) == resolved);
        }

        return filter.ErrorCode is { } code ? executions.Where(row => ControlPlaneFunctions.JsonText(row.Error, "code") == code) : executions;
    }
}

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

    // Ten years: the longest that an execution takes.
    private const long MaxMilliseconds = 10L * 366 * 86_400_000;

    public static Problem? Check(ExecutionQuery filter, DateTimeOffset now) =>
        CheckStatus(filter.Status) ?? CheckNames(filter) ?? CheckDuration(filter) ?? CheckRange(filter, now);

    private static Problem? CheckStatus(string? asked) =>
        asked is not null && asked.Split(',').Any(status => !Statuses.Contains(status) && !Groups.Contains(status))
            ? Problem.Parameter(
                "status",
                $"'status' is one of {string.Join(", ", Statuses.Concat(Groups))}, or several divided by commas.")
            : null;

    private static Problem? CheckNames(ExecutionQuery filter) =>
        filter.Version is not null && filter.Workflow is null
            ? Problem.Parameter("version", "'version' is one of a workflow: give 'workflow', too.")
            : filter.Node is { Length: 0 or > Engine.Limits.NodeIdLength }
                ? Problem.Parameter(
                    "node", $"'node' is the id of a node: 1 to {Engine.Limits.NodeIdLength} characters.")
                : null;

    private static Problem? CheckDuration(ExecutionQuery filter) =>
        filter.MinDuration is < 0 or > MaxMilliseconds || filter.MaxDuration is < 0 or > MaxMilliseconds
            ? Problem.Parameter("min_duration", $"Durations are milliseconds, from 0 to {MaxMilliseconds}.")
            : filter.MinDuration > filter.MaxDuration
                ? Problem.Parameter("min_duration", "'min_duration' is not above 'max_duration'.")
                : null;

    // No index has these: what is walked must end somewhere.
    private static Problem? CheckRange(ExecutionQuery filter, DateTimeOffset now)
    {
        var name = filter.MinDuration is not null ? "min_duration" : filter.MaxDuration is not null ? "max_duration"
            : filter.CreatedBy is not null ? "created_by" : null;
        return name is not null && !((filter.To ?? now) - filter.From <= Limits.SearchedRange)
            ? Problem.Parameter(
                name,
                $"'{name}' looks at executions one by one: give 'from', at most {Limits.SearchedRange.TotalDays} days "
                + "before 'to' or now.")
            : null;
    }

    /// <summary>One page and what follows it, newest first.</summary>
    public static IQueryable<ExecutionRecord> Page(WorkflowsDbContext db, ExecutionQuery filter, Guid? after, int take) =>
        Sources(db, filter)
            .Select(source => after is { } id ? source with { Rows = source.Rows.Where(row => row.Id < id) } : source)
            .Select(source => Newest(source, WorkflowsOf(db, filter), take))
            .Aggregate((left, right) => left.Concat(right))
            .OrderByDescending(row => row.Id).Take(take);

    /// <summary>Up to so many of what matches, oldest first.</summary>
    public static IQueryable<Guid> Oldest(IEnumerable<IQueryable<ExecutionRecord>> parts, int take) =>
        parts.Select(part => part.OrderBy(row => row.Id).Select(row => row.Id).Take(take)).Aggregate((left, right) => left.Concat(right)).OrderBy(id => id).Take(take);

    /// <summary>Rows of which <see cref="Page"/> shows some; for the capped count.</summary>
    public static IQueryable<Guid> All(WorkflowsDbContext db, ExecutionQuery filter) =>
        Parts(db, filter).Select(part => part.Select(row => row.Id).Take(Limits.CountedTotal + 1)).Aggregate((left, right) => left.Concat(right));

    public static IReadOnlyList<IQueryable<ExecutionRecord>> Parts(WorkflowsDbContext db, ExecutionQuery filter) =>
        [.. Sources(db, filter).Select(source => Within(source.Rows, WorkflowsOf(db, filter)))];

    // Of a workflow, a page of the many is found by its index; the few are walked by that of their status. The
    // comparison of versions always holds: without something of both sides that is no key, EF would number all rows of
    // all workflows to find the first of each.
    private static IQueryable<ExecutionRecord> Newest(Source source, IQueryable<Workflow>? workflows, int take) =>
        workflows is not null && !source.IsFew
            ? workflows.SelectMany(workflow =>
                source.Rows.Where(row => row.WorkflowId == workflow.Id && row.Version > -workflow.DraftVersion)
                    .OrderByDescending(row => row.Id).Take(take))
                .OrderByDescending(row => row.Id).Take(take)
            : Within(source.Rows, workflows).OrderByDescending(row => row.Id).Take(take);

    private static IQueryable<ExecutionRecord> Within(
        IQueryable<ExecutionRecord> rows, IQueryable<Workflow>? workflows) =>
        workflows is null ? rows : rows.Where(row => workflows.Any(workflow => workflow.Id == row.WorkflowId));

    private static IQueryable<Workflow>? WorkflowsOf(WorkflowsDbContext db, ExecutionQuery filter)
    {
        if (filter is { Tag: null, Workspace: null, Job: null })
        {
            return null;
        }

        IQueryable<Workflow> workflows = db.Workflows;
        if (filter.Tag is { } tag)
        {
            workflows = workflows.Where(row => row.Tags.Contains(tag));
        }

        if (filter.Job is { } job)
        {
            workflows = workflows.Where(row => row.JobId == job);
        }

        if (filter.Workspace is { } workspace)
        {
            var folders = db.Folders.Where(row => row.WorkspaceId == workspace);
            var jobs = db.Jobs.Where(row => folders.Any(folder => folder.Id == row.FolderId));
            workflows = workflows.Where(row => jobs.Any(within => within.Id == row.JobId));
        }

        return workflows;
    }

    private static List<Source> Sources(WorkflowsDbContext db, ExecutionQuery filter)
    {
        var rows = Filter(db, db.Executions.AsNoTracking(), filter);
        var asked = filter.Status
            ?? (filter is { Resolved: null, ErrorCode: null, Node: null } ? null : "unsuccessful");
        if (asked is null)
        {
            return [new Source(rows, IsFew: false)];
        }

        var statuses = asked.Split(',').SelectMany(Members).ToHashSet();
        var both = statuses.Contains("failed") && statuses.Contains("timed_out");
        var sources = Statuses
            .Where(status => statuses.Contains(status) && !(both && (status is "failed" or "timed_out")))
            .Select(status => status switch
            {
                "running" => new Source(Running(rows), IsFew: true),
                "completed" or "failed" or "timed_out" => new Source(Of(rows, status), IsFew: false),
                _ => new Source(Of(rows, status), IsFew: true),
            });
        return both ? [.. sources, new Source(Unsuccessful(rows), IsFew: false)] : [.. sources];
    }

    private static string[] Members(string status) => status switch
    {
        "active" => ["queued", "running", "waiting", "paused", "held"],
        "unsuccessful" => ["failed", "timed_out"],
        "finished" => ["completed", "failed", "timed_out", "cancelled"],
        _ => [status],
    };

    private static IQueryable<ExecutionRecord> Of(IQueryable<ExecutionRecord> rows, string status) => rows.Where(row => row.Status == EF.Constant(status));

    // The index of what workers own.
    private static IQueryable<ExecutionRecord> Running(IQueryable<ExecutionRecord> rows) => rows.Where(row => row.Status == EF.Constant("running") && row.LeaseOwner != null);

    private static IQueryable<ExecutionRecord> Unsuccessful(IQueryable<ExecutionRecord> rows) => rows.Where(row => row.Status == "failed" || row.Status == "timed_out");

    private static IQueryable<ExecutionRecord> Filter(
        WorkflowsDbContext db, IQueryable<ExecutionRecord> rows, ExecutionQuery filter) =>
        OfEnd(db, OfDuration(OfOrigin(OfTime(OfMode(db, rows, filter), filter), filter), filter), filter);

    // Tests are few, and found by what they run; of the others each is looked at.
    private static IQueryable<ExecutionRecord> OfMode(
        WorkflowsDbContext db, IQueryable<ExecutionRecord> rows, ExecutionQuery filter) =>
        filter.Test != true ? rows.Where(row => row.TriggerType != EF.Constant(TestRun.TriggerType))
        : rows.Where(row => db.TestRuns
            .Where(test => filter.Workflow == null || test.WorkflowId == filter.Workflow)
            .Select(test => test.ExecutionId).Contains(row.Id));

    // The id holds the time of acceptance and is what partitions and indexes are made of.
    private static IQueryable<ExecutionRecord> OfTime(IQueryable<ExecutionRecord> executions, ExecutionQuery filter)
    {
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

        return executions;
    }

    private static IQueryable<ExecutionRecord> OfOrigin(IQueryable<ExecutionRecord> executions, ExecutionQuery filter)
    {
        executions = filter.Workflow is { } workflow ? executions.Where(row => row.WorkflowId == workflow) : executions;
        executions = filter.Version is { } version ? executions.Where(row => row.Version == version) : executions;
        executions = filter.Trigger is { } trigger ? executions.Where(row => row.TriggerType == trigger) : executions;
        executions = filter.CorrelationId is { } correlation
            ? executions.Where(row => row.CorrelationId == correlation)
            : executions;
        executions = filter.Session is { } session ? executions.Where(row => row.SessionId == session) : executions;
        executions = filter.Parent is { } parent
            ? executions.Where(row => row.ParentExecutionId == parent)
            : executions;
        executions = filter.ForkedFrom is { } origin ? executions.Where(row => row.ForkedFrom == origin) : executions;
        return filter.CreatedBy is { } creator ? executions.Where(row => row.CreatedBy == creator) : executions;
    }

    private static IQueryable<ExecutionRecord> OfDuration(IQueryable<ExecutionRecord> executions, ExecutionQuery filter)
    {
        if (filter.MinDuration is { } least)
        {
            var shortest = TimeSpan.FromMilliseconds(least);
            executions = executions.Where(row => row.FinishedAt - row.StartedAt >= shortest);
        }

        if (filter.MaxDuration is { } most)
        {
            var longest = TimeSpan.FromMilliseconds(most);
            executions = executions.Where(row => row.FinishedAt - row.StartedAt <= longest);
        }

        return executions;
    }

    private static IQueryable<ExecutionRecord> OfEnd(
        WorkflowsDbContext db, IQueryable<ExecutionRecord> executions, ExecutionQuery filter)
    {
        executions = filter.Resolved switch
        {
            true => executions.Where(row => row.ResolvedAt != null),
            false => executions.Where(row => row.ResolvedAt == null),
            null => executions,
        };
        executions = filter.ErrorCode is { } code
            ? executions.Where(row => ControlPlaneFunctions.JsonText(row.Error, "code") == code)
            : executions;
        return filter.Node is { } node
            ? executions.Where(row => db.StepExecutions.Any(
                step => step.ExecutionId == row.Id && step.NodeId == node && step.Status == EF.Constant("failed")))
            : executions;
    }

    /// <param name="IsFew">Whether the status has an index of its own and few rows.</param>
    private sealed record Source(IQueryable<ExecutionRecord> Rows, bool IsFew);
}

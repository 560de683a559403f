using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Executions;

namespace Workflows.Api.Executions;

/// <param name="From">Failures of executions accepted from this instant on; a week before 'to' when left out.</param>
/// <param name="Resolved">Whether those that somebody resolved count, too; not when left out.</param>
/// <param name="Limit">Groups, 1 to 100; 50 when left out.</param>
internal sealed record FailureGroupQuery(
    [property: FromQuery(Name = "from")] DateTimeOffset? From,
    [property: FromQuery(Name = "to")] DateTimeOffset? To,
    [property: FromQuery(Name = "workflow")] Guid? Workflow,
    [property: FromQuery(Name = "resolved")] bool? Resolved,
    [property: FromQuery(Name = "limit")] int? Limit);

/// <param name="Looked">Failures that were looked at: the newest, up to 10,000.</param>
/// <param name="Capped">There are older ones that were not.</param>
internal sealed record FailureGroupsView(
    DateTimeOffset From, DateTimeOffset To, int Looked, bool Capped, IReadOnlyList<FailureGroup> Groups);

/// <summary>Where a page ended.</summary>
internal sealed record CompareKey(int Place, string Node, string Iteration);

/// <param name="Different">Only steps that differ.</param>
internal sealed record CompareQuery([property: FromQuery(Name = "different")] bool? Different);

/// <param name="Input">Whether it is equal in both; so are the next two.</param>
internal sealed record ComparedHeads(ComparedHead Left, ComparedHead Right, bool Input, bool Output, bool Error);

/// <summary>One of two executions.</summary>
internal sealed record ComparedHead(
    Guid Id,
    Guid WorkflowId,
    int Version,
    [property: OneOf(ClosedList.ExecutionStatus)] string Status,
    Guid? ForkedFrom,
    DateTimeOffset QueuedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    double? DurationMs);

/// <param name="Same">Whether all that is compared is equal.</param>
internal sealed record CompareView(ComparedHeads Executions, ComparedTotals Steps, bool Same,
    IReadOnlyList<ComparedStep> Page);

/// <summary>Failures put together, one beside others like it, and two executions side by side.</summary>
internal static class FailureEndpoints
{
    private const int UsualGroups = 50;
    private const int UsualDays = 7;
    private const int SimilarShown = 20;

    public static void MapFailures(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/executions").WithTags("Executions").Requires(Permission.ExecutionsRead);
        group.MapGet("/failures", GroupsAsync)
            .WithSummary(
                "Put failures together: of one workflow, node and code, with messages that differ in numbers only");
        group.MapGet("/{executionId:guid}/similar", SimilarAsync)
            .WithSummary("Get failures like this one, those first whose resolution somebody wrote down");
        group.MapGet("/{executionId:guid}/compare/{otherId:guid}", CompareAsync)
            .WithSummary("Compare two executions step by step");
    }

    private static async Task<ApiResponse<FailureGroupsView>> GroupsAsync(
        [AsParameters] FailureGroupQuery query, ApiRequest request, FailureQueries failures,
        CancellationToken cancellationToken)
    {
        var to = (query.To ?? request.Now).ToUniversalTime();
        var from = (query.From ?? to.AddDays(-Math.Min(UsualDays, (to - DateTimeOffset.UnixEpoch).TotalDays)))
            .ToUniversalTime();
        var limit = query.Limit ?? UsualGroups;
        if (limit is < 1 or > Limits.MaxPageSize)
        {
            return Problem.Parameter("limit", $"'limit' lies between 1 and {Limits.MaxPageSize}.");
        }

        if (from >= to || to - from > Limits.StatsRange)
        {
            return Problem.Parameter("from", $"'from' comes before 'to', at most {Limits.StatsRange.TotalDays} days.");
        }

        var (groups, looked) = await failures.GroupsAsync(
            request.Caller.TenantId, TimeIds.Lowest(from), TimeIds.Lowest(to), query.Workflow, query.Resolved == true,
            limit, cancellationToken);
        return new FailureGroupsView(from, to, looked, looked == Data.Limits.GroupedFailures, groups);
    }

    private static async Task<ApiResponse<List<SimilarFailure>>> SimilarAsync(
        Guid executionId, ApiRequest request, FailureQueries failures, CancellationToken cancellationToken) =>
        await request.Db.Executions.AnyAsync(row => row.Id == executionId, cancellationToken)
            ? await failures.SimilarAsync(request.Caller.TenantId, executionId, SimilarShown, cancellationToken)
            : new Problem(Errors.ExecutionNotFound);

    private static async Task<ApiResponse<CompareView>> CompareAsync(
        Guid executionId, Guid otherId, [AsParameters] CompareQuery filter, [AsParameters] PageQuery query,
        ApiRequest request, CompareQueries compare, Pager pager, CancellationToken cancellationToken)
    {
        var tenantId = request.Caller.TenantId;
        var page = pager.Read<CompareKey>(query, tenantId, $"compare:{executionId}:{otherId}?{filter}");
        var ends = await request.Db.Executions.AsNoTracking()
            .Where(row => row.Id == executionId || row.Id == otherId)
            .Select(row => new { Head = Head(row), row.Input, row.Output, row.Error }).ToListAsync(cancellationToken);
        if (ends.Find(end => end.Head.Id == executionId) is not { } left
            || ends.Find(end => end.Head.Id == otherId) is not { } right)
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        var heads = new ComparedHeads(
            left.Head, right.Head, left.Input == right.Input, left.Output == right.Output, left.Error == right.Error);
        var totals = await compare.TotalsAsync(tenantId, executionId, otherId, cancellationToken);
        var after = page.After is { } key
            ? new ComparedStep(key.Node, "", key.Iteration, key.Place, null, null, false) : null;
        var rows = await compare.StepsAsync(
            tenantId, executionId, otherId, filter.Different == true, after, page.Take, cancellationToken);
        var pagination = page.Close(rows, row => new CompareKey(row.Place, row.NodeId, row.Iteration), null);
        var same = heads is { Input: true, Output: true, Error: true } && left.Head.Status == right.Head.Status
            && totals is { Different: 0, OnlyLeft: 0, OnlyRight: 0 };
        return ApiResponse<CompareView>.Page(new CompareView(heads, totals, same, rows), pagination);
    }

    private static ComparedHead Head(Data.ControlPlane.ExecutionRecord row) => new(
        row.Id, row.WorkflowId, row.Version, row.Status, row.ForkedFrom, row.QueuedAt, row.StartedAt, row.FinishedAt,
        (row.FinishedAt - row.StartedAt)?.TotalMilliseconds);
}

using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Numbers;

namespace Workflows.Api.Numbers;

/// <param name="From">Hours from this instant on; a week before 'to' when left out; at most 31 days.</param>
/// <param name="Trigger">Only executions started by this type of trigger.</param>
/// <param name="Sort">executions, failures, failure_rate, p95 or total_time: the largest first.</param>
/// <param name="Limit">Workflows, 1 to 100; 20 when left out.</param>
internal sealed record WorkflowFiguresQuery(
    [property: FromQuery(Name = "from")] DateTimeOffset? From,
    [property: FromQuery(Name = "to")] DateTimeOffset? To,
    [property: FromQuery(Name = "trigger")] string? Trigger,
    [property: FromQuery(Name = "workspace")] Guid? Workspace,
    [property: FromQuery(Name = "sort")] string? Sort,
    [property: FromQuery(Name = "limit")] int? Limit);

internal sealed record WorkflowFiguresView(
    DateTimeOffset From, DateTimeOffset To, IReadOnlyList<WorkflowFigures> Workflows);

/// <param name="Last">How many of the newest executions to look at, 1 to 200; 100 when left out.</param>
internal sealed record NodeFiguresQuery([property: FromQuery(Name = "last")] int? Last);

/// <param name="Executions">That were looked at; of each its first 500 steps.</param>
internal sealed record NodeFiguresView(int Executions, IReadOnlyList<NodeFigures> Nodes);

/// <summary>How workflows and their nodes did.</summary>
internal static class AnalyticsEndpoints
{
    private const int UsualDays = 7;
    private const int UsualLast = 100;
    private const int MostLast = 200;
    private const int TriggerLength = 32;

    private static readonly string[] Sorts = ["executions", "failures", "failure_rate", "p95", "total_time"];

    public static void MapAnalytics(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/analytics/workflows", WorkflowsAsync).WithTags("Analytics").Requires(Permission.ExecutionsRead)
            .WithSummary("Get how workflows did, by one of their figures");
        routes.MapGet("/workflows/{workflowId:guid}/nodes/stats", NodesAsync).WithTags("Workflows")
            .Requires(Permission.ExecutionsRead)
            .WithSummary("Get how the nodes of a workflow did in its newest executions, the slowest first");
    }

    private static async Task<ApiResponse<WorkflowFiguresView>> WorkflowsAsync(
        [AsParameters] WorkflowFiguresQuery query, ApiRequest request, AnalyticsQueries analytics,
        CancellationToken cancellationToken)
    {
        if (Ranges.Read(query.From, query.To, request.Now, UsualDays, out var from, out var to) is { } problem)
        {
            return problem;
        }

        var (sort, limit) = (query.Sort ?? Sorts[0], query.Limit ?? Limits.PageSize);
        if (!Sorts.Contains(sort))
        {
            return Problem.Parameter("sort", $"'sort' is one of {string.Join(", ", Sorts)}.");
        }

        if (limit is < 1 or > Limits.MaxPageSize)
        {
            return Problem.Parameter("limit", $"'limit' lies between 1 and {Limits.MaxPageSize}.");
        }

        if (query.Trigger is { Length: 0 or > TriggerLength })
        {
            return Problem.Parameter("trigger", "'trigger' is a type of trigger, as manual or schedule.");
        }

        if (query.Workspace is { } workspace
            && !await request.Db.Workspaces.AnyAsync(row => row.Id == workspace, cancellationToken))
        {
            return new Problem(Errors.WorkspaceNotFound);
        }

        return new WorkflowFiguresView(from, to, await analytics.WorkflowsAsync(
            request.Caller.TenantId, from, to, query.Trigger, query.Workspace, sort, limit, cancellationToken));
    }

    private static async Task<ApiResponse<NodeFiguresView>> NodesAsync(
        Guid workflowId, [AsParameters] NodeFiguresQuery query, ApiRequest request, AnalyticsQueries analytics,
        CancellationToken cancellationToken)
    {
        var last = query.Last ?? UsualLast;
        if (last is < 1 or > MostLast)
        {
            return Problem.Parameter("last", $"'last' lies between 1 and {MostLast}.");
        }

        if (!await request.Db.Workflows.AnyAsync(row => row.Id == workflowId, cancellationToken))
        {
            return new Problem(Errors.WorkflowNotFound);
        }

        var (nodes, executions) = await analytics.NodesAsync(
            request.Caller.TenantId, workflowId, last, cancellationToken);
        return new NodeFiguresView(executions, nodes);
    }
}

using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Executions;

namespace Workflows.Api.Executions;

/// <summary>What waits for a worker, and who works. A tenant sees its own queue only.</summary>
internal static class QueueEndpoints
{
    public static void MapQueues(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/queues", GetAsync).WithTags("Executions").Requires(Permission.ExecutionsRead).WithSummary("Get what waits for a worker, and the workers");

    private static async Task<ApiResponse<QueuesView>> GetAsync(ApiRequest request, OperatorQueries queries, CancellationToken cancellationToken)
    {
        var tenantId = request.Caller.TenantId;
        var depths = await queries.QueueAsync(tenantId, cancellationToken);
        var live = await queries.LiveAsync(tenantId, cancellationToken);
        var workers = await queries.WorkersAsync(tenantId, Limits.WorkersShown, cancellationToken);
        return new QueuesView(
            [.. depths.Select(depth => new QueueView(
                depth.Priority switch
                {
                    ExecutionPriority.High => "high",
                    ExecutionPriority.Normal => "normal",
                    ExecutionPriority.Low => "low",
                },
                depth.Depth,
                depth.OldestAt,
                Math.Max(0, (request.Now - depth.OldestAt).TotalSeconds)))],
            live,
            Data.Limits.CountedQueue,
            workers.Count,
            request.Caller.May(Permission.TenantManage) ? workers : null);
    }
}

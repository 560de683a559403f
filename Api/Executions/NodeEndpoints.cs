using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Executions;

namespace Workflows.Api.Executions;

/// <summary>An execution by its nodes: what each did, where one failed, and the definition that they are of.</summary>
internal static class NodeEndpoints
{
    public static void MapExecutionNodes(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/executions/{executionId:guid}").WithTags("Executions");
        group.MapGet("/nodes", ListAsync).Requires(Permission.ExecutionsRead)
            .WithSummary("Get what each node of an execution did: counts by status, first, last, durations");
        group.MapGet("/nodes/{nodeId}/failed", NextFailedAsync).Requires(Permission.ExecutionsRead)
            .WithSummary("Get the next iteration in which a node failed");
        group.MapGet("/definition", DefinitionAsync).Requires(Permission.ExecutionsRead)
            .WithSummary("Get the definition that an execution runs, also when its workflow was deleted");
    }

    private static async Task<ApiResponse<List<NodeSummary>>> ListAsync(
        Guid executionId, ApiRequest request, NodeQueries nodes, CancellationToken cancellationToken) =>
        await request.Db.Executions.AnyAsync(row => row.Id == executionId, cancellationToken)
            ? await nodes.ListAsync(request.Caller.TenantId, executionId, cancellationToken)
            : new Problem(Errors.ExecutionNotFound);

    private static async Task<ApiResponse<NextFailedView>> NextFailedAsync(
        Guid executionId, string nodeId, [AsParameters] FailedQuery query, ApiRequest request, NodeQueries nodes,
        CancellationToken cancellationToken)
    {
        if (StepEndpoints.CheckPlace(nodeId, null) is { } problem)
        {
            return problem;
        }

        var after = query.After is null ? null : Iterations.Parse(query.After);
        if (query.After is not null && after is null)
        {
            return Problem.Parameter("after", Iterations.Rule("after"));
        }

        if (!await request.Db.Executions.AnyAsync(row => row.Id == executionId, cancellationToken))
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        var found = await nodes.NextFailedAsync(request.Caller.TenantId, executionId, nodeId, after, cancellationToken);
        return found is null
            ? new NextFailedView(null, 0)
            : new NextFailedView(
                new FailedIterationView(
                    found.Iteration,
                    found.Attempt,
                    found.Sequence,
                    found.Error is { } error ? new RawJson(System.Text.Encoding.UTF8.GetString(error)) : null,
                    found.FinishedAt),
                found.Remaining);
    }

    private static async Task<ApiResponse<ExecutedDefinitionView>> DefinitionAsync(
        Guid executionId, ApiRequest request, CancellationToken cancellationToken)
    {
        var execution = await request.Db.Executions.Where(row => row.Id == executionId)
            .Select(row => new { row.WorkflowId, row.Version, row.TriggerType })
            .SingleOrDefaultAsync(cancellationToken);
        if (execution is null)
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        var definitions = execution.TriggerType == TestRun.TriggerType
            ? request.Db.TestRuns.Where(row => row.ExecutionId == executionId)
                .Select(row => new { row.Definition, row.CustomNodes })
            : request.Db.WorkflowVersions
                .Where(row => row.WorkflowId == execution.WorkflowId && row.Number == execution.Version)
                .Select(row => new { row.Definition, row.CustomNodes });
        var version = await definitions.SingleOrDefaultAsync(cancellationToken);
        if (version is null)
        {
            return new Problem(Errors.WorkflowVersionNotFound);
        }

        var workflow = await request.Db.WorkflowNames.Where(row => row.Id == execution.WorkflowId)
            .Select(row => new { row.Name, row.DeletedAt }).SingleOrDefaultAsync(cancellationToken);
        return new ExecutedDefinitionView(
            executionId,
            execution.WorkflowId,
            workflow?.Name,
            workflow is null || workflow.DeletedAt is not null,
            execution.Version,
            new RawJson(version.Definition),
            RawJson.From(version.CustomNodes));
    }
}

using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Executions;

internal static class ExecutionEndpoints
{
    public static void MapExecutions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/workflows/{workflowId:guid}/execute/bulk", BulkExecuteEndpoint.HandleAsync).WithTags("Executions")
            .Requires(Permission.ExecutionsStart).WithMetadata(new SuccessStatus(202)).WithSummary("Start up to 1,000 executions");
        var group = routes.MapGroup("/executions").WithTags("Executions");
        group.MapGet("", ListAsync).Requires(Permission.ExecutionsRead).WithSummary("List executions, newest first");
        group.MapGet("/{executionId:guid}", GetAsync).Requires(Permission.ExecutionsRead).WithSummary("Get an execution with its steps and waits");
        routes.MapControl();
        routes.MapDeadLetters();
        routes.MapHistory();
        routes.MapSteps();
        routes.MapExecutionNodes();
        routes.MapQueues();
    }

    /// <summary>The start path: outside the group, whose filters it does not need.</summary>
    public static void MapExecute(this IEndpointRouteBuilder routes)
    {
        var execute = routes.ServiceProvider.GetRequiredService<ExecuteEndpoint>();
        routes.MapPost("/api/v1/workflows/{workflowId:guid}/execute", (RequestDelegate)execute.HandleAsync)
            .WithTags("Executions")
            .Requires(Permission.ExecutionsStart)
            .WithSummary("Start an execution")
            .WithMetadata(
                new AcceptsMetadata([Envelope.MediaType], typeof(ExecuteRequest), isOptional: true),
                new ProducesResponseTypeMetadata(StatusCodes.Status202Accepted, typeof(Envelope<StartView>), [Envelope.MediaType]),
                new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(Envelope<StartView>), [Envelope.MediaType]),
                ((Delegate)execute.HandleAsync).Method);
    }

    private static async Task<ApiResponse<List<ExecutionItem>>> ListAsync(
        [AsParameters] ExecutionQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        if (ExecutionList.Check(filter, request.Now) is { } problem)
        {
            return problem;
        }

        var fields = FieldSelection.Read<ExecutionItem>(query);
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"executions?{filter}");
        var total = await ExecutionList.All(request.Db, filter).CountAsync(query, cancellationToken);
        var rows = await ExecutionList.Page(request.Db, filter, page.After?.Id, page.Take)
            .Select(row => new ExecutionItem(
                row.Id,
                row.WorkflowId,
                row.Version,
                row.Status,
                row.TriggerType,
                row.CorrelationId,
                ControlPlaneFunctions.JsonText(row.Error, "code"),
                row.Attempt,
                row.ParentExecutionId,
                row.ForkedFrom,
                ExecutionTimes.QueuedAt(row.Id, row.QueuedAt, row.StartedAt),
                row.StartedAt,
                row.FinishedAt,
                row.ResolvedAt,
                row.CreatedBy,
                row.SessionId,
                ExecutionTimes.DurationMs(row.StartedAt, row.FinishedAt),
                request.Db.WorkflowNames.Where(named => named.Id == row.WorkflowId).Select(named => named.Name).Single()))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<ExecutionItem>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), fields);
    }

    private static async Task<ApiResponse<ExecutionView>> GetAsync(
        Guid executionId, [AsParameters] ExecutionShape shape, ApiRequest request, PastScopes scopes,
        CancellationToken cancellationToken)
    {
        if (shape.Steps is not (null or "none"))
        {
            return Problem.Parameter("steps", "'steps' is none, or is left out.");
        }

        var row = await request.Db.Executions.AsNoTracking().SingleOrDefaultAsync(row => row.Id == executionId, cancellationToken);
        if (row is null)
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        var steps = shape.Steps is null ? await StepsAsync(request, executionId, cancellationToken) : [];
        var waits = await request.Db.Waits.AsNoTracking().Where(wait => wait.ExecutionId == executionId)
            .OrderBy(wait => wait.CreatedAt).ThenBy(wait => wait.NodeId).Take(Limits.StepsShown).ToListAsync(cancellationToken);
        var due = row.FinishedAt is null
            ? await request.Db.Timers.Where(timer => timer.ExecutionId == executionId).MinAsync(timer => (DateTimeOffset?)timer.DueAt, cancellationToken)
            : null;
        var children = waits.Exists(wait => wait.Kind == "child")
            ? await ChildrenAsync(request, executionId, cancellationToken)
            : [];
        var definition = (await scopes.FindWorkflowAsync(request, row, cancellationToken))?.Definition;
        var left = row.FinishedAt is null ? await LeftAsync(request, executionId, cancellationToken) : null;
        return new ExecutionView(
            row.Id,
            row.WorkflowId,
            row.Version,
            row.Status,
            row.Priority,
            row.TriggerType,
            RawJson.From(row.Trigger),
            row.CorrelationId,
            row.ParentExecutionId,
            row.ParentNodeId,
            row.ForkedFrom,
            new RawJson(row.Input),
            RawJson.From(row.Output),
            RawJson.From(row.Error),
            row.Attempt,
            row.RowsProcessed,
            row.ConcurrencyKey is { } key ? new ConcurrencyView(key, row.ConcurrencyLimit ?? 0) : null,
            row.StopRequest,
            row.StopReason,
            row.CreatedBy,
            row.SessionId,
            ExecutionTimes.QueuedAt(row.Id, row.QueuedAt, row.StartedAt),
            row.StartedAt,
            row.FinishedAt,
            ExecutionTimes.DurationMs(row.StartedAt, row.FinishedAt),
            ResolutionOf(row),
            left is null ? null : Progress.Next(row, definition, left, waits, due),
            shape.Steps is null ? Shown(steps, definition) : null,
            steps.Count > Limits.StepsShown,
            [.. waits.Select(wait => Progress.View(wait, children))],
            row.TriggerType == TestRun.TriggerType ? "test" : "live");
    }

    private static List<StepView> Shown(List<StepExecutionRecord> steps, WorkflowDefinition? definition) =>
        [.. steps.Take(Limits.StepsShown).Select(step => Progress.View(step, definition, steps))];

    private static ResolutionView? ResolutionOf(ExecutionRecord row) =>
        row.ResolvedAt is { } resolved ? new ResolutionView(resolved, row.ResolvedBy!, row.Resolution) : null;

    private static Task<List<StepExecutionRecord>> StepsAsync(
        ApiRequest request, Guid executionId, CancellationToken cancellationToken) =>
        request.Db.StepExecutions.AsNoTracking().Where(step => step.ExecutionId == executionId)
            .OrderBy(step => step.Sequence).Take(Limits.StepsShown + 1).ToListAsync(cancellationToken);

    private static Task<List<ChildOf>> ChildrenAsync(
        ApiRequest request, Guid executionId, CancellationToken cancellationToken) =>
        request.Db.Executions.Where(child => child.ParentExecutionId == executionId)
            .OrderBy(child => child.Id).Take(Limits.StepsShown)
            .Select(child => new ChildOf(child.Id, child.ParentNodeId, child.ParentIteration))
            .ToListAsync(cancellationToken);

    // Of all steps, not of those shown: as many rows as the definition has ports.
    private static Task<List<LeftBy>> LeftAsync(
        ApiRequest request, Guid executionId, CancellationToken cancellationToken) =>
        request.Db.StepExecutions.Where(step => step.ExecutionId == executionId && step.Port != null)
            .Select(step => new { step.NodeId, step.Port }).Distinct()
            .Select(step => new LeftBy(step.NodeId, step.Port!)).ToListAsync(cancellationToken);
}

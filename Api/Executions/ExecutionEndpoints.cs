using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Executions;

namespace Workflows.Api.Executions;

internal static class ExecutionEndpoints
{
    private static readonly string[] Statuses = ["queued", "running", "waiting", "completed", "failed", "cancelled", "timed_out"];

    public static void MapExecutions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/workflows/{workflowId:guid}/execute/bulk", BulkExecuteEndpoint.HandleAsync).WithTags("Executions")
            .Requires(Permission.ExecutionsStart).WithMetadata(new SuccessStatus(202)).WithSummary("Start up to 1,000 executions");
        var group = routes.MapGroup("/executions").WithTags("Executions");
        group.MapGet("", ListAsync).Requires(Permission.ExecutionsRead).WithSummary("List executions, newest first");
        group.MapGet("/{executionId:guid}", GetAsync).Requires(Permission.ExecutionsRead).WithSummary("Get an execution with its steps and waits");
        group.MapPost("/{executionId:guid}/cancel", CancelAsync).Requires(Permission.ExecutionsManage).WithMetadata(new SuccessStatus(202))
            .WithSummary("Ask for the end of an execution");
        group.MapPost("/{executionId:guid}/retry", RetryAsync).Requires(Permission.ExecutionsManage).WithMetadata(new SuccessStatus(202))
            .WithSummary("Run a failed execution on from where it stopped");
        routes.MapGet("/dead-letters", ListDeadLettersAsync).WithTags("Executions").Requires(Permission.ExecutionsRead)
            .WithSummary("List work that exhausted its attempts, newest first");
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
        if (filter.Status is { } status && !Statuses.Contains(status))
        {
            return Problem.Parameter("status", $"'status' is one of {string.Join(", ", Statuses)}.");
        }

        var fields = FieldSelection.Read<ExecutionItem>(query);
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"executions?{filter}");
        var executions = Filter(request.Db.Executions.AsNoTracking(), filter);
        var total = await executions.CountAsync(query, cancellationToken);
        var rows = await executions
            .After(page, after => row => row.Id < after.Id)
            .OrderByDescending(row => row.Id)
            .Take(page.Take)
            .Select(row => new ExecutionItem(
                row.Id,
                row.WorkflowId,
                row.Version,
                row.Status,
                row.TriggerType,
                row.CorrelationId,
                ControlPlaneFunctions.JsonText(row.Error, "code"),
                row.Attempt,
                row.QueuedAt,
                row.StartedAt,
                row.FinishedAt))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<ExecutionItem>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), fields);
    }

    private static IQueryable<ExecutionRecord> Filter(IQueryable<ExecutionRecord> executions, ExecutionQuery filter)
    {
        if (filter.Workflow is { } workflow)
        {
            executions = executions.Where(row => row.WorkflowId == workflow);
        }

        if (filter.Status is { } status)
        {
            executions = executions.Where(row => row.Status == status);
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

        return filter.ErrorCode is { } code
            ? executions.Where(row => (row.Status == "failed" || row.Status == "timed_out") && ControlPlaneFunctions.JsonText(row.Error, "code") == code)
            : executions;
    }

    private static async Task<ApiResponse<ExecutionView>> GetAsync(Guid executionId, ApiRequest request, CancellationToken cancellationToken)
    {
        var row = await request.Db.Executions.AsNoTracking().SingleOrDefaultAsync(row => row.Id == executionId, cancellationToken);
        if (row is null)
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        var steps = await request.Db.StepExecutions.AsNoTracking().Where(step => step.ExecutionId == executionId)
            .OrderBy(step => step.Sequence).Take(Limits.StepsShown + 1).ToListAsync(cancellationToken);
        var waits = await request.Db.Waits.AsNoTracking().Where(wait => wait.ExecutionId == executionId)
            .OrderBy(wait => wait.CreatedAt).ThenBy(wait => wait.NodeId).Take(Limits.StepsShown).ToListAsync(cancellationToken);
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
            new RawJson(row.Input),
            RawJson.From(row.Output),
            RawJson.From(row.Error),
            row.Attempt,
            row.RowsProcessed,
            row.StopRequest,
            row.StopReason,
            row.CreatedBy,
            row.QueuedAt,
            row.StartedAt,
            row.FinishedAt,
            [.. steps.Take(Limits.StepsShown).Select(View)],
            steps.Count > Limits.StepsShown,
            [.. waits.Select(View)]);
    }

    private static StepView View(StepExecutionRecord step) => new(
        step.NodeId,
        step.NodeType,
        step.Iteration,
        step.Attempt,
        step.Run,
        step.Sequence,
        step.Status,
        step.Port,
        RawJson.From(step.Input),
        RawJson.From(step.Output),
        RawJson.From(step.Error),
        step.StartedAt,
        step.FinishedAt);

    private static WaitView View(WaitRecord wait) => new(
        wait.NodeId, wait.Kind, wait.Status, wait.EventType, wait.CorrelationKey, wait.DueAt, wait.Outcome, wait.CreatedAt, wait.ResolvedAt);

    private static Task<ApiResponse<Done>> CancelAsync(
        Guid executionId, Body<ControlRequest> body, ApiRequest request, ExecutionControl control, CancellationToken cancellationToken) =>
        ControlAsync(executionId, "cancelling", body, request, control.CancelAsync, cancellationToken);

    private static Task<ApiResponse<Done>> RetryAsync(
        Guid executionId, Body<ControlRequest> body, ApiRequest request, ExecutionControl control, CancellationToken cancellationToken) =>
        ControlAsync(executionId, "queued", body, request, control.RetryAsync, cancellationToken);

    private static async Task<ApiResponse<Done>> ControlAsync(
        Guid executionId,
        string result,
        Body<ControlRequest> body,
        ApiRequest request,
        Func<Guid, Guid, string, Actor, CancellationToken, Task<ControlOutcome>> act,
        CancellationToken cancellationToken)
    {
        if (new Checks().Text("reason", body.Value.Reason, Limits.ReasonLength).Problem is { } problem)
        {
            return problem;
        }

        return await act(request.Caller.TenantId, executionId, body.Value.Reason, request.Actor, cancellationToken) switch
        {
            ControlOutcome.Accepted => ApiResponse<Done>.Accepted(new Done(executionId, result)),
            ControlOutcome.NotFound => new Problem(Errors.ExecutionNotFound),
            ControlOutcome.NotAllowed refused => new Problem(Errors.ExecutionNotAllowed, $"The execution is {refused.Status}."),
            var other => throw new InvalidOperationException($"An outcome {other} is not known here."),
        };
    }

    private static async Task<ApiResponse<List<DeadLetterView>>> ListDeadLettersAsync(
        [AsParameters] DeadLetterQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        if (filter.Status is not (null or "open" or "redriven" or "discarded"))
        {
            return Problem.Parameter("status", "'status' is one of open, redriven, discarded.");
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"dead-letters?{filter}");
        var letters = request.Db.DeadLetters.AsNoTracking();
        letters = filter.Status is { } status ? letters.Where(row => row.Status == status) : letters;
        letters = filter.Workflow is { } workflow ? letters.Where(row => row.WorkflowId == workflow) : letters;
        var total = await letters.CountAsync(query, cancellationToken);
        var rows = await letters.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id).Take(page.Take)
            .Select(row => new DeadLetterView(
                row.Id, row.ExecutionId, row.WorkflowId, row.NodeId, new RawJson(row.Error), row.Status, row.CreatedAt, row.SettledAt, row.SettledBy))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<DeadLetterView>>.Page(
            rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<DeadLetterView>(query));
    }
}

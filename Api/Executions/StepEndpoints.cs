using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Executions;

/// <summary>The steps of an execution, however many there are: by pages without what they answered, and each with
/// it.</summary>
internal static class StepEndpoints
{
    private static readonly string[] Statuses = ["completed", "failed", "cancelled"];

    public static void MapSteps(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/executions/{executionId:guid}").WithTags("Executions");
        group.MapGet("/steps", ListAsync).Requires(Permission.ExecutionsRead)
            .WithSummary("List the steps of an execution in the order of their record, with sizes instead of payloads");
        group.MapGet("/steps/one", GetAsync).Requires(Permission.ExecutionsRead)
            .WithSummary("Get a step with its payload");
        group.MapGet("/output", ValueEndpoint.HandleAsync).Requires(Permission.ExecutionsRead)
            .WithSummary("Read a part of what an execution or a step answered");
    }

    private static async Task<ApiResponse<List<StepItem>>> ListAsync(
        Guid executionId, [AsParameters] StepQuery filter, [AsParameters] PageQuery query, ApiRequest request,
        Pager pager, StepQueries steps, CancellationToken cancellationToken)
    {
        if ((CheckPlace(filter.Node, filter.Iteration) ?? CheckStatus(filter.Status)) is { } problem)
        {
            return problem;
        }

        var fields = FieldSelection.Read<StepItem>(query);
        var page = pager.Read<SequenceKey>(query, request.Caller.TenantId, $"steps:{executionId}?{filter}");
        if (!await request.Db.Executions.AnyAsync(row => row.Id == executionId, cancellationToken))
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        var total = await request.Db.StepExecutions
            .Where(row => row.ExecutionId == executionId
                && (filter.Node == null || row.NodeId == filter.Node)
                && (filter.Iteration == null || row.Iteration == filter.Iteration)
                && (filter.Status == null || row.Status == filter.Status))
            .CountAsync(query, cancellationToken);
        var rows = await steps.PageAsync(
            request.Caller.TenantId, executionId, new StepFilter(filter.Node, filter.Iteration, filter.Status),
            page.After?.Sequence ?? 0, page.Take, cancellationToken);
        var pagination = page.Close(rows, row => new SequenceKey(row.Sequence), total);
        return ApiResponse<List<StepItem>>.Page([.. rows.Select(StepItem.Of)], pagination, fields);
    }

    private static async Task<ApiResponse<StepView>> GetAsync(
        Guid executionId, [AsParameters] OneStepQuery query, ApiRequest request, PastScopes scopes,
        CancellationToken cancellationToken)
    {
        if (CheckPlace(query.Node, query.Iteration) is { } problem)
        {
            return problem;
        }

        var execution = await request.Db.Executions.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == executionId, cancellationToken);
        if (execution is null)
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        if (query.Node is null)
        {
            return Problem.Parameter("node", "'node' says which step.");
        }

        var iteration = query.Iteration ?? "";
        var step = await request.Db.StepExecutions.AsNoTracking()
            .Where(row => row.ExecutionId == executionId && row.NodeId == query.Node && row.Iteration == iteration
                && (query.Attempt == null || row.Attempt == query.Attempt))
            .OrderByDescending(row => row.Attempt).FirstOrDefaultAsync(cancellationToken);
        if (step is null)
        {
            return new Problem(Errors.StepNotFound);
        }

        var compiled = await scopes.FindWorkflowAsync(request, execution, cancellationToken);
        var edges = compiled is null ? [] : EdgesOf(compiled.Definition);
        var before = edges.Where(edge => edge.To == step.NodeId).Select(edge => edge.From).Distinct().ToList();
        var reads = await request.Db.StepExecutions
            .Where(row => row.ExecutionId == executionId && before.Contains(row.NodeId) && row.Iteration == iteration
                && row.Sequence < step.Sequence)
            .Select(row => row.NodeId).Distinct().ToListAsync(cancellationToken);
        var place = new StepPlace(executionId, step.NodeId, iteration, step.Attempt);
        var input = Kept(step.Input) ?? await ReconstructAsync(request, scopes, place, cancellationToken);
        return Progress.View(step, [.. before.Where(reads.Contains)]) with { Input = input };
    }

    // Null also of a step of which only its origin is kept.
    private static StepInputView? Kept(string? input)
    {
        if (input is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(
            input, new JsonDocumentOptions { MaxDepth = Engine.Limits.JsonDepth });
        var root = document.RootElement;
        return root.TryGetProperty("parameters", out var parameters)
            ? new StepInputView(
                new RawJson(parameters.GetRawText()),
                root.TryGetProperty("errors", out var errors) ? new RawJson(errors.GetRawText()) : null,
                Reconstructed: false, null)
            : root.TryGetProperty("truncated", out _)
                ? new StepInputView(null, null, Reconstructed: false, "They were too large to be kept.")
                : null;
    }

    private static async Task<StepInputView> ReconstructAsync(
        ApiRequest request, PastScopes scopes, StepPlace place, CancellationToken cancellationToken)
    {
        var (scope, missing) = await scopes.FindAsync(request, place, cancellationToken);
        if (scope is null)
        {
            return new StepInputView(null, null, Reconstructed: true, missing!.Message);
        }

        try
        {
            using var turn = await EvaluationTurns.OfProcess.EnterAsync(request.Caller.TenantId, cancellationToken);
            var rendered = await Task.Run(scope.RenderParameters, cancellationToken);
            return Kept(Encoding.UTF8.GetString(rendered))! with { Reconstructed = true };
        }
        catch (EvaluationBusyException exception)
        {
            return new StepInputView(null, null, Reconstructed: true, exception.Message);
        }
    }

    /// <summary>Refuses what names no place in an execution.</summary>
    public static Problem? CheckPlace(string? node, string? iteration) =>
        node is { Length: 0 or > Engine.Limits.NodeIdLength }
            ? Problem.Parameter("node", $"'node' is the id of a node: 1 to {Engine.Limits.NodeIdLength} characters.")
            : iteration is not null && Iterations.Parse(iteration) is null
                ? Problem.Parameter("iteration", Iterations.Rule("iteration"))
                : null;

    private static Problem? CheckStatus(string? status) =>
        status is not null && !Statuses.Contains(status)
            ? Problem.Parameter("status", $"'status' is one of {string.Join(", ", Statuses)}.")
            : null;

    // An edge leads within its graph: that of the definition, or of one body.
    private static IEnumerable<EdgeDefinition> EdgesOf(WorkflowDefinition definition) =>
        definition.Edges.Concat(definition.Nodes.SelectMany(EdgesIn));

    private static IEnumerable<EdgeDefinition> EdgesIn(NodeDefinition node) =>
        node.Body is { } body ? body.Edges.Concat(body.Nodes.SelectMany(EdgesIn)) : [];
}

using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.LanguageModels;

/// <summary>What language models were asked, one by one for 90 days, and what that cost, by day for a year.</summary>
internal static class ModelCallEndpoints
{
    private static readonly string[] Statuses = ["running", "succeeded", "failed", "cancelled", "lost"];

    public static void MapModelCalls(this IEndpointRouteBuilder models)
    {
        models.MapGet("/calls", ListAsync).Requires(Permission.UsageRead)
            .WithSummary("List calls of language models, the newest first");
        models.MapGet("/usage", SumAsync).Requires(Permission.UsageRead)
            .WithSummary("Sum up what language models cost, by day, model, workspace and purpose");
    }

    private static async Task<ApiResponse<List<ModelCallView>>> ListAsync(
        [AsParameters] ModelCallQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.Status is { } asked && !Statuses.Contains(asked))
        {
            return Problem.Parameter("status", $"'status' is one of {string.Join(", ", Statuses)}.");
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"models/calls?{filter}");
        var calls = Matching(request.Db.ModelCalls.AsNoTracking(), filter);
        var total = await calls.CountAsync(query, cancellationToken);
        var rows = await calls.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id)
            .Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<ModelCallView>>.Page(
            rows.ConvertAll(View), pagination, FieldSelection.Read<ModelCallView>(query));
    }

    private static async Task<ApiResponse<List<ModelUsageView>>> SumAsync(
        [AsParameters] ModelUsageQuery query, ApiRequest request, CancellationToken cancellationToken)
    {
        var to = query.To ?? DateOnly.FromDateTime(request.Now.UtcDateTime);
        var from = query.From ?? to.AddDays(-30);
        if (from > to || to.DayNumber - from.DayNumber > Limits.ModelUsageDays)
        {
            return Problem.Parameter("from", $"'from' lies before 'to', by at most {Limits.ModelUsageDays} days.");
        }

        var rows = await request.Db.ModelUsage.AsNoTracking()
            .Where(row => row.Day >= from && row.Day <= to
                && (query.Workspace == null || row.WorkspaceId == query.Workspace))
            .OrderBy(row => row.Day).ThenBy(row => row.ModelId).ThenBy(row => row.Purpose)
            .ThenBy(row => row.WorkspaceId)
            .ToListAsync(cancellationToken);
        var names = await request.Db.Models.AsNoTracking()
            .ToDictionaryAsync(row => row.Id, row => row.Name, cancellationToken);
        return rows.ConvertAll(row => new ModelUsageView(
            row.Day, row.ModelId, names.GetValueOrDefault(row.ModelId),
            row.WorkspaceId == Guid.Empty ? null : row.WorkspaceId, row.Purpose, row.Calls, row.Failures,
            row.InputTokens, row.OutputTokens, row.Cost));
    }

    private static IQueryable<ModelCallRow> Matching(IQueryable<ModelCallRow> calls, ModelCallQuery filter)
    {
        calls = filter.Model is { } model ? calls.Where(row => row.ModelId == model) : calls;
        calls = filter.Execution is { } execution ? calls.Where(row => row.ExecutionId == execution) : calls;
        calls = filter.Workflow is { } workflow ? calls.Where(row => row.WorkflowId == workflow) : calls;
        calls = filter.Workspace is { } workspace ? calls.Where(row => row.WorkspaceId == workspace) : calls;
        calls = filter.Purpose is { } purpose ? calls.Where(row => row.Purpose == purpose) : calls;
        calls = filter.Status is { } status ? calls.Where(row => row.Status == status) : calls;
        calls = filter.From is { } from ? calls.Where(row => row.StartedAt >= from) : calls;
        return filter.To is { } to ? calls.Where(row => row.StartedAt < to) : calls;
    }

    private static ModelCallView View(ModelCallRow row) => new(
        row.Id, row.ModelId, row.ModelName, row.Provider, row.Purpose, row.Status, row.WorkspaceId, row.WorkflowId,
        row.ExecutionId, row.NodeId, row.PromptCardId, row.ConversationId, row.UserId,
        row.Status == "running" ? row.Reserved : row.Cost, row.InputTokens, row.OutputTokens, row.Estimated,
        row.Retries, row.DurationMs, row.FirstTokenMs, row.ErrorCode, row.ErrorMessage, row.StartedAt, row.EndedAt);
}

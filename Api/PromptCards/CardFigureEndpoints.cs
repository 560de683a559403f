using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Prompts;

namespace Workflows.Api.PromptCards;

/// <summary>Figures of prompt cards: of workspaces by day, and of one card.</summary>
internal static class CardFigureEndpoints
{
    public static void MapCardFigures(this IEndpointRouteBuilder cards)
    {
        cards.MapGet("/analytics", DaysAsync).Requires(Permission.PromptsRead)
            .WithSummary("Figures of prompt cards by workspace and day (UTC), of up to 30 days");
        cards.MapGet("/{cardId:guid}/analytics", OfCardAsync).Requires(Permission.PromptsRead)
            .WithSummary("Times, providers and history of the newest executions of a prompt card");
    }

    private static async Task<ApiResponse<List<PromptDay>>> DaysAsync(
        [FromQuery(Name = "workspaceId")] Guid? workspaceId, [FromQuery(Name = "days")] int? days, ApiRequest request,
        PromptFigures figures, CancellationToken token)
    {
        if (days is < 1 or > Limits.PromptDays)
        {
            return Problem.Parameter("days", $"'days' lies between 1 and {Limits.PromptDays}.");
        }

        var workspaces = await request.Db.Workspaces.Where(row => workspaceId == null || row.Id == workspaceId)
            .Select(row => row.Id).ToListAsync(token);
        return workspaceId is not null && workspaces.Count == 0
            ? new Problem(Errors.WorkspaceNotFound)
            : await figures.DaysAsync(
                request.Caller.TenantId, workspaces, request.Now.AddDays(-(days ?? Limits.PromptDays)), token);
    }

    private static async Task<ApiResponse<CardFigures>> OfCardAsync(
        Guid cardId, ApiRequest request, PromptFigures figures, CancellationToken token) =>
        await request.FindCardAsync(cardId, token) is null
            ? new Problem(Errors.PromptCardNotFound)
            : await figures.OfCardAsync(request.Caller.TenantId, cardId, token);
}

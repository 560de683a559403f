using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>Prompt cards as lists want them.</summary>
public static class PromptCardQueries
{
    /// <summary>Cards that are there: neither they nor their workspaces are deleted.</summary>
    public static IQueryable<PromptCard> Present(this WorkflowsDbContext db, IQueryable<PromptCard> cards) =>
        cards.Where(card => card.DeletedAt == null && db.Workspaces.Any(row => row.Id == card.WorkspaceId));

    /// <summary>Cards whose variables and metadata hold what is asked for, found by index.</summary>
    /// <param name="variables">A JSON list; null = any.</param>
    /// <param name="metadata">A JSON object; null = any.</param>
    public static IQueryable<PromptCard> CardsHolding(this WorkflowsDbContext db, string? variables,
        string? metadata) =>
        variables is null && metadata is null
            ? db.PromptCards
            : db.PromptCards.FromSql(
                $"""
                select * from prompt_cards where tenant_id = {db.TenantId}
                  and id in (select prompt_cards_holding({variables}::jsonb, {metadata}::jsonb))
                """);
}

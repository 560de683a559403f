using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>The part of <see cref="ControlPlaneModel"/> about prompt cards and their tests.</summary>
internal static class PromptCardsModel
{
    private const string Jsonb = "jsonb";

    public static void Build(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<PromptCard>(row =>
        {
            row.ToTable("prompt_cards").HasKey(each => new { each.TenantId, each.Id });
            row.Property(each => each.Metadata).HasColumnType(Jsonb);
            row.Property(each => each.Messages).HasColumnType(Jsonb);
            row.Property(each => each.Variables).HasColumnType(Jsonb);
            row.Property(each => each.Settings).HasColumnType(Jsonb);
            row.HasQueryFilter(each => each.TenantId == context.TenantId);
        });
        model.Entity<PromptVersion>(row =>
        {
            row.ToTable("prompt_versions").HasKey(each => new { each.TenantId, each.CardId, each.Number });
            row.Property(each => each.Messages).HasColumnType(Jsonb);
            row.Property(each => each.Variables).HasColumnType(Jsonb);
            row.Property(each => each.Settings).HasColumnType(Jsonb);
            row.HasOne<PromptCard>().WithMany().HasForeignKey(each => new { each.TenantId, each.CardId });
            row.HasQueryFilter(each => each.TenantId == context.TenantId);
        });
        model.Entity<PromptTestSet>(row =>
        {
            row.ToTable("prompt_test_sets").HasKey(each => new { each.TenantId, each.Id });
            row.Property(each => each.Cases).HasColumnType(Jsonb);
            row.HasOne<PromptCard>().WithMany().HasForeignKey(each => new { each.TenantId, each.CardId });
            row.HasQueryFilter(each => each.TenantId == context.TenantId);
        });
        model.Entity<PromptTestRun>(row =>
        {
            row.ToTable("prompt_test_runs").HasKey(each => new { each.TenantId, each.Id });
            row.Property(each => each.Cases).HasColumnType(Jsonb);
            row.HasOne<PromptCard>().WithMany().HasForeignKey(each => new { each.TenantId, each.CardId });
            row.HasQueryFilter(each => each.TenantId == context.TenantId);
        });
        model.Entity<TestExecution>(row =>
        {
            row.ToTable("test_executions").HasKey(each => new { each.TenantId, each.Id });
            row.Property(each => each.Error).HasColumnType(Jsonb);
            row.Property(each => each.Assertions).HasColumnType(Jsonb);
            row.HasOne<PromptTestRun>().WithMany().HasForeignKey(each => new { each.TenantId, each.RunId });
            row.HasOne<PromptCard>().WithMany().HasForeignKey(each => new { each.TenantId, each.PromptCardId });
            row.HasQueryFilter(each => each.TenantId == context.TenantId);
        });
    }
}

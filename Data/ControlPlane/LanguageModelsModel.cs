using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>The part of <see cref="ControlPlaneModel"/> about language models and what is asked of them.</summary>
internal static class LanguageModelsModel
{
    public static void Build(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<LanguageModel>(row =>
        {
            row.ToTable("models").HasKey(each => new { each.TenantId, each.Id });
            row.Property(each => each.Metadata).HasColumnType("jsonb");
            row.HasQueryFilter(each => each.TenantId == context.TenantId);
        });
        model.Entity<ModelCallRow>(row =>
        {
            row.ToTable("model_calls").HasKey(each => new { each.TenantId, each.Id });
            row.HasQueryFilter(each => each.TenantId == context.TenantId);
        });
        model.Entity<ModelUsageOfDay>(row =>
        {
            row.ToTable("model_usage_daily")
                .HasKey(each => new { each.TenantId, each.Day, each.ModelId, each.WorkspaceId, each.Purpose });
            row.HasQueryFilter(each => each.TenantId == context.TenantId);
        });
        model.Entity<Conversation>(row =>
        {
            row.ToTable("conversations").HasKey(each => new { each.TenantId, each.Id });
            row.Property(each => each.Metadata).HasColumnType("jsonb");
            row.HasQueryFilter(each => each.TenantId == context.TenantId);
        });
        model.Entity<ConversationMessage>(row =>
        {
            row.ToTable("conversation_messages")
                .HasKey(each => new { each.TenantId, each.ConversationId, each.Number });
            row.Property(each => each.Metadata).HasColumnType("jsonb");
            row.Property(each => each.Sources).HasColumnType("jsonb");
            row.HasQueryFilter(each => each.TenantId == context.TenantId);
        });
    }
}

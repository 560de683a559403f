using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>The part of <see cref="ControlPlaneModel"/> about what a tenant knows.</summary>
internal static class KnowledgeModel
{
    public static void Build(ModelBuilder model, WorkflowsDbContext context)
    {
        // The articles of a workspace go into the trash with it.
        model.Entity<KnowledgeArticle>(article =>
        {
            article.ToTable("knowledge_articles").HasKey(row => new { row.TenantId, row.Id });
            article.HasQueryFilter(row => row.TenantId == context.TenantId
                && (row.WorkspaceId == null || context.Workspaces.Any(workspace => workspace.Id == row.WorkspaceId)));
        });
        model.Entity<KnowledgeVersion>(version =>
        {
            version.ToTable("knowledge_versions").HasKey(row => new { row.TenantId, row.ArticleId, row.Number });
            version.HasOne<KnowledgeArticle>().WithMany()
                .HasForeignKey(row => new { row.TenantId, row.ArticleId });
            version.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<KnowledgeFile>(file =>
        {
            file.ToTable("knowledge_files").HasKey(row => new { row.TenantId, row.ArticleId });
            file.HasOne<KnowledgeArticle>().WithMany()
                .HasForeignKey(row => new { row.TenantId, row.ArticleId });
            file.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
    }
}

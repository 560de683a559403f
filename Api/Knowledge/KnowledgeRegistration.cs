namespace Workflows.Api.Knowledge;

internal static class KnowledgeRegistration
{
    /// <summary>All routes about what a tenant knows.</summary>
    public static void MapKnowledge(this IEndpointRouteBuilder routes)
    {
        routes.MapArticles();
        routes.MapArticleVersions();
        routes.MapKnowledgeFiles();
    }
}

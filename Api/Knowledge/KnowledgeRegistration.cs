using Workflows.Api.Http.Grounding;

namespace Workflows.Api.Knowledge;

internal static class KnowledgeRegistration
{
    public static IServiceCollection AddKnowledge(this IServiceCollection services) => services
        .AddScoped<Passages>().AddSingleton<GroundedAnswer>();

    /// <summary>All routes about what a tenant knows.</summary>
    public static void MapKnowledge(this IEndpointRouteBuilder routes)
    {
        routes.MapArticles();
        routes.MapArticleVersions();
        routes.MapKnowledgeFiles();
        routes.MapPassages();
    }
}

using Workflows.Api.Http;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Workflows;

/// <summary>Ready workflows to begin with. They are of the release, and the same for every tenant.</summary>
internal static class TemplateEndpoints
{
    public static void MapTemplates(this IEndpointRouteBuilder routes)
    {
        var templates = routes.MapGroup("/templates").WithTags("Workflows").Requires(Permission.WorkflowsRead);
        templates.MapGet("", List).WithSummary("Find templates: ready workflows to begin with, by words and category");
        templates.MapGet("/{templateName}", Get)
            .WithSummary("Get a template: definition, examples with their results, what to fill in");
    }

    private static ApiResponse<List<TemplateItem>> List([AsParameters] TemplateQuery query)
    {
        if (query.Text is { Length: > Limits.NameLength })
        {
            return Problem.Parameter("q", $"'q' has at most {Limits.NameLength} characters.");
        }

        return query.Category is { } category && !TemplateLibrary.Categories.Contains(category)
            ? Problem.Parameter("category", $"'category' is one of {string.Join(", ", TemplateLibrary.Categories)}.")
            : TemplateLibrary.Search(query.Text, query.Category).ToList();
    }

    private static ApiResponse<TemplateView> Get(string templateName) =>
        TemplateLibrary.Find(templateName) is { } found ? found : new Problem(Errors.TemplateNotFound);
}

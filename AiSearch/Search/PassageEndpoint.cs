using Microsoft.AspNetCore.Http.HttpResults;

namespace Workflows.AiSearch.Search;

/// <summary><c>GET /internal/search/passages</c>: pieces of articles, for answers that cite them.</summary>
internal static class PassageEndpoint
{
    private static readonly string[] Known =
        ["q", "article", "limit", "threshold", "tag", "category", "workspace", "visible"];

    public static void MapPassages(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/internal/search/passages", FindAsync);

    private static async Task<Results<Ok<PassageAnswer>, ProblemHttpResult>> FindAsync(
        HttpContext context, InternalCaller caller, PassageSearch passages, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var parameters = context.Request.Query;
        SearchEndpoints.CheckNames(parameters, Known, problems);
        Guid? articleId = null;
        string? text = null;
        if (SearchEndpoints.Single(parameters, "article", problems) is { } named)
        {
            if (!Guid.TryParseExact(named, "D", out var id))
            {
                problems.Add("article must be the id of an article.");
            }

            articleId = id;
        }
        else
        {
            text = SearchEndpoints.Text(parameters, problems);
        }

        var category = SearchEndpoints.Single(parameters, "category", problems);
        if (category?.Length > Limits.CategoryMaxLength)
        {
            problems.Add($"A category has at most {Limits.CategoryMaxLength} characters.");
        }

        var query = new PassageQuery(
            text, articleId,
            SearchEndpoints.Number(
                parameters, "limit", Limits.DefaultPassages, 1, Limits.PassagesPerAnswer, problems),
            SearchEndpoints.Number(parameters, "threshold", 0.0, 0.0, 1.0, problems),
            SearchEndpoints.Filter(parameters, problems) with { Category = category });
        return SearchEndpoints.Admit(context, caller, problems, out var known) is { } refusal
            ? refusal
            : await passages.FindAsync(known, query, cancellationToken) is { } answer
                ? TypedResults.Ok(answer)
                : SearchEndpoints.Problem(StatusCodes.Status404NotFound, "NOT_FOUND",
                    "There is no such article, or it is not indexed yet.");
    }
}

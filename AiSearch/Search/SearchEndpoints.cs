using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Workflows.AiSearch.Indexing;

namespace Workflows.AiSearch.Search;

/// <summary><c>GET /internal/search</c>: for the API only, which passes its caller's tenant on (see <see cref="InternalCaller"/>).</summary>
internal static class SearchEndpoints
{
    private static readonly string[] KnownParameters = ["q", "limit", "type", "tag", "threshold", "from", "to", "workspace"];

    public static void MapSearch(this IEndpointRouteBuilder routes) => routes.MapGet("/internal/search", SearchAsync);

    private static async Task<Results<Ok<SearchAnswer>, ProblemHttpResult>> SearchAsync(
        HttpContext context, InternalCaller caller, SearchService search, CancellationToken cancellationToken)
    {
        if (caller.Authenticate(context.Request) is not { } known)
        {
            return Problem(StatusCodes.Status401Unauthorized, "UNAUTHENTICATED", "The call is not signed by a service of this platform.");
        }

        var problems = new List<string>();
        var query = Read(context.Request.Query, problems);
        return problems.Count > 0
            ? Problem(StatusCodes.Status400BadRequest, "VALIDATION_FAILED", string.Join(' ', problems))
            : TypedResults.Ok(await search.SearchAsync(known, query, cancellationToken));
    }

    /// <summary>Reads all parameters and says everything that is wrong with them at once.</summary>
    internal static SearchQuery Read(IQueryCollection parameters, List<string> problems)
    {
        foreach (var name in parameters.Keys.Where(name => !KnownParameters.Contains(name)))
        {
            problems.Add($"Unknown parameter '{name}'; known are {string.Join(", ", KnownParameters)}.");
        }

        var text = Single(parameters, "q", problems) ?? "";
        if (string.IsNullOrWhiteSpace(text))
        {
            problems.Add("q is missing: what should be searched for?");
        }
        else if (text.Length > Limits.QueryMaxLength)
        {
            problems.Add($"q has {text.Length} characters; at most {Limits.QueryMaxLength} are allowed.");
        }

        var limit = Number(parameters, "limit", Limits.DefaultHits, 1, Limits.HitsPerAnswer, problems);
        var threshold = Number(parameters, "threshold", 0.0, 0.0, 1.0, problems);
        var types = Values(parameters, "type", problems);
        foreach (var type in types.Where(type => !ContentTypes.All.Contains(type)))
        {
            problems.Add($"type '{type}' is unknown; known are {string.Join(", ", ContentTypes.All)}.");
        }

        var tags = Values(parameters, "tag", problems);
        if (tags.Any(tag => tag.Length is 0 or > Limits.TagMaxLength))
        {
            problems.Add($"A tag has between 1 and {Limits.TagMaxLength} characters.");
        }

        var from = Instant(parameters, "from", problems);
        var to = Instant(parameters, "to", problems);
        if (from >= to)
        {
            problems.Add("from must lie before to.");
        }

        return new SearchQuery(text, limit, threshold, new SearchFilter(types, tags, Workspace(parameters, problems), from, to));
    }

    private static string? Single(IQueryCollection parameters, string name, List<string> problems)
    {
        if (!parameters.TryGetValue(name, out var values))
        {
            return null;
        }

        if (values.Count > 1)
        {
            problems.Add($"{name} may be given once.");
        }

        return values[0];
    }

    private static string[] Values(IQueryCollection parameters, string name, List<string> problems)
    {
        var values = parameters[name].OfType<string>().Distinct().ToArray();
        if (values.Length > Limits.FilterValues)
        {
            problems.Add($"{name} may be given {Limits.FilterValues} times at most.");
        }

        return values;
    }

    private static T Number<T>(IQueryCollection parameters, string name, T fallback, T min, T max, List<string> problems)
        where T : struct, System.Numerics.INumber<T>
    {
        if (Single(parameters, name, problems) is not { } text)
        {
            return fallback;
        }

        if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
        {
            return value;
        }

        problems.Add(string.Create(CultureInfo.InvariantCulture, $"{name} must be a number between {min} and {max}."));
        return fallback;
    }

    private static DateTimeOffset? Instant(IQueryCollection parameters, string name, List<string> problems)
    {
        if (Single(parameters, name, problems) is not { } text)
        {
            return null;
        }

        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
            && instant.Year is > 1900 and < 9000)
        {
            return instant.ToUniversalTime();
        }

        problems.Add($"{name} must be a time such as 2026-01-31T12:00:00Z.");
        return null;
    }

    private static Guid? Workspace(IQueryCollection parameters, List<string> problems)
    {
        if (Single(parameters, "workspace", problems) is not { } text)
        {
            return null;
        }

        if (Guid.TryParseExact(text, "D", out var id))
        {
            return id;
        }

        problems.Add("workspace must be the id of a workspace.");
        return null;
    }

    private static ProblemHttpResult Problem(int status, string code, string detail) =>
        TypedResults.Problem(detail, statusCode: status, extensions: new Dictionary<string, object?> { ["code"] = code });
}

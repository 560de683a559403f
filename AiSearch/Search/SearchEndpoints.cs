using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Workflows.AiSearch.Indexing;

namespace Workflows.AiSearch.Search;

/// <summary>
/// <c>GET /internal/search</c>, <c>/internal/search/suggest</c> and <c>/internal/search/similar</c>: for the API and
/// the workers only, which pass their caller's tenant on (see <see cref="InternalCaller"/>), and as <c>visible</c>
/// the types that the caller may see.
/// </summary>
internal static class SearchEndpoints
{
    private static readonly string[] Filters = ["type", "tag", "from", "to", "workspace", "visible"];
    private static readonly string[] Pages = ["limit", "offset", "threshold", "group"];

    public static void MapSearch(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/internal/search", SearchAsync);
        routes.MapGet("/internal/search/suggest", SuggestAsync);
        routes.MapGet("/internal/search/similar", FindSimilarAsync);
    }

    private static async Task<Results<Ok<SearchAnswer>, ProblemHttpResult>> SearchAsync(
        HttpContext context, InternalCaller caller, SearchService search, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var query = Read(context.Request.Query, problems);
        return Admit(context, caller, problems, out var known) is { } refusal
            ? refusal
            : TypedResults.Ok(await search.SearchAsync(known, query, cancellationToken));
    }

    private static async Task<Results<Ok<SuggestAnswer>, ProblemHttpResult>> SuggestAsync(
        HttpContext context, InternalCaller caller, SearchService search, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var parameters = context.Request.Query;
        CheckNames(parameters, ["q", "limit", .. Filters], problems);
        var text = Text(parameters, problems);
        var limit = Number(parameters, "limit", Limits.DefaultSuggestions, 1, Limits.Suggestions, problems);
        var filter = Filter(parameters, problems);
        return Admit(context, caller, problems, out var known) is { } refusal
            ? refusal
            : TypedResults.Ok(await search.SuggestAsync(known, text, filter, limit, cancellationToken));
    }

    private static async Task<Results<Ok<SearchAnswer>, ProblemHttpResult>> FindSimilarAsync(
        HttpContext context, InternalCaller caller, SearchService search, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var parameters = context.Request.Query;
        CheckNames(parameters, ["of", "id", .. Filters, .. Pages], problems);
        var type = Single(parameters, "of", problems) ?? "";
        if (!ContentTypes.All.Contains(type))
        {
            problems.Add($"of '{type}' is unknown; known are {string.Join(", ", ContentTypes.All)}.");
        }

        if (!Guid.TryParseExact(Single(parameters, "id", problems), "D", out var id))
        {
            problems.Add("id must be the id of what others should be like.");
        }

        var query = Page(parameters, "", problems);
        return Admit(context, caller, problems, out var known) is { } refusal
            ? refusal
            : await search.FindSimilarAsync(known, type, id, query, cancellationToken) is { } answer
                ? TypedResults.Ok(answer)
                : Problem(StatusCodes.Status404NotFound, "NOT_FOUND",
                    "There is no such thing, or it is not indexed yet.");
    }

    /// <summary>Why the call is refused; null when it is not.</summary>
    internal static ProblemHttpResult? Admit(
        HttpContext context, InternalCaller caller, List<string> problems, out SearchCaller known)
    {
        known = caller.Authenticate(context.Request)!;
        if (known is null)
        {
            return Problem(StatusCodes.Status401Unauthorized, "UNAUTHENTICATED",
                "The call is not signed by a service of this platform.");
        }

        var visible = context.Request.Query["visible"];
        known = visible.Count == 0 ? known : known with { Visible = [.. visible.OfType<string>()] };
        return problems.Count > 0
            ? Problem(StatusCodes.Status400BadRequest, "VALIDATION_FAILED", string.Join(' ', problems))
            : null;
    }

    /// <summary>Reads all parameters and says everything that is wrong with them at once.</summary>
    internal static SearchQuery Read(IQueryCollection parameters, List<string> problems)
    {
        CheckNames(parameters, ["q", .. Filters, .. Pages], problems);
        var text = Text(parameters, problems);
        QueryLine.Parse(text, problems);
        return Page(parameters, text, problems);
    }

    internal static void CheckNames(IQueryCollection parameters, string[] known, List<string> problems)
    {
        foreach (var name in parameters.Keys.Where(name => !known.Contains(name)))
        {
            problems.Add($"Unknown parameter '{name}'; known are {string.Join(", ", known)}.");
        }
    }

    internal static string Text(IQueryCollection parameters, List<string> problems)
    {
        var text = Single(parameters, "q", problems) ?? "";
        if (string.IsNullOrWhiteSpace(text))
        {
            problems.Add("q is missing: what should be searched for?");
        }
        else if (text.Length > Limits.QueryMaxLength)
        {
            problems.Add($"q has {text.Length} characters; at most {Limits.QueryMaxLength} are allowed.");
            return "";
        }

        return text;
    }

    private static SearchQuery Page(IQueryCollection parameters, string text, List<string> problems)
    {
        var limit = Number(parameters, "limit", Limits.DefaultHits, 1, Limits.HitsPerAnswer, problems);
        var skip = Number(parameters, "offset", 0, 0, Limits.HitsPassedOver, problems);
        var threshold = Number(parameters, "threshold", 0.0, 0.0, 1.0, problems);
        var group = Single(parameters, "group", problems);
        if (group is not (null or "true" or "false"))
        {
            problems.Add("group must be true or false.");
        }

        return new SearchQuery(text, limit, threshold, Filter(parameters, problems))
        {
            Skip = skip,
            IsGrouped = group != "false"
        };
    }

    internal static SearchFilter Filter(IQueryCollection parameters, List<string> problems)
    {
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

        return new SearchFilter(types, tags, Workspace(parameters, problems), from, to);
    }

    internal static string? Single(IQueryCollection parameters, string name, List<string> problems)
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

    internal static T Number<T>(IQueryCollection parameters, string name, T fallback, T min, T max,
        List<string> problems)
        where T : struct, System.Numerics.INumber<T>
    {
        if (Single(parameters, name, problems) is not { } text)
        {
            return fallback;
        }

        if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= min
            && value <= max)
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

    internal static ProblemHttpResult Problem(int status, string code, string detail) =>
        TypedResults.Problem(detail, statusCode: status, extensions: new Dictionary<string,
            object?>
        { ["code"] = code });
}

using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Search;

/// <summary>Which things may be found; repeated types are alternatives, repeated tags all have to be there.</summary>
internal sealed record SearchQuery(
    [property: FromQuery(Name = "q")] string? Q,
    [property: FromQuery(Name = "limit")] int? Limit,
    [property: FromQuery(Name = "offset")] int? Offset,
    [property: FromQuery(Name = "type")] string[]? Type,
    [property: FromQuery(Name = "tag")] string[]? Tag,
    [property: FromQuery(Name = "workspace")] Guid? Workspace,
    [property: FromQuery(Name = "from")] DateTimeOffset? From,
    [property: FromQuery(Name = "to")] DateTimeOffset? To,
    [property: FromQuery(Name = "threshold")] double? Threshold,
    [property: FromQuery(Name = "group")] bool? Group);

internal sealed record SuggestQuery(
    [property: FromQuery(Name = "q")] string? Q,
    [property: FromQuery(Name = "limit")] int? Limit,
    [property: FromQuery(Name = "type")] string[]? Type,
    [property: FromQuery(Name = "workspace")] Guid? Workspace);

internal sealed record SimilarQuery(
    [property: FromQuery(Name = "of")] string? Of,
    [property: FromQuery(Name = "id")] Guid? Id,
    [property: FromQuery(Name = "limit")] int? Limit,
    [property: FromQuery(Name = "offset")] int? Offset,
    [property: FromQuery(Name = "type")] string[]? Type,
    [property: FromQuery(Name = "threshold")] double? Threshold);

internal static class SearchEndpoints
{
    public static void MapSearch(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/search", SearchAsync).WithTags("Search").Requires(Permission.SearchRead)
            .WithSummary("Search workflows, their nodes, failed executions and articles by words and by meaning")
            .WithDescription(
                "A line may have \"phrases\", +must, -not, AND, OR, NOT, begin*, type:, tag:, after: and before:. "
                + "Nodes are found when type names them. Equal failures are one hit unless group is false. "
                + "An answer has total, facets, and why each hit is there.");
        routes.MapGet("/search/suggest", SuggestAsync).WithTags("Search").Requires(Permission.SearchRead)
            .WithSummary("Complete what is being typed into a search")
            .WithDescription(
                "Titles that have the words, the last one as the beginning of a word, then the line with its last word "
                + "completed.");
        routes.MapGet("/search/similar", FindSimilarAsync).WithTags("Search").Requires(Permission.SearchRead)
            .WithSummary("Find what is like a workflow, a node or a failed execution")
            .WithDescription("of is its type, and id its id; type narrows what is found.");
    }

    private static async Task<ApiResponse<RawJson>> SearchAsync(
        [AsParameters] SearchQuery query, ApiRequest request, SearchClient search,
        CancellationToken cancellationToken) =>
        (CheckText(query.Q) ?? CheckPage(query.Limit, Limits.SearchResults, query.Offset,
            query.Threshold)) is { } problem
            ? problem
            : await search.GetAsync(
                SearchAddress.Of("/internal/search").Add("q", query.Q).Add("limit", query.Limit)
                    .Add("offset", query.Offset)
                    .Add("type", query.Type).Add("tag", query.Tag).Add("workspace", query.Workspace)
                    .Add("from", query.From).Add("to", query.To)
                    .Add("threshold", query.Threshold).Add("group", query.Group),
                request.Caller, cancellationToken);

    private static async Task<ApiResponse<RawJson>> SuggestAsync(
        [AsParameters] SuggestQuery query, ApiRequest request, SearchClient search,
        CancellationToken cancellationToken) =>
        (CheckText(query.Q) ?? CheckPage(query.Limit, Limits.SearchSuggestions, null, null)) is { } problem
            ? problem
            : await search.GetAsync(
                SearchAddress.Of("/internal/search/suggest").Add("q", query.Q).Add("limit", query.Limit)
                    .Add("type", query.Type).Add("workspace", query.Workspace),
                request.Caller, cancellationToken);

    private static async Task<ApiResponse<RawJson>> FindSimilarAsync(
        [AsParameters] SimilarQuery query, ApiRequest request, SearchClient search, CancellationToken cancellationToken)
    {
        if (query.Of is null || query.Id is null)
        {
            return Problem.Parameter(query.Of is null ? "of" : "id", "'of' and 'id' say what others should be like.");
        }

        return CheckPage(query.Limit, Limits.SearchResults, query.Offset, query.Threshold) is { } problem
            ? problem
            : await search.GetAsync(
                SearchAddress.Of("/internal/search/similar").Add("of", query.Of).Add("id", query.Id)
                    .Add("limit", query.Limit).Add("offset", query.Offset)
                    .Add("type", query.Type).Add("threshold", query.Threshold),
                request.Caller, cancellationToken);
    }

    private static Problem? CheckText(string? text) => string.IsNullOrWhiteSpace(text)
        || text.Length > Limits.SearchQueryLength
        ? Problem.Parameter("q", $"'q' is what to search for, in 1 to {Limits.SearchQueryLength} characters.")
        : null;

    private static Problem? CheckPage(int? limit, int most, int? offset, double? threshold) =>
        limit < 1 || limit > most ? Problem.Parameter("limit", $"'limit' lies between 1 and {most}.")
        : offset < 0 || offset > Limits.SearchOffset
            ? Problem.Parameter("offset", $"'offset' lies between 0 and {Limits.SearchOffset}.")
        : threshold is < 0 or > 1 ? Problem.Parameter("threshold", "'threshold' lies between 0 and 1.")
        : null;
}

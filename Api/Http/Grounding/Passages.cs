using System.Text.Json;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Http.Grounding;

/// <summary>Asks the search service for passages that a caller may see.</summary>
internal sealed class Passages(SearchClient search)
{
    private sealed record Found(string Mode, string? Notice, string? Model, List<FoundPassage> Passages);

    private sealed record FoundPassage(
        Guid ArticleId, string Title, string Category, string? SourceUrl, string? File, string Label, string Text,
        double Score);

    public async Task<(PassagesView? Passages, Problem? Problem)> FindAsync(
        SimilarPassagesRequest wanted, Caller caller, CancellationToken cancellationToken)
    {
        var address = SearchAddress.Of("/internal/search/passages")
            .Add("q", wanted.Text).Add("article", wanted.ArticleId).Add("limit", wanted.Limit ?? Limits.DefaultPassages)
            .Add("threshold", wanted.Threshold).Add("category", wanted.Category).Add("tag", wanted.Tags)
            .Add("workspace", wanted.WorkspaceId);
        var answer = await search.GetAsync(address, caller, cancellationToken);
        if (answer.Problem is { } problem)
        {
            return (null, problem);
        }

        var found = JsonSerializer.Deserialize<Found>(answer.Data.Text!, JsonSerializerOptions.Web)!;
        return (
            new PassagesView(
                found.Mode, found.Notice, found.Model,
                [.. found.Passages.Select((passage, index) => new PassageView(
                    index + 1, passage.ArticleId, passage.Title, passage.Category, passage.Label, passage.Text,
                    ArticleLinks.Of(passage.ArticleId, passage.Label, passage.File is not null), passage.Score))]),
            null);
    }

    public static Problem? Check(
        string field, string? text, int? limit, double? threshold, string? category, string[]? tags)
    {
        var checks = new Checks()
            .Name(field, text?.ReplaceLineEndings(" ").Replace('\t', ' '), Limits.PassageQueryLength)
            .Text("category", category, Limits.CategoryLength);
        if (limit is < 1 or > Limits.Passages)
        {
            checks.Add("limit", "RANGE", $"'limit' lies between 1 and {Limits.Passages}.");
        }

        if (threshold is < 0 or > 1)
        {
            checks.Add("threshold", "RANGE", "'threshold' lies between 0 and 1.");
        }

        if (tags?.Length > Limits.PassageTags)
        {
            checks.Add("tags", "TOO_MANY", $"There are at most {Limits.PassageTags} tags.");
        }

        return checks.Tags("tags", tags).Problem;
    }
}

namespace Workflows.AiSearch.Search;

/// <summary>What a caller asks.</summary>
/// <param name="Text">A query line (<see cref="QueryLine"/>); not empty.</param>
/// <param name="Limit">Most hits wanted.</param>
/// <param name="Threshold">Hits with a lower score are left out; between 0 and 1.</param>
/// <param name="Filter">Which documents may be found, besides what the line says.</param>
internal sealed record SearchQuery(string Text, int Limit, double Threshold, SearchFilter Filter)
{
    /// <summary>Best hits to pass over: those of earlier pages.</summary>
    public int Skip { get; init; }

    /// <summary>Failures of one workflow with the same error are one hit.</summary>
    public bool IsGrouped { get; init; } = true;
}

/// <summary>The answer. <c>mode</c> is <c>hybrid</c>, or <c>lexical</c> with the reason in <c>notice</c> when meaning could not be asked.</summary>
/// <param name="Total">Hits in all, those of other pages included.</param>
internal sealed record SearchAnswer(
    string Query, string Mode, string? Notice, string? Model, IReadOnlyList<SearchHit> Hits, int Total, Facets Facets);

/// <summary>How many hits have a type or a tag; types as if none had been asked for.</summary>
internal sealed record Facets(IReadOnlyList<FacetValue> Types, IReadOnlyList<FacetValue> Tags)
{
    public static Facets None { get; } = new([], []);
}

/// <summary>A document that was found, and why.</summary>
/// <param name="TitleHighlights">Parts of the title that have a word of the query.</param>
/// <param name="Alike">Further failures of the same workflow with the same error, for which this hit stands.</param>
internal sealed record SearchHit(
    string Type,
    Guid Id,
    string Title,
    IReadOnlyList<Highlight> TitleHighlights,
    IReadOnlyList<string> Tags,
    Guid? WorkspaceId,
    DateTimeOffset At,
    System.Text.Json.JsonElement Metadata,
    double Score,
    string Section,
    string Snippet,
    IReadOnlyList<Highlight> Highlights,
    IReadOnlyList<Reason> Why,
    int Alike);

/// <summary>A part of a text that has a word of the query.</summary>
internal sealed record Highlight(int Start, int Length);

/// <summary>One signal's share in a hit: <c>words</c> (how much of the query the text covers), <c>meaning</c> (cosine), <c>name</c>
/// (how much of the query's look the title has). The hit's score is the sum of score times weight, and at most 1.</summary>
internal sealed record Reason(string Signal, double Score, double Weight, IReadOnlyList<string> Terms);

/// <summary>What completes a line that is being typed.</summary>
internal sealed record SuggestAnswer(string Query, IReadOnlyList<Suggestion> Suggestions);

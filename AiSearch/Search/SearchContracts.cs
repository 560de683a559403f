namespace Workflows.AiSearch.Search;

/// <summary>What a caller asks.</summary>
/// <param name="Text">Words; not empty.</param>
/// <param name="Limit">Most hits wanted.</param>
/// <param name="Threshold">Hits with a lower score are left out; between 0 and 1.</param>
/// <param name="Filter">Which documents may be found.</param>
internal sealed record SearchQuery(string Text, int Limit, double Threshold, SearchFilter Filter);

/// <summary>The answer. <c>mode</c> is <c>hybrid</c>, or <c>lexical</c> with the reason in <c>notice</c> when meaning could not be asked.</summary>
internal sealed record SearchAnswer(string Query, string Mode, string? Notice, string? Model, IReadOnlyList<SearchHit> Hits);

/// <summary>A document that was found, and why.</summary>
internal sealed record SearchHit(
    string Type,
    Guid Id,
    string Title,
    IReadOnlyList<string> Tags,
    Guid? WorkspaceId,
    DateTimeOffset At,
    System.Text.Json.JsonElement Metadata,
    double Score,
    string Section,
    string Snippet,
    IReadOnlyList<Highlight> Highlights,
    IReadOnlyList<Reason> Why);

/// <summary>A part of the snippet that has a word of the query.</summary>
internal sealed record Highlight(int Start, int Length);

/// <summary>One signal's share in a hit: <c>words</c> (how much of the query the text covers), <c>meaning</c> (cosine), <c>name</c>
/// (how much of the query's look the title has). The hit's score is the sum of score times weight.</summary>
internal sealed record Reason(string Signal, double Score, double Weight, IReadOnlyList<string> Terms);

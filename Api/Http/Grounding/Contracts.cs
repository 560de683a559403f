using System.Text.Json.Serialization;

namespace Workflows.Api.Http.Grounding;

/// <param name="Text">What passages should be like; or:</param>
/// <param name="ArticleId">An article that passages of others should be like.</param>
/// <param name="Threshold">Lowest score, 0 to 1.</param>
/// <param name="Tags">All of these.</param>
internal sealed record SimilarPassagesRequest(
    string? Text = null,
    Guid? ArticleId = null,
    int? Limit = null,
    double? Threshold = null,
    string? Category = null,
    string[]? Tags = null,
    Guid? WorkspaceId = null);

/// <summary>A piece of an article that was found.</summary>
/// <param name="Number">From 1, as answers cite it.</param>
/// <param name="Label">Where in the article: headings, or the page.</param>
/// <param name="Link">Opens the article, or its file, at this place.</param>
/// <param name="Score">0 to 1.</param>
internal sealed record PassageView(
    int Number, Guid ArticleId, string Title, string Category, string Label, string Text, string Link, double Score);

/// <param name="Mode">hybrid, or lexical where meaning could not be asked.</param>
/// <param name="Notice">Why it could not.</param>
internal sealed record PassagesView(
    string Mode, string? Notice, string? Model, IReadOnlyList<PassageView> Passages);

/// <param name="Sources">Numbers of passages.</param>
/// <param name="IsSupported">It names a passage that there is. Whether that says the same, nobody has judged.</param>
/// <param name="UnknownSources">Numbers that it named and that there are not; they were taken out.</param>
internal sealed record SentenceView(
    string Text, IReadOnlyList<int> Sources, bool IsSupported,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<int>? UnknownSources);

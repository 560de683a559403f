namespace Workflows.AiSearch.Search;

/// <summary>Which documents may be found at all. A document must have every tag and lie in the time [From, To).</summary>
internal sealed record SearchFilter(
    IReadOnlyList<string> ContentTypes, IReadOnlyList<string> Tags, Guid? WorkspaceId, DateTimeOffset? From, DateTimeOffset? To)
{
    public static SearchFilter None { get; } = new([], [], null, null, null);

    public bool IsEmpty => ContentTypes.Count == 0 && Tags.Count == 0 && WorkspaceId is null && From is null && To is null;

    public bool Allows(CorpusDocument document) =>
        (ContentTypes.Count == 0 || ContentTypes.Contains(document.ContentType))
        && Tags.All(document.Tags.Contains)
        && (WorkspaceId is null || WorkspaceId == document.WorkspaceId)
        && (From is null || document.ContentAt >= From)
        && (To is null || document.ContentAt < To);
}

namespace Workflows.AiSearch.Search;

/// <summary>Which documents may be found at all. A document must have every tag and lie in the time [From, To).</summary>
/// <param name="Workflows">Documents of these workflows and their executions only; null = all.</param>
internal sealed record SearchFilter(
    string[] ContentTypes, string[] Tags, Guid? WorkspaceId, DateTimeOffset? From, DateTimeOffset? To,
    IReadOnlySet<Guid>? Workflows = null)
{
    public static SearchFilter None { get; } = new([], [], null, null, null);

    public bool IsEmpty => ContentTypes.Length == 0 && Tags.Length == 0 && WorkspaceId is null && From is null && To is null
        && Workflows is null;

    // Asked for every document of a tenant in each filtered search: no iterator, no lambda.
    public bool Allows(CorpusDocument document) =>
        (ContentTypes.Length == 0 || Array.IndexOf(ContentTypes, document.ContentType) >= 0)
        && (Tags.Length == 0 || HasAllTags(document.Tags))
        && (WorkspaceId is null || WorkspaceId == document.WorkspaceId)
        && (From is null || document.ContentAt >= From)
        && (To is null || document.ContentAt < To)
        && (Workflows is null || (document.WorkflowId is { } workflowId && Workflows.Contains(workflowId)));

    private bool HasAllTags(string[] tags)
    {
        foreach (var tag in Tags)
        {
            if (Array.IndexOf(tags, tag) < 0)
            {
                return false;
            }
        }

        return true;
    }
}

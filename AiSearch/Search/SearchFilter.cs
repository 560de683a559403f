namespace Workflows.AiSearch.Search;

/// <summary>Which documents may be found at all. A document must have every tag and lie in the time [From,
/// To).</summary>
/// <param name="ContentTypes">Of one of these types; empty = of any that is searched unless it is named.</param>
/// <param name="Tags">All of these.</param>
/// <param name="WorkspaceId">In this workspace; null = in any.</param>
/// <param name="From">Of this time or later.</param>
/// <param name="To">Before this time.</param>
/// <param name="Workflows">Documents of these workflows and their executions only; null = all.</param>
/// <param name="Workspaces">With <paramref name="Workflows"/>: prompt cards of these workspaces only, and articles of
/// these and of the whole tenant.</param>
/// <param name="Category">Articles of this category only; null = all there is.</param>
/// <param name="Visible">Types that the caller may see; null = all.</param>
internal sealed record SearchFilter(
    string[] ContentTypes, string[] Tags, Guid? WorkspaceId, DateTimeOffset? From, DateTimeOffset? To,
    IReadOnlySet<Guid>? Workflows = null, IReadOnlyCollection<string>? Visible = null,
    IReadOnlySet<Guid>? Workspaces = null, string? Category = null)
{
    public static SearchFilter None { get; } = new([], [], null, null, null);

    /// <summary>Nothing is asked for but what may be seen.</summary>
    public bool IsEmpty => ContentTypes.Length == 0 && Tags.Length == 0 && WorkspaceId is null && From is null
        && To is null;

    /// <summary>Both at once; types and tags are those of either.</summary>
    public SearchFilter With(SearchFilter other) => this with
    {
        ContentTypes = [.. ContentTypes.Union(other.ContentTypes)],
        Tags = [.. Tags.Union(other.Tags)],
        From = From is { } from && other.From is { } otherFrom ? (from > otherFrom ? from : otherFrom)
            : From ?? other.From,
        To = To is { } to && other.To is { } otherTo ? (to < otherTo ? to : otherTo) : To ?? other.To,
    };

    /// <summary>Whether it needs more of a document than its type and tags.</summary>
    public bool LooksCloser => WorkspaceId is not null || From is not null || To is not null || Workflows is not null
        || Category is not null;

    /// <summary>What it says of a document besides types and tags.</summary>
    public bool AllowsCloser(CorpusDocument document) =>
        (WorkspaceId is null || WorkspaceId == document.WorkspaceId)
        && (From is null || document.ContentAt >= From)
        && (To is null || document.ContentAt < To)
        && (Category is null || Category == document.Category)
        && (Workflows is null || IsGranted(document));

    private bool IsGranted(CorpusDocument document) => document.ContentType switch
    {
        Indexing.ContentTypes.KnowledgeArticle =>
            document.WorkspaceId is not { } ofArticle || Workspaces?.Contains(ofArticle) == true,
        Indexing.ContentTypes.PromptCard =>
            document.WorkspaceId is { } ofCard && Workspaces?.Contains(ofCard) == true,
        _ => document.WorkflowId is { } workflowId && Workflows!.Contains(workflowId),
    };

    /// <summary>Whether the document may be found, were it of a wanted type.</summary>
    public bool AllowsApartFromType(CorpusDocument document) =>
        Array.TrueForAll(Tags, tag => document.Tags.Contains(tag)) && (Visible?.Contains(document.ContentType) ?? true)
        && AllowsCloser(document);

    /// <summary>Whether a type is wanted. Nodes are wanted only by name: their workflow is found already.</summary>
    public bool AllowsType(string type) => ContentTypes.Length == 0
        ? type != Indexing.ContentTypes.Node
        : Array.IndexOf(ContentTypes, type) >= 0;

    public bool Allows(CorpusDocument document) => AllowsType(document.ContentType) && AllowsApartFromType(document);
}

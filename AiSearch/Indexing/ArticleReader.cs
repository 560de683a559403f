using Workflows.AiSearch.Storage;

namespace Workflows.AiSearch.Indexing;

/// <summary>Reads the present state of articles that are to be indexed, under their tenant.</summary>
internal sealed class ArticleReader(SearchDatabase database)
{
    // An article is in the trash with its workspace.
    private const string ArticlesSql = """
        select a.id, a.title, a.content, a.category, a.tags, a.workspace_id, a.source_url, f.name, a.status,
          a.version::bigint, a.updated_at, coalesce(w.deleted_at is not null, false)
        from knowledge_articles a
        left join workspaces w on w.tenant_id = a.tenant_id and w.id = a.workspace_id
        left join knowledge_files f on f.tenant_id = a.tenant_id and f.article_id = a.id
        where a.tenant_id = $1 and a.id = any($2)
        """;

    /// <summary>The contents of articles; one that is not there any more comes back as removed.</summary>
    public async Task<IReadOnlyList<Content>> ReadAsync(
        Guid tenantId, IReadOnlyList<Guid> articleIds, CancellationToken cancellationToken)
    {
        if (articleIds.Count == 0)
        {
            return [];
        }

        await using var batch = database.BatchFor(tenantId);
        batch.Add(ArticlesSql, tenantId, articleIds.ToArray());
        await using var reader = await batch.ReadAsync(cancellationToken);
        var contents = new List<Content>();
        while (await reader.ReadAsync(cancellationToken))
        {
            contents.Add(ArticleContent.Of(new ArticleSource(
                Id: reader.GetGuid(0),
                Title: reader.GetString(1),
                Markdown: reader.GetString(2),
                Category: reader.GetString(3),
                Tags: reader.GetFieldValue<string[]>(4),
                WorkspaceId: reader.IsDBNull(5) ? null : reader.GetGuid(5),
                SourceUrl: reader.IsDBNull(6) ? null : reader.GetString(6),
                File: reader.IsDBNull(7) ? null : reader.GetString(7),
                Status: reader.GetString(8),
                Version: reader.GetInt64(9),
                UpdatedAt: reader.GetFieldValue<DateTimeOffset>(10),
                IsHidden: reader.GetBoolean(11))));
        }

        var found = contents.Select(content => content.Id).ToHashSet();
        contents.AddRange(articleIds.Where(id => !found.Contains(id)).Select(id => Content.Removed(
            ContentTypes.KnowledgeArticle, id, long.MaxValue, DateTimeOffset.UnixEpoch)));
        return contents;
    }
}

using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Knowledge;

/// <summary>Articles as they were, what differs, and the way back.</summary>
internal static class ArticleVersionEndpoints
{
    public static void MapArticleVersions(this IEndpointRouteBuilder routes)
    {
        var versions = routes.MapGroup("/knowledge/{articleId:guid}/versions").WithTags("Knowledge");
        versions.MapGet("", ListAsync).Requires(Permission.KnowledgeRead)
            .WithSummary("List the versions of an article that are kept, newest first");
        versions.MapGet("/{number:int}", GetAsync).Requires(Permission.KnowledgeRead)
            .WithSummary("Get a version of an article with its content");
        versions.MapGet("/{number:int}/diff/{other:int}", DiffAsync).Requires(Permission.KnowledgeRead)
            .WithSummary("Say what differs between two versions of an article, line by line");
        versions.MapPost("/{number:int}/restore", RestoreAsync).Requires(Permission.KnowledgeWrite)
            .WithSummary("Make an article what it was, as a new version");
    }

    private static async Task<ApiResponse<List<ArticleVersionSummary>>> ListAsync(
        Guid articleId, ApiRequest request, CancellationToken cancellationToken)
    {
        if (!await request.Db.KnowledgeArticles.AnyAsync(row => row.Id == articleId, cancellationToken))
        {
            return new Problem(Errors.ArticleNotFound);
        }

        return await request.Db.KnowledgeVersions.Where(row => row.ArticleId == articleId)
            .OrderByDescending(row => row.Number).Take(Limits.ArticleVersions)
            .Select(row => new ArticleVersionSummary(
                row.Number, row.Title, row.Category, row.Tags, row.SourceUrl, row.Change, row.CreatedBy,
                row.CreatedAt))
            .ToListAsync(cancellationToken);
    }

    private static async Task<ApiResponse<ArticleVersionView>> GetAsync(
        Guid articleId, int number, ApiRequest request, CancellationToken cancellationToken)
    {
        var (row, problem) = await FindAsync(request, articleId, number, cancellationToken);
        return row is null
            ? problem!
            : new ArticleVersionView(
                row.Number, row.Title, row.Category, row.Tags, row.SourceUrl, row.Change, row.CreatedBy, row.CreatedAt,
                row.Content);
    }

    private static async Task<ApiResponse<ArticleDiffView>> DiffAsync(
        Guid articleId, int number, int other, ApiRequest request, CancellationToken cancellationToken)
    {
        var (before, problem) = await FindAsync(request, articleId, number, cancellationToken);
        var (after, otherProblem) = await FindAsync(request, articleId, other, cancellationToken);
        if (before is null || after is null)
        {
            return (problem ?? otherProblem)!;
        }

        var lines = LineDiff.Between(before.Content, after.Content, Limits.DiffedLines);
        var near = LineDiff.Near(lines).Take(Limits.DiffAnswerLines + 1).ToList();
        return new ArticleDiffView(
            number, other, lines.Count(line => line.Kind == "added"), lines.Count(line => line.Kind == "removed"),
            [.. Fields(before, after)], [.. near.Take(Limits.DiffAnswerLines)], near.Count > Limits.DiffAnswerLines);
    }

    private static IEnumerable<FieldDiffView> Fields(KnowledgeVersion before, KnowledgeVersion after) =>
        new FieldDiffView[]
        {
            new("title", before.Title, after.Title),
            new("category", before.Category, after.Category),
            new("tags", string.Join(", ", before.Tags), string.Join(", ", after.Tags)),
            new("sourceUrl", before.SourceUrl ?? "", after.SourceUrl ?? ""),
        }.Where(field => field.Before != field.After);

    private static Task<ApiResponse<ArticleView>> RestoreAsync(Guid articleId, int number, ApiRequest request) =>
        request.ChangeAsync<ArticleView>(async token =>
        {
            var article = await request.Db.KnowledgeArticles.SingleOrDefaultAsync(row => row.Id == articleId, token);
            if (article is null)
            {
                return new Problem(Errors.ArticleNotFound);
            }

            if ((await request.RefusesPlaceAsync(article.WorkspaceId, token) ?? request.CheckMatch(article)
                ?? (article.Status == KnowledgeArticle.Processing
                    ? new Problem(Errors.Conflict, "Its file is still being read.")
                    : null)) is { } refusal)
            {
                return refusal;
            }

            var (version, problem) = await FindAsync(request, articleId, number, token);
            if (version is null)
            {
                return problem!;
            }

            var before = Articles.Told(article);
            article.Title = version.Title;
            article.Content = version.Content;
            article.Category = version.Category;
            article.Tags = version.Tags;
            article.SourceUrl = version.SourceUrl;
            (article.Status, article.FailureCode, article.Failure) = (KnowledgeArticle.Ready, null, null);
            article.UpdatedBy = request.Caller.UserId;
            article.Touch(request.Now);
            await request.KeepVersionAsync(article, "restore", token);
            request.Record(
                "knowledge.restore", "knowledge_article", articleId, article.Title, before, Articles.Told(article));
            return ApiResponse<ArticleView>.Ok(await request.ViewAsync(article, token), article.Version);
        });

    private static async Task<(KnowledgeVersion? Version, Problem? Problem)> FindAsync(
        ApiRequest request, Guid articleId, int number, CancellationToken token)
    {
        if (!await request.Db.KnowledgeArticles.AnyAsync(row => row.Id == articleId, token))
        {
            return (null, new Problem(Errors.ArticleNotFound));
        }

        var version = await request.Db.KnowledgeVersions.AsNoTracking()
            .SingleOrDefaultAsync(row => row.ArticleId == articleId && row.Number == number, token);
        return (version, version is null ? new Problem(Errors.ArticleVersionNotFound) : null);
    }
}

using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Knowledge;

/// <summary>What a tenant knows, as articles. Those of a workspace are seen by who sees all of the workspace, the
/// others by everybody of the tenant; the database's policies say so, too.</summary>
internal static class ArticleEndpoints
{
    private static readonly string[] Statuses =
        [KnowledgeArticle.Processing, KnowledgeArticle.Ready, KnowledgeArticle.Failed];

    public static void MapArticles(this IEndpointRouteBuilder routes)
    {
        var articles = routes.MapGroup("/knowledge").WithTags("Knowledge");
        articles.MapGet("", ListAsync).Requires(Permission.KnowledgeRead)
            .WithSummary("List articles without their contents, newest first");
        articles.MapGet("/categories", CountAsync).Requires(Permission.KnowledgeRead)
            .WithSummary("Count articles by category");
        articles.MapPost("", CreateAsync).Requires(Permission.KnowledgeWrite)
            .WithMetadata(new SuccessStatus(201), new BodyLimit(Limits.ArticleBodyBytes))
            .WithSummary("Write an article in Markdown");
        articles.MapGet("/{articleId:guid}", GetAsync).Requires(Permission.KnowledgeRead)
            .WithSummary("Get an article");
        articles.MapPatch("/{articleId:guid}", UpdateAsync).Requires(Permission.KnowledgeWrite)
            .WithMetadata(new BodyLimit(Limits.ArticleBodyBytes))
            .WithSummary("Change an article; a new version is kept");
        articles.MapDelete("/{articleId:guid}", DeleteAsync).Requires(Permission.KnowledgeWrite)
            .WithSummary("Delete an article for good, with its versions and its file");
    }

    private static async Task<ApiResponse<List<ArticleSummary>>> ListAsync(
        [AsParameters] ArticleQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.Status is { } given && !Statuses.Contains(given))
        {
            return Problem.Parameter("status", $"'status' is one of {string.Join(", ", Statuses)}.");
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"knowledge?{filter}");
        var articles = request.Db.KnowledgeArticles.AsNoTracking();
        articles = filter.Category is { } category ? articles.Where(row => row.Category == category) : articles;
        articles = filter.Tag is { } tag ? articles.Where(row => row.Tags.Contains(tag)) : articles;
        articles = filter.Workspace is { } workspace ? articles.Where(row => row.WorkspaceId == workspace) : articles;
        articles = filter.Status is { } status ? articles.Where(row => row.Status == status) : articles;
        articles = filter.Text is { Length: > 0 } text
            ? articles.Where(row => EF.Functions.ILike(row.Title, Containing(text), @"\"))
            : articles;
        var total = await articles.CountAsync(query, cancellationToken);
        var rows = await articles.After(page, after => row => row.Id < after.Id)
            .OrderByDescending(row => row.Id).Take(page.Take)
            .Select(row => new
            {
                row.Id,
                row.Title,
                row.Category,
                row.Tags,
                row.WorkspaceId,
                row.SourceUrl,
                row.Status,
                row.FailureCode,
                row.Failure,
                row.Content.Length,
                row.CreatedBy,
                row.UpdatedBy,
                row.Version,
                row.CreatedAt,
                row.UpdatedAt,
            }).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        var files = await request.FilesOfAsync([.. rows.Select(row => row.Id)], cancellationToken);
        return ApiResponse<List<ArticleSummary>>.Page(
            rows.ConvertAll(row => new ArticleSummary(
                row.Id, row.Title, row.Category, row.Tags, row.WorkspaceId, row.SourceUrl, row.Status,
                row.FailureCode is null ? null : new FailureView(row.FailureCode, row.Failure!),
                Articles.View(files.GetValueOrDefault(row.Id)), row.Length, row.CreatedBy, row.UpdatedBy, row.Version,
                row.CreatedAt, row.UpdatedAt)),
            pagination, FieldSelection.Read<ArticleSummary>(query));
    }

    private static string Containing(string text) =>
        $"%{text.Replace(@"\", @"\\", StringComparison.Ordinal)
            .Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal)}%";

    private static async Task<ApiResponse<List<CategoryView>>> CountAsync(
        ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.KnowledgeArticles.GroupBy(row => row.Category)
            .Select(group => new { group.Key, Count = group.Count() })
            .OrderBy(group => group.Key).Take(Limits.Categories)
            .Select(group => new CategoryView(group.Key, group.Count)).ToListAsync(cancellationToken);

    private static async Task<ApiResponse<ArticleView>> GetAsync(
        Guid articleId, ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.KnowledgeArticles.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == articleId, cancellationToken) is { } article
            ? ApiResponse<ArticleView>.Ok(await request.ViewAsync(article, cancellationToken), article.Version)
            : new Problem(Errors.ArticleNotFound);

    private static Task<ApiResponse<ArticleView>> CreateAsync(Body<CreateArticleRequest> body, ApiRequest request)
    {
        var wanted = body.Value with { Category = Names.Clean(body.Value.Category) };
        return Articles.Check(wanted.Title, wanted.Content, wanted.Category, wanted.Tags, wanted.SourceUrl)
            is { } problem
            ? Task.FromResult<ApiResponse<ArticleView>>(problem)
            : request.ChangeAsync<ArticleView>(async token =>
            {
                if ((await request.RefusesPlaceAsync(wanted.WorkspaceId, token)
                    ?? await RefusesMoreAsync(request, token)) is { } refusal)
                {
                    return refusal;
                }

                var article = new KnowledgeArticle
                {
                    TenantId = request.Caller.TenantId,
                    Id = request.NewId(),
                    Title = wanted.Title,
                    Content = wanted.Content,
                    Category = wanted.Category,
                    Tags = [.. (wanted.Tags ?? []).Distinct()],
                    WorkspaceId = wanted.WorkspaceId,
                    SourceUrl = string.IsNullOrEmpty(wanted.SourceUrl) ? null : wanted.SourceUrl,
                    CreatedBy = request.Caller.UserId,
                    UpdatedBy = request.Caller.UserId,
                    CreatedAt = request.Now,
                    UpdatedAt = request.Now,
                };
                request.Db.KnowledgeArticles.Add(article);
                await request.KeepVersionAsync(article, "create", token);
                request.Record(
                    "knowledge.create", "knowledge_article", article.Id, article.Title, after: Articles.Told(article));
                return ApiResponse<ArticleView>.Created(
                    Articles.View(article, null), $"/api/v1/knowledge/{article.Id}", article.Version);
            });
    }

    /// <summary>Null while the tenant may have another article.</summary>
    public static async Task<Problem?> RefusesMoreAsync(ApiRequest request, CancellationToken token) =>
        await request.Db.KnowledgeArticles.CountAsync(token) >= Limits.Articles
            ? new Problem(Errors.LimitReached, $"A tenant has at most {Limits.Articles} articles.")
            : null;

    private static Task<ApiResponse<ArticleView>> UpdateAsync(
        Guid articleId, Body<UpdateArticleRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        return Articles.Check(wanted.Title, wanted.Content, wanted.Category, wanted.Tags, wanted.SourceUrl)
            is { } problem
            ? Task.FromResult<ApiResponse<ArticleView>>(problem)
            : request.ChangeAsync<ArticleView>(async token =>
            {
                var article = await request.Db.KnowledgeArticles
                    .SingleOrDefaultAsync(row => row.Id == articleId, token);
                if (article is null)
                {
                    return new Problem(Errors.ArticleNotFound);
                }

                if ((await request.RefusesPlaceAsync(article.WorkspaceId, token) ?? request.CheckMatch(article)
                    ?? (article.Status == KnowledgeArticle.Processing && wanted.Content is not null
                        ? new Problem(Errors.Conflict, "Its file is still being read; change it when that is done.")
                        : null)) is { } refusal)
                {
                    return refusal;
                }

                var before = Articles.Told(article);
                if (await MoveAsync(request, article, wanted.WorkspaceId, token) is { } elsewhere)
                {
                    return elsewhere;
                }

                Apply(article, wanted, request);
                await request.KeepVersionAsync(article, "update", token);
                request.Record(
                    "knowledge.update", "knowledge_article", articleId, article.Title, before, Articles.Told(article));
                return ApiResponse<ArticleView>.Ok(await request.ViewAsync(article, token), article.Version);
            });
    }

    private static async Task<Problem?> MoveAsync(
        ApiRequest request, KnowledgeArticle article, Guid? workspaceId, CancellationToken token)
    {
        if (workspaceId is not { } wanted)
        {
            return null;
        }

        Guid? target = wanted == Guid.Empty ? null : wanted;
        if (target == article.WorkspaceId)
        {
            return null;
        }

        var refusal = await request.RefusesPlaceAsync(target, token);
        article.WorkspaceId = refusal is null ? target : article.WorkspaceId;
        return refusal;
    }

    private static void Apply(KnowledgeArticle article, UpdateArticleRequest wanted, ApiRequest request)
    {
        article.Title = wanted.Title ?? article.Title;
        article.Category = wanted.Category is { } category ? Names.Clean(category) : article.Category;
        article.Tags = wanted.Tags is { } tags ? [.. tags.Distinct()] : article.Tags;
        article.SourceUrl = wanted.SourceUrl is { } url ? (url.Length == 0 ? null : url) : article.SourceUrl;
        if (wanted.Content is { } content)
        {
            // Who writes what could not be read has mended it.
            article.Content = content;
            (article.Status, article.FailureCode, article.Failure) = (KnowledgeArticle.Ready, null, null);
        }

        article.UpdatedBy = request.Caller.UserId;
        article.Touch(request.Now);
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid articleId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            var article = await request.Db.KnowledgeArticles.SingleOrDefaultAsync(row => row.Id == articleId, token);
            if (article is null)
            {
                return new Problem(Errors.ArticleNotFound);
            }

            if ((await request.RefusesPlaceAsync(article.WorkspaceId, token) ?? request.CheckMatch(article))
                is { } refusal)
            {
                return refusal;
            }

            request.Db.KnowledgeArticles.Remove(article);
            request.Announce(Articles.Topic, articleId);
            request.Record(
                "knowledge.delete", "knowledge_article", articleId, article.Title, before: Articles.Told(article));
            return new Done(articleId, "deleted");
        });
}

using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Knowledge;

/// <summary>Files as articles: stored first, then read by the search service, which says how that went.</summary>
internal static class FileEndpoints
{
    public static void MapKnowledgeFiles(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/knowledge").WithTags("Knowledge");
        group.MapPost("/files", UploadAsync).Requires(Permission.KnowledgeWrite)
            .WithMetadata(new SuccessStatus(202), new BodyLimit(Limits.KnowledgeFileBytes))
            .WithSummary("Make an article of a file: its bytes are the body, its name a parameter")
            .WithDescription(
                "PDF, DOCX, HTML, Markdown, CSV or text, by its content. The answer's status is processing; it becomes "
                + "ready, or failed with the reason.");
        group.MapGet("/{articleId:guid}/file", DownloadAsync).Requires(Permission.KnowledgeRead)
            .Produces(StatusCodes.Status200OK, contentType: "application/octet-stream")
            .WithSummary("Get the file that an article was read out of");
        group.MapPost("/{articleId:guid}/file/read", ReadAgainAsync).Requires(Permission.KnowledgeWrite)
            .WithMetadata(new SuccessStatus(202))
            .WithSummary("Read an article's file again; what it says replaces the article's content");
    }

    private static async Task<ApiResponse<ArticleView>> UploadAsync(
        [AsParameters] UploadQuery query, HttpContext context, ApiRequest request, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(query.Name?.Replace('\\', '/') ?? "");
        if (new Checks().Name("name", name, Limits.FileNameLength).Problem is not null)
        {
            return Problem.Parameter(
                "name", $"'name' is the file's name, of at most {Limits.FileNameLength} characters.");
        }

        var title = query.Title ?? Path.GetFileNameWithoutExtension(name);
        title = string.IsNullOrWhiteSpace(title) ? name : title;
        var category = Names.Clean(query.Category ?? "");
        if (Articles.Check(title, null, category, query.Tag, query.SourceUrl) is { } problem)
        {
            return problem;
        }

        await using var body = await RequestBody.ReadFileAsync(context);
        var (format, refusal) = FileFormats.Find(name, body.Utf8.Span);
        if (format is null)
        {
            return new Problem(Errors.FileFormatUnknown, refusal);
        }

        var bytes = body.Utf8.ToArray();
        return await request.ChangeAsync<ArticleView>(async token =>
        {
            if ((await request.RefusesPlaceAsync(query.Workspace, token)
                ?? await ArticleEndpoints.RefusesMoreAsync(request, token)) is { } refused)
            {
                return refused;
            }

            var article = Article(query, title, category, request);
            var file = new KnowledgeFile
            {
                TenantId = article.TenantId,
                ArticleId = article.Id,
                Name = name,
                Format = format,
                Size = bytes.Length,
                Hash = SHA256.HashData(bytes),
                Bytes = bytes,
                DueAt = request.Now,
                CreatedAt = request.Now,
            };
            request.Db.KnowledgeArticles.Add(article);
            request.Db.KnowledgeFiles.Add(file);
            await request.KeepVersionAsync(article, "create", token);
            request.Record(
                "knowledge.upload", "knowledge_article", article.Id, article.Title,
                after: new { article.Title, file.Name, file.Format, file.Size, article.WorkspaceId });
            var facts = new Articles.FileFacts(article.Id, name, format, bytes.Length, file.Hash, null);
            return ApiResponse<ArticleView>.Accepted(Articles.View(article, facts));
        });
    }

    private static KnowledgeArticle Article(
        UploadQuery query, string title, string category, ApiRequest request) => new()
        {
            TenantId = request.Caller.TenantId,
            Id = request.NewId(),
            Title = title,
            Category = category,
            Tags = [.. (query.Tag ?? []).Distinct()],
            WorkspaceId = query.Workspace,
            SourceUrl = string.IsNullOrEmpty(query.SourceUrl) ? null : query.SourceUrl,
            Status = KnowledgeArticle.Processing,
            CreatedBy = request.Caller.UserId,
            UpdatedBy = request.Caller.UserId,
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };

    private static async Task<IResult> DownloadAsync(
        Guid articleId, ApiRequest request, CancellationToken cancellationToken)
    {
        if (!await request.Db.KnowledgeArticles.AnyAsync(row => row.Id == articleId, cancellationToken))
        {
            return new Problem(Errors.ArticleNotFound);
        }

        var file = await request.Db.KnowledgeFiles.AsNoTracking()
            .SingleOrDefaultAsync(row => row.ArticleId == articleId, cancellationToken);
        if (file is null)
        {
            return new Problem(Errors.ArticleFileNotFound);
        }

        // Somebody else's HTML must not run as a page of this address.
        request.Http.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        request.Http.Response.Headers.XContentTypeOptions = "nosniff";
        return Results.File(file.Bytes, FileFormats.MediaType(file.Format), file.Name);
    }

    private static Task<ApiResponse<ArticleView>> ReadAgainAsync(Guid articleId, ApiRequest request) =>
        request.ChangeAsync<ArticleView>(async token =>
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

            var due = await request.Db.KnowledgeFiles.Where(row => row.ArticleId == articleId)
                .ExecuteUpdateAsync(
                    row => row.SetProperty(file => file.DueAt, request.Now).SetProperty(file => file.Attempts, 0),
                    token);
            if (due == 0)
            {
                return new Problem(Errors.ArticleFileNotFound);
            }

            var before = Articles.Told(article);
            (article.Status, article.FailureCode, article.Failure) = (KnowledgeArticle.Processing, null, null);
            article.UpdatedBy = request.Caller.UserId;
            article.Touch(request.Now);
            await request.KeepVersionAsync(article, "update", token);
            request.Record(
                "knowledge.read", "knowledge_article", articleId, article.Title, before, Articles.Told(article));
            return ApiResponse<ArticleView>.Accepted(await request.ViewAsync(article, token));
        });
}

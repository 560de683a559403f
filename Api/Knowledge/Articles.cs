using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Knowledge;

/// <summary>What the routes of articles have in common.</summary>
internal static class Articles
{
    public const string Topic = "index_article";

    /// <summary>A file without its bytes.</summary>
    internal sealed record FileFacts(Guid ArticleId, string Name, string Format, int Size, byte[] Hash, int? Pages);

    public static async Task<ArticleView> ViewAsync(
        this ApiRequest request, KnowledgeArticle row, CancellationToken token)
    {
        var file = (await request.FilesOfAsync([row.Id], token)).GetValueOrDefault(row.Id);
        return View(row, file);
    }

    public static ArticleView View(KnowledgeArticle row, FileFacts? file) => new(
        row.Id, row.Title, row.Category, row.Tags, row.WorkspaceId, row.SourceUrl, row.Status, Failure(row),
        View(file), row.Content.Length, row.CreatedBy, row.UpdatedBy, row.Version, row.CreatedAt, row.UpdatedAt,
        row.Content);

    public static FileView? View(FileFacts? file) => file is null
        ? null
        : new FileView(file.Name, file.Format, file.Size, Convert.ToHexStringLower(file.Hash), file.Pages);

    public static FailureView? Failure(KnowledgeArticle row) =>
        row is { FailureCode: { } code, Failure: { } message } ? new FailureView(code, message) : null;

    public static Task<Dictionary<Guid, FileFacts>> FilesOfAsync(
        this ApiRequest request, Guid[] articles, CancellationToken token) =>
        request.Db.KnowledgeFiles.Where(row => articles.Contains(row.ArticleId))
            .Select(row => new FileFacts(row.ArticleId, row.Name, row.Format, row.Size, row.Hash, row.Pages))
            .ToDictionaryAsync(row => row.ArticleId, token);

    /// <summary>What the activity says of an article.</summary>
    public static object Told(KnowledgeArticle row) =>
        new { row.Title, row.Category, row.Tags, row.WorkspaceId, row.SourceUrl, row.Content.Length, row.Version };

    public static Problem? Check(
        string? title, string? content, string? category, string[]? tags, string? sourceUrl)
    {
        var checks = new Checks().Name("title", title).Text("content", content, Limits.ArticleLength)
            .Tags("tags", tags);
        if (!string.IsNullOrEmpty(category))
        {
            checks.Name("category", category, Limits.CategoryLength);
        }

        if (!string.IsNullOrEmpty(sourceUrl) && !IsWebAddress(sourceUrl))
        {
            checks.Add("sourceUrl", "URL",
                $"'sourceUrl' is an address with http or https, of at most {Limits.SourceUrlLength} characters.");
        }

        return checks.Problem;
    }

    // A link that somebody clicks: nothing but the web, so that no article runs a script.
    private static bool IsWebAddress(string text) => text.Length <= Limits.SourceUrlLength
        && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && !text.AsSpan().ContainsAnyInRange('\0', ' ');

    /// <summary>Whether the caller may put an article into a workspace, or change what is there.</summary>
    public static async Task<Problem?> RefusesPlaceAsync(
        this ApiRequest request, Guid? workspaceId, CancellationToken token)
    {
        if (workspaceId is { } id)
        {
            return await request.Db.Workspaces.AnyAsync(row => row.Id == id, token)
                ? await request.RefusesAsync("workspace", id, ObjectLevel.Edit, token)
                : new Problem(Errors.WorkspaceNotFound);
        }

        return request.Caller.OnlyGranted
            ? new Problem(Errors.Forbidden, "Articles of the whole tenant are for roles that see the whole tenant.")
            : null;
    }

    /// <summary>Keeps the article as it is now, forgets what is older than the versions that are kept, and leaves it to
    /// be indexed.</summary>
    public static async Task KeepVersionAsync(
        this ApiRequest request, KnowledgeArticle row, string change, CancellationToken token)
    {
        var last = row.Version - Limits.ArticleVersions;
        if (last > 0)
        {
            await request.Db.KnowledgeVersions.Where(old => old.ArticleId == row.Id && old.Number <= last)
                .ExecuteDeleteAsync(token);
        }

        request.Db.KnowledgeVersions.Add(new KnowledgeVersion
        {
            TenantId = row.TenantId,
            ArticleId = row.Id,
            Number = row.Version,
            Title = row.Title,
            Content = row.Content,
            Category = row.Category,
            Tags = row.Tags,
            SourceUrl = row.SourceUrl,
            Change = change,
            CreatedBy = request.Caller.UserId,
            CreatedAt = request.Now,
        });
        request.Announce(Topic, row.Id);
    }
}

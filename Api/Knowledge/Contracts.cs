using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Api.Http.Grounding;

namespace Workflows.Api.Knowledge;

/// <param name="Content">Markdown.</param>
/// <param name="WorkspaceId">Who sees the workspace sees the article; without one, everybody of the tenant.</param>
/// <param name="SourceUrl">Where it comes from: http or https.</param>
internal sealed record CreateArticleRequest(
    string Title,
    string Content = "",
    string Category = "",
    string[]? Tags = null,
    Guid? WorkspaceId = null,
    string? SourceUrl = null);

/// <summary>What is left out stays as it is.</summary>
/// <param name="WorkspaceId">All zeros for the whole tenant.</param>
/// <param name="SourceUrl">Empty for none.</param>
internal sealed record UpdateArticleRequest(
    string? Title = null,
    string? Content = null,
    string? Category = null,
    string[]? Tags = null,
    Guid? WorkspaceId = null,
    string? SourceUrl = null);

/// <summary>An article in a list: everything but its content.</summary>
/// <param name="Status">processing while a file is read, ready, or failed.</param>
/// <param name="File">The file that it was read out of; null where somebody wrote it.</param>
/// <param name="CreatedBy">Null where an API key wrote it.</param>
internal record ArticleSummary(
    Guid Id,
    string Title,
    string Category,
    IReadOnlyList<string> Tags,
    Guid? WorkspaceId,
    string? SourceUrl,
    [property: OneOf(ClosedList.ArticleStatus)] string Status,
    FailureView? Failure,
    FileView? File,
    int Length,
    Guid? CreatedBy,
    Guid? UpdatedBy,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <param name="Content">Markdown.</param>
internal sealed record ArticleView(
    Guid Id, string Title, string Category, IReadOnlyList<string> Tags, Guid? WorkspaceId, string? SourceUrl,
    string Status, FailureView? Failure, FileView? File, int Length, Guid? CreatedBy, Guid? UpdatedBy, int Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, string Content)
    : ArticleSummary(
        Id, Title, Category, Tags, WorkspaceId, SourceUrl, Status, Failure, File, Length, CreatedBy, UpdatedBy, Version,
        CreatedAt, UpdatedAt);

/// <summary>Why a file could not be read.</summary>
internal sealed record FailureView(string Code, string Message);

/// <param name="Format">pdf, docx, html, markdown, csv or text: by its content.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Hash">SHA-256, in hexadecimal digits.</param>
/// <param name="Pages">Null where the format has none, or nothing was read yet.</param>
internal sealed record FileView(string Name, string Format, int Size, string Hash, int? Pages);

/// <param name="Category">Empty: articles without one.</param>
internal sealed record CategoryView(string Category, int Articles);

/// <param name="Text">Part of the title.</param>
internal sealed record ArticleQuery(
    [property: FromQuery(Name = "category")] string? Category,
    [property: FromQuery(Name = "tag")] string? Tag,
    [property: FromQuery(Name = "workspace")] Guid? Workspace,
    [property: FromQuery(Name = "status")] string? Status,
    [property: FromQuery(Name = "text")] string? Text);

internal record ArticleVersionSummary(
    int Number, string Title, string Category, IReadOnlyList<string> Tags, string? SourceUrl,
    [property: OneOf(ClosedList.ArticleChange)] string Change, Guid? CreatedBy, DateTimeOffset CreatedAt);

internal sealed record ArticleVersionView(
    int Number, string Title, string Category, IReadOnlyList<string> Tags, string? SourceUrl, string Change,
    Guid? CreatedBy, DateTimeOffset CreatedAt, string Content)
    : ArticleVersionSummary(Number, Title, Category, Tags, SourceUrl, Change, CreatedBy, CreatedAt);

/// <param name="Kind">same, removed or added.</param>
/// <param name="From">Number of the line before, from 1; null where it is new.</param>
/// <param name="To">Number of the line after; null where it is gone.</param>
internal sealed record DiffLineView(string Kind, int? From, int? To, string Text);

/// <param name="Added">Lines that came.</param>
/// <param name="Removed">Lines that went.</param>
/// <param name="Fields">Other fields that differ.</param>
/// <param name="Lines">What differs with three lines around it.</param>
/// <param name="IsCut">There are more lines than are answered.</param>
internal sealed record ArticleDiffView(
    int From, int To, int Added, int Removed, IReadOnlyList<FieldDiffView> Fields, IReadOnlyList<DiffLineView> Lines,
    bool IsCut);

internal sealed record FieldDiffView(string Field, string Before, string After);

/// <summary>What is told of a file that comes.</summary>
/// <param name="Title">The file's name without its ending when left out.</param>
internal sealed record UploadQuery(
    [property: FromQuery(Name = "name")] string? Name,
    [property: FromQuery(Name = "title")] string? Title,
    [property: FromQuery(Name = "category")] string? Category,
    [property: FromQuery(Name = "tag")] string[]? Tag,
    [property: FromQuery(Name = "workspace")] Guid? Workspace,
    [property: FromQuery(Name = "sourceUrl")] string? SourceUrl);

/// <param name="Model">Which model answers; the tenant's own choice when left out.</param>
/// <param name="Limit">Passages that the answer may rest on.</param>
internal sealed record AnswerRequest(
    string Question,
    string? Model = null,
    int? Limit = null,
    string? Category = null,
    string[]? Tags = null,
    Guid? WorkspaceId = null);

/// <summary>An answer with the passages it rests on.</summary>
/// <param name="Answer">Null where no model answers: the passages are all there is.</param>
/// <param name="Sentences">Of the answer, each with its sources.</param>
/// <param name="Notice">What is to be known about it.</param>
internal sealed record AnswerView(
    string Question, string? Answer, IReadOnlyList<SentenceView> Sentences, IReadOnlyList<PassageView> Passages,
    string? Notice);

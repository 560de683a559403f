using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Engine.Prompts;

namespace Workflows.Api.PromptCards;

/// <param name="Q">Words of the title or description, in any case.</param>
/// <param name="VariableType">Only cards with a variable of this type.</param>
/// <param name="Category">Only cards whose <c>metadata.category</c> is this.</param>
/// <param name="Deleted">Only those in the trash.</param>
internal sealed record CardQuery(
    [property: FromQuery(Name = "workspaceId")] Guid? WorkspaceId,
    [property: FromQuery(Name = "q")] string? Q,
    [property: FromQuery(Name = "tag")] string? Tag,
    [property: FromQuery(Name = "variableType")] string? VariableType,
    [property: FromQuery(Name = "metadata.category")] string? Category,
    [property: FromQuery(Name = "deleted")] bool? Deleted);

/// <param name="Metadata">An object of at most 16 KiB.</param>
/// <param name="Note">Kept with the first version.</param>
internal sealed record CreateCardRequest(
    Guid WorkspaceId,
    string Title,
    PromptMessage[] Messages,
    string Description = "",
    string[]? Tags = null,
    RawJson? Metadata = null,
    PromptVariable[]? Variables = null,
    PromptSettings? Settings = null,
    string Note = "");

/// <summary>What is left out stays as it is. Other messages, variables or settings make a new version.</summary>
/// <param name="Metadata">Replaces the present object as a whole.</param>
/// <param name="Note">Kept with the new version.</param>
internal sealed record UpdateCardRequest(
    string? Title = null,
    string? Description = null,
    string[]? Tags = null,
    RawJson? Metadata = null,
    PromptMessage[]? Messages = null,
    PromptVariable[]? Variables = null,
    PromptSettings? Settings = null,
    string Note = "");

/// <param name="Title">Of the copy; null = the title of the card with a number behind it.</param>
/// <param name="WorkspaceId">Where the copy goes; null = beside the card.</param>
internal sealed record DuplicateCardRequest(string? Title = null, Guid? WorkspaceId = null) : IOptionalBody;

/// <param name="Number">Of the newest version, whose content this is.</param>
/// <param name="PublishedNumber">The version that is meant where none is named; null = the newest.</param>
internal sealed record CardView(
    Guid Id, Guid WorkspaceId, string Title, string Description, IReadOnlyList<string> Tags, RawJson Metadata,
    IReadOnlyList<PromptMessage> Messages, IReadOnlyList<PromptVariable> Variables, PromptSettings Settings, int Number,
    int? PublishedNumber, Guid? CreatedBy, Guid? UpdatedBy, DateTimeOffset? DeletedAt, int Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

internal sealed record CardVersionView(
    Guid CardId, int Number, IReadOnlyList<PromptMessage> Messages, IReadOnlyList<PromptVariable> Variables,
    PromptSettings Settings, string Note, Guid? CreatedBy, DateTimeOffset CreatedAt, bool IsPublished);

/// <param name="Part">message, variable or setting.</param>
/// <param name="Kind">added, removed or changed.</param>
/// <param name="Name">Of the variable or setting; of a message its place, from 0.</param>
/// <param name="Before">JSON; of a message its role and text.</param>
internal sealed record CardChange(string Part, string Kind, string Name, RawJson Before, RawJson After);

internal sealed record CardDiffView(Guid CardId, int From, int To, IReadOnlyList<CardChange> Changes);

/// <param name="Version">Null = the published one, or else the newest.</param>
internal sealed record RenderRequest(RawJson? Variables = null, int? Version = null) : IOptionalBody;

internal sealed record RenderView(Guid CardId, int Version, IReadOnlyList<PromptMessage> Messages);

/// <param name="Models">Names of 1 to 8 models; empty = that of the card, or else the tenant's default.</param>
internal sealed record RunCardRequest(RawJson? Variables = null, string[]? Models = null, int? Version = null)
    : IOptionalBody;

internal sealed record CardRunView(Guid CardId, int Version, IReadOnlyList<CardAnswerView> Answers);

/// <param name="Kind">run or test.</param>
/// <param name="Status">pending, running, done or skipped.</param>
/// <param name="ExecutionTimeMs">Of the model's answer.</param>
/// <param name="Passed">Of a test: whether all its assertions did. Of a run: whether there is an answer.</param>
/// <param name="Error">An object with code and message.</param>
/// <param name="Assertions">What came of each.</param>
internal sealed record CardAnswerView(
    Guid Id, string Kind, Guid? RunId, string? Case, int Version, string Model, string? LlmProvider, int Repeat,
    string Status, int? ExecutionTimeMs, bool? Passed, decimal CostUsd, long InputTokens, long OutputTokens,
    string? Answer, RawJson Error, RawJson Assertions, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt);

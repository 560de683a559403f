using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Conversations;

/// <param name="Kind">chat: with a model here; agent: kept here by an agent outside, by its messages.</param>
/// <param name="Title">Left out: the beginning of the first question.</param>
/// <param name="Model">The name of a chat model; left out = the tenant's default.</param>
/// <param name="Instructions">What the model is told before all else.</param>
/// <param name="Knowledge">Whether answers rest on the tenant's knowledge, with their sources.</param>
/// <param name="WorkspaceId">Whose knowledge and budgets count; left out = the tenant's.</param>
/// <param name="SessionId">What an agent calls it.</param>
/// <param name="Metadata">An object of one's own.</param>
internal sealed record CreateConversationRequest(
    string Kind = "chat",
    string? Title = null,
    string? Model = null,
    string? Instructions = null,
    bool Knowledge = false,
    Guid? WorkspaceId = null,
    string? SessionId = null,
    RawJson? Metadata = null) : IOptionalBody;

/// <summary>What is left out stays as it is.</summary>
internal sealed record UpdateConversationRequest(
    string? Title = null,
    string? Model = null,
    string? Instructions = null,
    bool? Knowledge = null,
    RawJson? Metadata = null);

/// <param name="Content">The question; left out with regenerate.</param>
/// <param name="Regenerate">Asks the last question again; its answer goes.</param>
/// <param name="Model">Another model for this answer.</param>
internal sealed record AskRequest(string? Content = null, bool Regenerate = false, string? Model = null);

/// <param name="Role">system, user, assistant or tool.</param>
internal sealed record KeepMessageRequest(string Role, string Content, RawJson? Metadata = null);

/// <param name="Search">Words in titles and messages.</param>
/// <param name="Workflow">Of the kind agent: those that the workflow keeps.</param>
internal sealed record ConversationQuery(
    [property: FromQuery(Name = "kind")] string? Kind,
    [property: FromQuery(Name = "q")] string? Search,
    [property: FromQuery(Name = "workflow")] Guid? Workflow,
    [property: FromQuery(Name = "session")] string? Session);

/// <param name="Messages">How many there are.</param>
/// <param name="ExpiresAt">When it is deleted unless something is said in it.</param>
internal sealed record ConversationView(
    Guid Id,
    string Kind,
    string Title,
    string Model,
    string Instructions,
    bool Knowledge,
    Guid? WorkspaceId,
    Guid? WorkflowId,
    string? SessionId,
    RawJson Metadata,
    int Messages,
    long InputTokens,
    long OutputTokens,
    decimal CostUsd,
    int Version,
    DateTimeOffset ExpiresAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <param name="Number">From 1, without gaps.</param>
/// <param name="Status">answering, complete, stopped (by who asked) or failed.</param>
/// <param name="Sources">Passages that the answer rests on, by their numbers in it.</param>
internal sealed record MessageView(
    int Number,
    string Role,
    string Content,
    string Status,
    string? Model,
    Guid? CallId,
    long InputTokens,
    long OutputTokens,
    decimal CostUsd,
    int? DurationMs,
    string? ErrorCode,
    string? ErrorMessage,
    RawJson? Sources,
    RawJson Metadata,
    DateTimeOffset CreatedAt);

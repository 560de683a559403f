using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.LanguageModels;

/// <param name="Name">By which nodes, prompt cards and chats name it; stays as it is.</param>
/// <param name="Kind">chat or embedding.</param>
/// <param name="ConnectorId">A connector of the type model: whose key and address.</param>
/// <param name="Model">What the provider calls it, like gpt-5-mini.</param>
/// <param name="Dimensions">Of an embedding model: numbers of its vectors.</param>
/// <param name="ContextTokens">Of question and answer together.</param>
/// <param name="MaxOutputTokens">Of one answer: also what is reserved of budgets for each call.</param>
/// <param name="InputPrice">US dollars for a million tokens; 0 = it costs nothing.</param>
/// <param name="OutputPrice">US dollars for a million tokens.</param>
/// <param name="CallsPerMinute">At most, of all processes together; left out or 0 = any number.</param>
/// <param name="IsDefault">Meant where no model of its kind is named; the one before is it no more.</param>
/// <param name="Metadata">An object of one's own.</param>
internal sealed record CreateModelRequest(
    string Name,
    string Kind,
    Guid ConnectorId,
    string Model,
    string Description = "",
    int? Dimensions = null,
    int? ContextTokens = null,
    int? MaxOutputTokens = null,
    decimal InputPrice = 0,
    decimal OutputPrice = 0,
    int? CallsPerMinute = null,
    int TimeoutSeconds = 120,
    bool Enabled = true,
    bool IsDefault = false,
    RawJson? Metadata = null);

/// <summary>What is left out stays as it is. Name and kind stay: register another. A number of 0 takes a bound
/// away.</summary>
internal sealed record UpdateModelRequest(
    Guid? ConnectorId = null,
    string? Model = null,
    string? Description = null,
    int? Dimensions = null,
    int? ContextTokens = null,
    int? MaxOutputTokens = null,
    decimal? InputPrice = null,
    decimal? OutputPrice = null,
    int? CallsPerMinute = null,
    int? TimeoutSeconds = null,
    bool? Enabled = null,
    bool? IsDefault = null,
    RawJson? Metadata = null);

/// <param name="Connector">Its connector's name.</param>
/// <param name="CheckedAt">When it last answered, or failed to; null = it was not asked yet.</param>
/// <param name="CheckMessage">Why it did not answer.</param>
internal sealed record ModelView(
    Guid Id,
    string Name,
    string Kind,
    string Description,
    Guid ConnectorId,
    string? Connector,
    string Model,
    int? Dimensions,
    int? ContextTokens,
    int? MaxOutputTokens,
    decimal InputPrice,
    decimal OutputPrice,
    int? CallsPerMinute,
    int TimeoutSeconds,
    bool Enabled,
    bool IsDefault,
    RawJson Metadata,
    DateTimeOffset? CheckedAt,
    bool? CheckSucceeded,
    string? CheckMessage,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

internal sealed record ModelQuery(
    [property: FromQuery(Name = "kind")] string? Kind, [property: FromQuery(Name = "enabled")] bool? Enabled);

/// <param name="Succeeded">Whether it answered.</param>
/// <param name="Message">What it said, or why it did not.</param>
internal sealed record ModelTestView(bool Succeeded, string Message, double? DurationMs, decimal? CostUsd);

/// <param name="Purpose">node, prompt_card, test_set, judge, chat, knowledge or test.</param>
/// <param name="Status">running, succeeded, failed, cancelled or lost (its process died).</param>
/// <param name="CostUsd">Of a call that runs: what is reserved.</param>
/// <param name="Estimated">The provider told no tokens.</param>
internal sealed record ModelCallView(
    Guid Id,
    Guid ModelId,
    string Model,
    string Provider,
    string Purpose,
    string Status,
    Guid? WorkspaceId,
    Guid? WorkflowId,
    Guid? ExecutionId,
    string? NodeId,
    Guid? PromptCardId,
    Guid? ConversationId,
    Guid? UserId,
    decimal CostUsd,
    long InputTokens,
    long OutputTokens,
    bool Estimated,
    int Retries,
    int? DurationMs,
    int? FirstTokenMs,
    string? ErrorCode,
    string? ErrorMessage,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt);

/// <summary>Which calls a list shows.</summary>
internal sealed record ModelCallQuery(
    [property: FromQuery(Name = "model")] Guid? Model,
    [property: FromQuery(Name = "execution")] Guid? Execution,
    [property: FromQuery(Name = "workflow")] Guid? Workflow,
    [property: FromQuery(Name = "workspace")] Guid? Workspace,
    [property: FromQuery(Name = "purpose")] string? Purpose,
    [property: FromQuery(Name = "status")] string? Status,
    [property: FromQuery(Name = "from")] DateTimeOffset? From,
    [property: FromQuery(Name = "to")] DateTimeOffset? To);

/// <param name="From">The first day, of UTC; 30 days ago when left out.</param>
/// <param name="To">The last day; today when left out.</param>
internal sealed record ModelUsageQuery(
    [property: FromQuery(Name = "from")] DateOnly? From,
    [property: FromQuery(Name = "to")] DateOnly? To,
    [property: FromQuery(Name = "workspace")] Guid? Workspace);

/// <param name="Model">Null where it is registered no more.</param>
/// <param name="WorkspaceId">Null where the calls belong to none.</param>
internal sealed record ModelUsageView(
    DateOnly Day,
    Guid ModelId,
    string? Model,
    Guid? WorkspaceId,
    string Purpose,
    long Calls,
    long Failures,
    long InputTokens,
    long OutputTokens,
    decimal CostUsd);

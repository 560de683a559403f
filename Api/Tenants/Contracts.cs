using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Tenants;

/// <param name="Slug">Names it in addresses of webhooks and at the login; it stays.</param>
/// <param name="Plan">What the company has ordered, in the platform's own words; nothing follows from it by
/// itself.</param>
/// <param name="Metadata">What the platform's operators keep about it; the tenant does not see it.</param>
internal sealed record CreateTenantRequest(
    string Slug,
    string Name,
    string OwnerEmail,
    string Plan = "free",
    TenantSettings? Settings = null,
    Dictionary<string, JsonElement>? Metadata = null);

/// <summary>What is left out stays as it is; settings and metadata that are given replace all of theirs.</summary>
internal sealed record UpdateTenantRequest(
    string? Name = null,
    string? Plan = null,
    TenantSettings? Settings = null,
    Dictionary<string, JsonElement>? Metadata = null);

/// <param name="HttpAllow">Ranges, addresses and names outside the public internet that nodes and connectors may
/// call.</param>
internal sealed record TenantSettings(string[]? HttpAllow = null, TenantLimits? Limits = null);

/// <param name="MaxQueued">Executions that may wait; further starts are refused.</param>
/// <param name="MaxRunning">Executions that run at once, on all workers together.</param>
internal sealed record TenantLimits(int? MaxQueued = null, int? MaxRunning = null);

internal sealed record SuspendTenantRequest(string Reason);

/// <param name="GraceDays">Until everything is erased; until then it can be reopened.</param>
internal sealed record CloseTenantRequest(string Reason, int GraceDays = 30);

/// <param name="OwnerPassword">Shown once: a repetition of the request answers null.</param>
/// <param name="ApiKey">Shown once, too.</param>
internal sealed record CreatedTenantView(TenantView Tenant, string OwnerEmail, string? OwnerPassword, string? ApiKey);

/// <summary>A tenant as operators of the platform see it: figures, and nothing of what it holds.</summary>
/// <param name="OperatorAccessUntil">Until when it lets them in; null = it does not.</param>
internal sealed record TenantView(
    Guid Id,
    string Slug,
    string Name,
    string Plan,
    [property: OneOf(ClosedList.TenantStatus)] string Status,
    string? StatusReason,
    RawJson Settings,
    RawJson Metadata,
    TenantFigures Figures,
    DateTimeOffset? OperatorAccessUntil,
    DateTimeOffset? ClosedAt,
    DateTimeOffset? EraseAfter,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <param name="Queued">Counted to 10,000.</param>
/// <param name="Waiting">Counted to 10,000.</param>
/// <param name="ExecutionsLastDay">Ended within the last 24 hours, by full hours, a minute behind.</param>
internal sealed record TenantFigures(
    int Users, int Workspaces, int Workflows, int Queued, int Waiting, long ExecutionsLastDay, long FailuresLastDay);

/// <summary>What the people of a tenant see of it.</summary>
internal sealed record OwnTenantView(
    Guid Id,
    string Slug,
    string Name,
    string Plan,
    [property: OneOf(ClosedList.TenantStatus)] string Status,
    RawJson Settings,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <param name="ConversationDays">How long conversations are kept after what was last said in them; left out = as it
/// is.</param>
internal sealed record UpdateOwnTenantRequest(string Name, int? ConversationDays = null);

/// <param name="Priority">high, normal or low.</param>
internal sealed record TenantQueueView(
    Guid TenantId, string Slug, string Priority, int Depth, DateTimeOffset OldestAt, double OldestSeconds);

/// <summary>Which tenants a list shows.</summary>
/// <param name="Query">A part of the name or slug.</param>
internal sealed record TenantQuery(
    [property: FromQuery(Name = "status")] string? Status,
    [property: FromQuery(Name = "plan")] string? Plan,
    [property: FromQuery(Name = "q")] string? Query);

/// <param name="Role">The built-in role that operators have meanwhile; none above that of who grants it.</param>
internal sealed record GrantAccessRequest(string Reason, int Hours, string Role = "viewer");

internal sealed record OperatorAccessView(
    Guid Id, string Reason, string Role, Guid? GrantedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt,
    DateTimeOffset? RevokedAt);

internal sealed record EnterTenantRequest(string Reason);

/// <summary>A session in a tenant that let operators in. It ends with the access.</summary>
internal sealed record EnteredView(
    string AccessToken, string TokenType, int ExpiresIn, string RefreshToken, Guid SessionId, Guid TenantId,
    string Role, DateTimeOffset ExpiresAt);

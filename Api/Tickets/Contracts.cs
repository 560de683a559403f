using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Tickets;

/// <param name="AddressedTo">tenant or platform: who answers.</param>
/// <param name="Priority">low, normal, high or urgent.</param>
/// <param name="Labels">Names of labels that the tenant has.</param>
internal sealed record CreateTicketRequest(
    string Title,
    string Text = "",
    string AddressedTo = "tenant",
    string Priority = "normal",
    string[]? Labels = null);

/// <summary>What is left out stays as it is. Who wrote the ticket may change title and text, close and reopen it; the
/// rest is for who manages tickets.</summary>
/// <param name="Status">open, in_progress, waiting, resolved or closed.</param>
/// <param name="AssigneeId">A user of the tenant; all zeros for nobody.</param>
internal sealed record UpdateTicketRequest(
    string? Title = null,
    string? Text = null,
    string? Status = null,
    string? Priority = null,
    string[]? Labels = null,
    Guid? AssigneeId = null);

/// <summary>What operators of the platform change of a ticket addressed to them.</summary>
internal sealed record UpdatePlatformTicketRequest(
    [property: OneOf(ClosedList.TicketStatus)] string? Status = null,
    [property: OneOf(ClosedList.TicketPriority)] string? Priority = null);

internal sealed record TicketCommentRequest(string Text);

/// <param name="CreatedBy">Null where an API key wrote it.</param>
internal sealed record TicketView(
    Guid Id,
    Guid TenantId,
    string AddressedTo,
    string Title,
    string Text,
    [property: OneOf(ClosedList.TicketStatus)] string Status,
    [property: OneOf(ClosedList.TicketPriority)] string Priority,
    IReadOnlyList<string> Labels,
    Guid? CreatedBy,
    Guid? AssigneeId,
    DateTimeOffset? ClosedAt,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <param name="ByPlatform">An operator of the platform wrote it.</param>
internal sealed record TicketCommentView(
    Guid Id, string Text, Guid? AuthorId, bool ByPlatform, DateTimeOffset CreatedAt);

/// <param name="Mine">Only those that the caller wrote.</param>
internal sealed record TicketQuery(
    [property: FromQuery(Name = "status")] string? Status,
    [property: FromQuery(Name = "priority")] string? Priority,
    [property: FromQuery(Name = "label")] string? Label,
    [property: FromQuery(Name = "assignee")] Guid? Assignee,
    [property: FromQuery(Name = "addressedTo")] string? AddressedTo,
    [property: FromQuery(Name = "mine")] bool? Mine);

internal sealed record PlatformTicketQuery(
    [property: FromQuery(Name = "tenant")] Guid? Tenant,
    [property: FromQuery(Name = "status")] string? Status,
    [property: FromQuery(Name = "priority")] string? Priority);

/// <param name="Color">As consoles show it: # and six hexadecimal digits, or nothing.</param>
internal sealed record CreateLabelRequest(string Name, string Color = "", string Description = "");

/// <summary>What is left out stays as it is. The name stays: tickets bear it.</summary>
internal sealed record UpdateLabelRequest(string? Color = null, string? Description = null);

internal sealed record LabelView(
    Guid Id, string Name, string Color, string Description, int Version, DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Grants;

/// <summary>Exactly one of user and group.</summary>
/// <param name="Level">view, edit or admin.</param>
/// <param name="ExpiresAt">From then on it counts no more; null = never.</param>
internal sealed record GrantRequest(
    [property: OneOf(ClosedList.ObjectLevel)] string Level,
    Guid? UserId = null,
    Guid? GroupId = null,
    DateTimeOffset? ExpiresAt = null);

/// <summary>Whom it was granted to.</summary>
/// <param name="Type">user or group.</param>
/// <param name="Name">The user's e-mail address or the group's name.</param>
internal sealed record GranteeView(string Type, Guid Id, string Name);

/// <param name="ObjectId">What it was granted on: the object itself, or what it lies in.</param>
/// <param name="Inherited">It comes from above.</param>
/// <param name="IsExpired">It counts no more.</param>
internal sealed record GrantView(
    Guid Id,
    string ObjectType,
    Guid ObjectId,
    bool Inherited,
    GranteeView Grantee,
    [property: OneOf(ClosedList.ObjectLevel)] string Level,
    Guid? GrantedBy,
    DateTimeOffset GrantedAt,
    DateTimeOffset? ExpiresAt,
    bool IsExpired);

/// <param name="Level">What the caller may: view, edit or admin, as far as the roles go.</param>
/// <param name="OwnerId">Who may everything with it without a grant.</param>
internal sealed record ObjectPermissionsView(
    [property: OneOf(ClosedList.ObjectLevel)] string Level,
    Guid? OwnerId,
    IReadOnlyList<GrantView> Grants);

/// <summary>Filters go together.</summary>
internal sealed record GrantQuery(
    [property: FromQuery(Name = "user")] Guid? User,
    [property: FromQuery(Name = "group")] Guid? Group,
    [property: FromQuery(Name = "objectType")] string? ObjectType,
    [property: FromQuery(Name = "object")] Guid? Object);

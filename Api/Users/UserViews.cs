using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Schedules;

namespace Workflows.Api.Users;

/// <param name="UtcOffsetMinutes">What the clocks of the time zone are ahead of UTC by at the moment.</param>
/// <param name="EmailVerified">Whether the person has shown that mails to the address reach them.</param>
/// <param name="LockedUntil">When logins from unknown addresses are taken again after many wrong passwords; null when
/// they are.</param>
/// <param name="ApiKeys">API keys that the user made and that still work.</param>
internal sealed record UserView(
    Guid Id,
    string Email,
    bool EmailVerified,
    string Username,
    string Name,
    string? PhotoUrl,
    string TimeZone,
    int UtcOffsetMinutes,
    bool Active,
    IReadOnlyList<string> Roles,
    DateTimeOffset? LastLoginAt,
    DateTimeOffset? LockedUntil,
    int ApiKeys,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>Which users a list shows.</summary>
/// <param name="Name">What the name begins with, in whatever case.</param>
/// <param name="Email">What the e-mail address begins with, in whatever case.</param>
/// <param name="Role">Name of a role that they have.</param>
/// <param name="Group">A group that they are in.</param>
internal sealed record UserListQuery(
    [property: FromQuery(Name = "name")] string? Name,
    [property: FromQuery(Name = "email")] string? Email,
    [property: FromQuery(Name = "active")] bool? Active,
    [property: FromQuery(Name = "role")] string? Role,
    [property: FromQuery(Name = "group")] Guid? Group);

internal static class UserViews
{
    public static UserView Of(User user, int apiKeys, DateTimeOffset now) => new(
        user.Id, user.Email, user.EmailVerified, user.Username, user.Name, user.PhotoUrl, user.TimeZone,
        UtcOffsetMinutes(user.TimeZone, now), user.Active, RoleNames(user), user.LastLoginAt, user.LockedUntil, apiKeys,
        user.Version, user.CreatedAt, user.UpdatedAt);

    public static IQueryable<UserView> Of(WorkflowsDbContext db, IQueryable<User> users, DateTimeOffset now) =>
        users.AsNoTracking().Select(user => new UserView(
            user.Id,
            user.Email,
            user.EmailVerified,
            user.Username,
            user.Name,
            user.PhotoUrl,
            user.TimeZone,
            UtcOffsetMinutes(user.TimeZone, now),
            user.Active,
            user.Roles.Select(row => row.Role!.Name).ToList(),
            user.LastLoginAt,
            user.LockedUntil,
            db.ApiKeys.Count(
                key => key.CreatedBy == user.Id && key.ServiceAccountId == null && key.RevokedAt == null),
            user.Version,
            user.CreatedAt,
            user.UpdatedAt));

    public static string[] RoleNames(User user) =>
        [.. user.Roles.Select(row => row.Role!.Name).Order(StringComparer.Ordinal)];

    /// <summary>0 for a zone that this release does not know (any more).</summary>
    public static int UtcOffsetMinutes(string timeZone, DateTimeOffset now) =>
        TimeZones.Exists(timeZone) ? (int)TimeZones.Show(now, timeZone).Offset.TotalMinutes : 0;
}

internal static class UserFilters
{
    /// <summary>Each filter has its index; together they narrow each other.</summary>
    public static IQueryable<User> Apply(WorkflowsDbContext db, UserListQuery filter)
    {
        IQueryable<User> users = db.Users;
#pragma warning disable CA1304, CA1311, CA1862 // translated to lower() of the database, whose index it is
        if (filter.Name is { Length: > 0 } name)
        {
            var pattern = Pattern(name);
            users = users.Where(user => EF.Functions.Like(user.Name.ToLower(), pattern, "\\"));
        }

        if (filter.Email is { Length: > 0 } email)
        {
            var pattern = Pattern(email);
            users = users.Where(user => EF.Functions.Like(user.Email.ToLower(), pattern, "\\"));
        }
#pragma warning restore CA1304, CA1311, CA1862

        if (filter.Active is { } active)
        {
            users = users.Where(user => user.Active == active);
        }

        if (filter.Role is { } role)
        {
            users = users.Where(user => user.Roles.Any(row => row.Role!.Name == role));
        }

        return filter.Group is { } group
            ? users.Where(user => db.UserGroups.Any(row => row.UserId == user.Id && row.GroupId == group))
            : users;
    }

    private static string Pattern(string beginning) => beginning.ToLowerInvariant()
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("%", "\\%", StringComparison.Ordinal)
        .Replace("_", "\\_", StringComparison.Ordinal) + "%";
}

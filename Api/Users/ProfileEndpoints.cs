using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Users;

/// <summary>What is left out stays as it is.</summary>
/// <param name="PhotoUrl">An https address; an empty text takes it away.</param>
/// <param name="Settings">An object that takes the place of the one before, for programs to keep what the person
/// likes; at most 16 KiB.</param>
internal sealed record UpdateProfileRequest(
    string? Name = null, string? Username = null, string? PhotoUrl = null, string? TimeZone = null,
    RawJson? Settings = null);

/// <param name="UtcOffsetMinutes">What the clocks of the time zone are ahead of UTC by at the moment.</param>
internal sealed record ProfileView(
    Guid Id,
    string Email,
    bool EmailVerified,
    string Username,
    string Name,
    string? PhotoUrl,
    string TimeZone,
    int UtcOffsetMinutes,
    RawJson Settings,
    IReadOnlyList<string> Roles,
    DateTimeOffset? LastLoginAt,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>One's own account.</summary>
internal static class ProfileEndpoints
{
    public static void MapProfile(this IEndpointRouteBuilder routes)
    {
        var me = routes.MapGroup("/users/me").WithTags("Users").Requires(Permission.None);
        me.MapGet("", GetAsync).WithSummary("Get one's own profile");
        me.MapPatch("", UpdateAsync).WithSummary("Change one's own profile");
    }

    /// <summary>A picture's address: https, and nothing else that a browser would run or send cookies to in
    /// clear.</summary>
    public static Checks PhotoUrl(this Checks checks, string field, string? value) =>
        string.IsNullOrEmpty(value) ? checks
        : value.Length > Limits.UrlLength
            ? checks.Add(field, "TOO_LONG", $"'{field}' has at most {Limits.UrlLength} characters.")
        : Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps
            && url.UserInfo.Length == 0 && Uri.IsWellFormedUriString(value, UriKind.Absolute) ? checks
        : checks.Add(field, "URL", $"'{field}' is an address that begins with https://.");

    private static async Task<ApiResponse<ProfileView>> GetAsync(
        ApiRequest request, CancellationToken cancellationToken)
    {
        if (request.Caller.UserId is not { } me)
        {
            return NoProfile();
        }

        var user = await request.Db.Users.AsNoTracking().Include(row => row.Roles).ThenInclude(row => row.Role)
            .SingleAsync(row => row.Id == me, cancellationToken);
        return ApiResponse<ProfileView>.Ok(View(user, request.Now), user.Version);
    }

    private static async Task<ApiResponse<ProfileView>> UpdateAsync(
        Body<UpdateProfileRequest> body, ApiRequest request)
    {
        if (request.Caller.UserId is not { } me)
        {
            return NoProfile();
        }

        var wanted = body.Value;
        if (Check(wanted) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<ProfileView>(async token =>
        {
            var user = await request.Db.Users.Include(row => row.Roles).ThenInclude(row => row.Role)
                .SingleAsync(row => row.Id == me, token);
            if (request.CheckMatch(user) is { } conflict)
            {
                return conflict;
            }

            var before = new { user.Name, user.Username, user.PhotoUrl, user.TimeZone };
            user.Name = wanted.Name ?? user.Name;
            user.Username = wanted.Username ?? user.Username;
            user.PhotoUrl = wanted.PhotoUrl is null ? user.PhotoUrl
                : wanted.PhotoUrl.Length == 0 ? null
                : wanted.PhotoUrl;
            user.TimeZone = wanted.TimeZone ?? user.TimeZone;
            user.Settings = wanted.Settings?.Text ?? user.Settings;
            user.Touch(request.Now);
            request.Record(
                "user.update", "user", user.Id, user.Email, before,
                new { user.Name, user.Username, user.PhotoUrl, user.TimeZone });
            return ApiResponse<ProfileView>.Ok(View(user, request.Now), user.Version);
        });
    }

    private static Problem? Check(UpdateProfileRequest wanted)
    {
        var checks = new Checks().Name("name", wanted.Name).Name("username", wanted.Username)
            .PhotoUrl("photoUrl", wanted.PhotoUrl).TimeZone("timeZone", wanted.TimeZone);
        if (wanted.Settings?.Text is { } settings)
        {
            using var document = JsonDocument.Parse(settings);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                checks.Add("settings", "TYPE", "'settings' is an object.");
            }

            if (Encoding.UTF8.GetByteCount(settings) > Limits.UserSettingsBytes)
            {
                checks.Add("settings", "TOO_LONG", $"'settings' has at most {Limits.UserSettingsBytes} bytes.");
            }
        }

        return checks.Problem;
    }

    private static Problem NoProfile() => new(Errors.Conflict, "An API key has no profile.");

    private static ProfileView View(User user, DateTimeOffset now) => new(
        user.Id, user.Email, user.EmailVerified, user.Username, user.Name, user.PhotoUrl, user.TimeZone,
        UserViews.UtcOffsetMinutes(user.TimeZone, now), new RawJson(user.Settings), UserViews.RoleNames(user),
        user.LastLoginAt, user.Version, user.CreatedAt, user.UpdatedAt);
}

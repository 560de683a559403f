using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Notifications;

/// <param name="From">HH:mm by the clocks of the zone; later than <paramref name="To"/> where midnight lies
/// between.</param>
/// <param name="To">HH:mm: from here on mails come again.</param>
/// <param name="Zone">A name of the IANA database.</param>
internal sealed record QuietHours(string From, string To, string Zone);

/// <summary>The whole of it: what is left out is none.</summary>
/// <param name="Digest">immediate, hourly (at the full hour) or daily (at eight by the zone's clocks).</param>
/// <param name="Zone">Of the daily digest where there are no quiet hours; UTC when left out.</param>
internal sealed record NotificationSettingsRequest(
    QuietHours? QuietHours = null, string Digest = "immediate", string? Zone = null);

/// <param name="Digest">immediate, hourly or daily.</param>
internal sealed record NotificationSettingsView(QuietHours? QuietHours, string Digest, string Zone);

/// <summary>When the caller is mailed what they subscribed to. The inbox has it at once, whatever this says.</summary>
internal static class NotificationSettingsEndpoints
{
    private const string TimeForm = "HH:mm";

    private static readonly string[] Digests = ["immediate", "hourly", "daily"];

    public static void MapNotificationSettings(this IEndpointRouteBuilder routes)
    {
        var own = routes.MapGroup("/users/me/notification-settings").WithTags("Notifications")
            .Requires(Permission.None);
        own.MapGet("", GetAsync).WithSummary("Get when one is mailed what one subscribed to");
        own.MapPut("", PutAsync).WithSummary("Say when one is mailed what one subscribed to");
    }

    private static async Task<ApiResponse<NotificationSettingsView>> GetAsync(
        ApiRequest request, CancellationToken cancellationToken) =>
        request.Caller.UserId is { } me
            ? View(await request.Db.NotificationSettings.AsNoTracking()
                .SingleOrDefaultAsync(row => row.UserId == me, cancellationToken) ?? new NotificationSettings())
            : NotTold();

    private static async Task<ApiResponse<NotificationSettingsView>> PutAsync(
        Body<NotificationSettingsRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (request.Caller.UserId is not { } me)
        {
            return NotTold();
        }

        if (Check(wanted) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<NotificationSettingsView>(async token =>
        {
            var kept = await request.Db.NotificationSettings.SingleOrDefaultAsync(row => row.UserId == me, token);
            if (kept is null)
            {
                kept = new NotificationSettings { TenantId = request.Caller.TenantId, UserId = me };
                request.Db.NotificationSettings.Add(kept);
            }

            kept.QuietFrom = Time(wanted.QuietHours?.From);
            kept.QuietTo = Time(wanted.QuietHours?.To);
            kept.TimeZone = wanted.QuietHours?.Zone ?? wanted.Zone ?? "UTC";
            kept.Digest = wanted.Digest;
            kept.UpdatedAt = request.Now;
            request.Record("notification_settings.put", "user", me, null, after: View(kept));
            return View(kept);
        });
    }

    private static Problem? Check(NotificationSettingsRequest wanted)
    {
        var checks = new Checks().TimeZone("zone", wanted.Zone);
        if (!Digests.Contains(wanted.Digest))
        {
            checks.Add("digest", "VALUE", $"'digest' is one of {string.Join(", ", Digests)}.");
        }

        if (wanted.QuietHours is not { } quiet)
        {
            return checks.Problem;
        }

        checks.TimeZone("quietHours/zone", quiet.Zone ?? "");
        if (Time(quiet.From) is null)
        {
            checks.Add("quietHours/from", "TIME", "'from' is a time of day such as 22:00.");
        }

        if (Time(quiet.To) is null || quiet.To == quiet.From)
        {
            checks.Add("quietHours/to", "TIME", "'to' is a time of day such as 07:00, and not that of 'from'.");
        }

        if (wanted.Zone is not null && wanted.Zone != quiet.Zone)
        {
            checks.Add("zone", "VALUE", "There is one zone for both: that of the quiet hours.");
        }

        return checks.Problem;
    }

    private static TimeOnly? Time(string? text) =>
        TimeOnly.TryParseExact(text, TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time
            : null;

    private static Problem NotTold() => new(Errors.Conflict, "An API key is told nothing.");

    private static NotificationSettingsView View(NotificationSettings row) => new(
        row is { QuietFrom: { } from, QuietTo: { } to }
            ? new QuietHours(
                from.ToString(TimeForm, CultureInfo.InvariantCulture),
                to.ToString(TimeForm, CultureInfo.InvariantCulture), row.TimeZone)
            : null,
        row.Digest, row.TimeZone);
}

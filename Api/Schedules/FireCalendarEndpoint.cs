using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Schedules;

namespace Workflows.Api.Schedules;

/// <param name="From">Now when left out.</param>
/// <param name="To">At most 62 days later; 31 when left out.</param>
internal sealed record FiresQuery(
    [property: FromQuery(Name = "from")] DateTimeOffset? From, [property: FromQuery(Name = "to")] DateTimeOffset? To);

/// <param name="Local">As the clock of the schedule's zone shows it.</param>
internal sealed record ComingFire(
    DateTimeOffset At, string Local, Guid ScheduleId, string Name, Guid? WorkflowId, Guid? JobId, Guid? PackageId);

/// <param name="Capped">There are more: of a schedule at most 200 are worked out, of all 2,000 answered, and of a
/// tenant the 500 schedules that fire next.</param>
internal sealed record FiresView(DateTimeOffset From, DateTimeOffset To, bool Capped, IReadOnlyList<ComingFire> Fires);

/// <summary>The firings to come of all schedules together.</summary>
internal static class FireCalendarEndpoint
{
    private static readonly TimeSpan UsualRange = TimeSpan.FromDays(31);
    private static readonly TimeSpan MostRange = TimeSpan.FromDays(62);

    public static void MapFireCalendar(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/schedules/fires", GetAsync).WithTags("Schedules").Requires(Permission.SchedulesRead)
            .WithSummary("Get the firings to come of all schedules that are switched on");

    private static async Task<ApiResponse<FiresView>> GetAsync(
        [AsParameters] FiresQuery query, ApiRequest request, CancellationToken cancellationToken)
    {
        var from = (query.From is { } wanted && wanted > request.Now ? wanted : request.Now).ToUniversalTime();
        var to = (query.To ?? from + UsualRange).ToUniversalTime();
        if (from >= to || to - from > MostRange)
        {
            return Problem.Parameter("to",
                $"'to' comes after 'from' and after now, at most {MostRange.TotalDays} days.");
        }

        var schedules = await request.Db.Schedules.AsNoTracking()
            .Where(row => row.Enabled && row.NextFireAt != null && row.NextFireAt < to)
            .OrderBy(row => row.NextFireAt).ThenBy(row => row.Id).Take(Limits.CalendarSchedules + 1)
            .ToListAsync(cancellationToken);
        var calendars = new Dictionary<Guid, BusinessCalendar?>();
        foreach (var id in schedules.Where(row => row.CalendarId is not null).Select(row => row.CalendarId!.Value)
            .Distinct())
        {
            calendars[id] = await request.Db.FindBusinessCalendarAsync(id, cancellationToken);
        }

        var capped = schedules.Count > Limits.CalendarSchedules;
        var fires = new List<ComingFire>();
        foreach (var schedule in schedules.Take(Limits.CalendarSchedules))
        {
            var calendar = schedule.CalendarId is { } id ? calendars[id] : null;
            if (schedule.Settings().TryBuild(calendar, schedule.AnchorAt, out var timing, out _))
            {
                var coming = timing.Following(from, Limits.CalendarFires + 1).TakeWhile(at => at < to).ToList();
                capped |= coming.Count > Limits.CalendarFires;
                fires.AddRange(coming.Take(Limits.CalendarFires).Select(at => View(schedule, timing, at)));
            }
        }

        capped |= fires.Count > Limits.CalendarAnswer;
        return new FiresView(
            from, to, capped,
            [.. fires.OrderBy(fire => fire.At).ThenBy(fire => fire.ScheduleId).Take(Limits.CalendarAnswer)]);
    }

    private static ComingFire View(Schedule row, ScheduleTiming timing, DateTimeOffset at) => new(
        at,
        TimeZones.Show(at, timing.Settings.TimeZone)
            .ToString("ddd yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture),
        row.Id, row.Name, row.WorkflowId, row.JobId, row.PackageId);
}

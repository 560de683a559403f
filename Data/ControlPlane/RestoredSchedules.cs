using Microsoft.EntityFrameworkCore;
using Workflows.Engine.Schedules;

namespace Workflows.Data.ControlPlane;

/// <summary>Schedules that were deleted together with what they start.</summary>
internal static class RestoredSchedules
{
    private const int NameLength = 200;

    public static async Task<int> BringBackAsync(
        WorkflowsDbContext db, Guid together, Guid[] workflows, Guid[] jobs, DateTimeOffset now,
            List<RestoreNotice> notices,
        CancellationToken cancellationToken)
    {
        var schedules = await db.Schedules.FromSql(
            $"""
            select * from schedules
            where tenant_id = {db.TenantId} and deleted_with = {together} and deleted_at is not null
              and (workflow_id = any ({workflows}) or job_id = any ({jobs}))
            order by id for update
            """).IgnoreQueryFilters().ToListAsync(cancellationToken);
        var taken = await NamesTakenAsync(db, schedules, cancellationToken);
        var calendars = new Dictionary<Guid, BusinessCalendar?>();
        foreach (var schedule in schedules)
        {
            (schedule.DeletedAt, schedule.DeletedWith) = (null, null);
            schedule.UpdatedAt = now;
            schedule.Version++;
            if (schedule.TriggerId is null && !taken.Add(schedule.Name.ToLowerInvariant()))
            {
                var ending = $" ({schedule.Id})";
                schedule.Name = schedule.Name[..Math.Min(schedule.Name.Length, NameLength - ending.Length)] + ending;
                notices.Add(new("SCHEDULE_RENAMED", "schedule", schedule.Id,
                    $"Another schedule bears its name by now; it came back as '{schedule.Name}'."));
            }

            if (schedule.CalendarId is { } calendarId && !calendars.ContainsKey(calendarId))
            {
                calendars[calendarId] = await db.FindBusinessCalendarAsync(calendarId, cancellationToken);
            }

            var calendar = schedule.CalendarId is { } id ? calendars[id] : null;
            Retime(schedule, calendar, now, notices);
        }

        return schedules.Count;
    }

    private static void Retime(Schedule schedule, BusinessCalendar? calendar, DateTimeOffset now,
        List<RestoreNotice> notices)
    {
        var wasOver = schedule.NextTick is null;
        if (schedule.CalendarId is not null && calendar is null)
        {
            (schedule.Enabled, schedule.DisabledReason, schedule.NextTick, schedule.NextFireAt) =
                (false, "Its calendar was deleted.", null, null);
            notices.Add(new("CALENDAR_GONE", "schedule", schedule.Id,
                "Its calendar was deleted: it is switched off until it has another one."));
        }
        else if (!schedule.Settings().TryBuild(calendar, schedule.AnchorAt, out var timing, out var problems))
        {
            (schedule.Enabled, schedule.DisabledReason, schedule.NextTick, schedule.NextFireAt) =
                (false, problems[0].Message, null, null);
            notices.Add(new("SCHEDULE_INVALID", "schedule", schedule.Id,
                $"It cannot fire any more and is switched off: {problems[0].Message}"));
        }
        else
        {
            schedule.Retime(timing, now);
            if (schedule.NextTick is null && !wasOver)
            {
                notices.Add(new("SCHEDULE_OVER", "schedule", schedule.Id,
                    "Its last time passed while it was deleted."));
            }
        }
    }

    private static async Task<HashSet<string>> NamesTakenAsync(
        WorkflowsDbContext db, List<Schedule> schedules, CancellationToken cancellationToken)
    {
        string[] names = [.. schedules.Where(schedule => schedule.TriggerId is null)
            .Select(schedule => schedule.Name.ToLowerInvariant())];
#pragma warning disable CA1304, CA1311, CA1862 // translated to SQL, where names are compared as the index on them does
        var taken = names.Length == 0 ? []
            : await db.Schedules.Where(row => row.TriggerId == null && names.Contains(row.Name.ToLower()))
            .Select(row => row.Name.ToLower()).ToListAsync(cancellationToken);
#pragma warning restore CA1304, CA1311, CA1862
        return [.. taken];
    }
}

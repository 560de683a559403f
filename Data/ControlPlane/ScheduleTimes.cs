using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Workflows.Engine.Schedules;

namespace Workflows.Data.ControlPlane;

/// <summary>Between a schedule's row and its timing. Inside <see cref="WorkflowsDbContext.TransactAsync"/>, under the row's lock.</summary>
public static class ScheduleTimes
{
    /// <exception cref="InvalidOperationException">The row has a word that this build does not know.</exception>
    public static ScheduleSettings Settings(this Schedule row) => new()
    {
        Cron = row.Cron,
        IntervalSeconds = row.IntervalSeconds,
        At = row.At,
        TimeZone = row.TimeZone,
        OnNonBusinessDay = Choice<NonBusinessDay>(row.OnNonBusinessDay),
        Misfire = Choice<MisfirePolicy>(row.Misfire),
        MisfireLimit = row.MisfireLimit,
        Overlap = Choice<ScheduleOverlap>(row.Overlap),
        JitterSeconds = row.JitterSeconds,
        StartsAt = row.StartsAt,
        EndsAt = row.EndsAt,
    };

    public static void Set(this Schedule row, ScheduleSettings settings, Guid? calendarId)
    {
        row.Cron = settings.Cron;
        row.IntervalSeconds = settings.IntervalSeconds;
        row.At = settings.At;
        row.TimeZone = settings.TimeZone;
        row.CalendarId = calendarId;
        row.OnNonBusinessDay = ScheduleWords.ToText(settings.OnNonBusinessDay);
        row.Misfire = ScheduleWords.ToText(settings.Misfire);
        row.MisfireLimit = settings.MisfireLimit;
        row.Overlap = ScheduleWords.ToText(settings.Overlap);
        row.JitterSeconds = settings.JitterSeconds;
        row.StartsAt = settings.StartsAt;
        row.EndsAt = settings.EndsAt;
    }

    /// <summary>Makes the first instant after <paramref name="now"/> the next one to fire; with none left the schedule is over.</summary>
    public static void Retime(this Schedule row, ScheduleTiming timing, DateTimeOffset now)
    {
        row.NextTick = timing.NextAfter(now);
        row.NextFireAt = row.NextTick is { } tick ? FirePlan.FireAt(timing.Settings, row.Id, tick) : null;
    }

    /// <summary>The business days of a calendar that exists; null when there is none of this id.</summary>
    public static async Task<BusinessCalendar?> FindBusinessCalendarAsync(this WorkflowsDbContext db, Guid calendarId, CancellationToken cancellationToken)
    {
        var calendar = await db.Calendars.AsNoTracking().SingleOrDefaultAsync(row => row.Id == calendarId, cancellationToken);
        if (calendar is null)
        {
            return null;
        }

        var days = await db.CalendarDays.AsNoTracking().Where(row => row.CalendarId == calendarId).ToListAsync(cancellationToken);
        return ToBusinessCalendar(calendar, days);
    }

    public static BusinessCalendar ToBusinessCalendar(Calendar calendar, IReadOnlyCollection<CalendarDay> days) => new(
        calendar.BusinessDays.Select(day => (DayOfWeek)day),
        days.Where(day => !day.IsBusiness).Select(day => day.Day),
        days.Where(day => day.IsBusiness).Select(day => day.Day));

    /// <summary>Gives a run that was just saved its items, in the same transaction.</summary>
    public static async Task FillJobRunAsync(this WorkflowsDbContext db, JobRun run, CancellationToken cancellationToken)
    {
        await db.SaveChangesAsync(cancellationToken);
        await using var batch = new NpgsqlBatch((NpgsqlConnection)db.Database.GetDbConnection(), (NpgsqlTransaction)db.Database.CurrentTransaction!.GetDbTransaction());
        batch.BatchCommands.Add(Jobs.JobRunItems.Fill([(run.TenantId, run.Id)]));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static T Choice<T>(string text)
        where T : struct, Enum =>
        ScheduleWords.TryParse<T>(text, out var value) ? value : throw new InvalidOperationException($"A schedule has the unknown setting {text}.");
}

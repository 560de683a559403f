using NodaTime;

namespace Workflows.Engine.Schedules;

/// <summary>
/// When a schedule fires: the instants of a cron expression in a zone, of a fixed interval, or one single instant, all within its start and end and as its
/// calendar allows. Immutable and pure: the same question has the same answer on every worker.
/// </summary>
/// <remarks>
/// Changes of the clock follow the rule of Vixie cron. Times that the clock leaves out fire once, at the change, and times it repeats fire the first time
/// only; but a cron expression with a wildcard, range or step in seconds, minutes or hours means a rhythm: what is left out is left out, what is repeated fires
/// each time.
/// </remarks>
public sealed class ScheduleTiming
{
    private readonly ZoneClock _clock;
    private readonly TimeSpan _interval;

    internal ScheduleTiming(
        ScheduleSettings settings,
        CronExpression? cron,
        DateTimeZone zone,
        BusinessCalendar? calendar,
        DateTimeOffset anchor)
    {
        Settings = settings;
        Cron = cron;
        Calendar = calendar;
        Anchor = settings.StartsAt ?? anchor;
        _clock = new ZoneClock(zone);
        _interval = TimeSpan.FromSeconds(settings.IntervalSeconds ?? 0);
    }

    public ScheduleSettings Settings { get; }

    internal CronExpression? Cron { get; }

    internal BusinessCalendar? Calendar { get; }

    /// <summary>From where intervals count.</summary>
    internal DateTimeOffset Anchor { get; }

    /// <summary>The first instant after <paramref name="instant"/>; null when there is none, ever.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset instant)
    {
        var after = Settings.StartsAt is { } start && instant < start ? start.AddTicks(-1) : instant;
        var next = Cron is not null ? NextOfCron(after.UtcDateTime)
            : Settings.At is { } at ? Once(at) is { } once && once > after.UtcDateTime ? once : null
            : NextOfInterval(after.UtcDateTime);
        return next is { } utc && !(new DateTimeOffset(utc, TimeSpan.Zero) > Settings.EndsAt) ? new DateTimeOffset(utc, TimeSpan.Zero) : null;
    }

    /// <summary>Up to <paramref name="count"/> instants after one.</summary>
    public IEnumerable<DateTimeOffset> Following(DateTimeOffset instant, int count)
    {
        for (var next = NextAfter(instant); next is { } at && count > 0; next = NextAfter(at), count--)
        {
            yield return at;
        }
    }

    private DateTime? NextOfCron(DateTime after)
    {
        var local = _clock.ToLocal(after);
        var from = local.AddTicks(-(local.Ticks % TimeSpan.TicksPerSecond)).AddSeconds(1);
        if (_clock.OverlapAt(after) is { } overlap)
        {
            if (NextInOverlap(overlap, from) is { } inOverlap)
            {
                return DateTime.SpecifyKind(inOverlap, DateTimeKind.Utc);
            }

            from = overlap.End;
        }

        while (NextLocal(from) is { } next)
        {
            var utc = DateTime.SpecifyKind(_clock.ToUtc(next, out var isSkipped), DateTimeKind.Utc);
            if (!isSkipped || !Cron!.IsInterval)
            {
                return utc;
            }

            from = _clock.ToLocal(utc);
        }

        return null;
    }

    private DateTime? NextInOverlap(in ClockOverlap overlap, DateTime from)
    {
        if (!overlap.IsSecondPass)
        {
            if (NextLocal(from) is { } first && first < overlap.End)
            {
                return first - overlap.FirstOffset;
            }

            from = overlap.Start;
        }

        return Cron!.IsInterval && NextLocal(from) is { } second && second < overlap.End ? second - overlap.SecondOffset : null;
    }

    /// <summary>The first wall clock time from one on, whatever the clock does in between.</summary>
    private DateTime? NextLocal(DateTime from)
    {
        var day = DateOnly.FromDateTime(from);
        if (FiresOn(day) && Cron!.NextTime((int)(from.TimeOfDay.Ticks / TimeSpan.TicksPerSecond)) is { } today)
        {
            return day.ToDateTime(TimeOnly.MinValue).AddSeconds(today);
        }

        return NextDay(day.AddDays(1)) is { } later ? later.ToDateTime(TimeOnly.MinValue).AddSeconds(Cron!.NextTime(0)!.Value) : null;
    }

    private DateOnly? NextDay(DateOnly day)
    {
        var end = day.Year > DateTime.MaxValue.Year - Limits.ScheduleHorizonYears ? day : day.AddYears(Limits.ScheduleHorizonYears);
        if (Calendar is null)
        {
            return Cron!.FirstDay(day, end);
        }

        // Beyond some years nobody has entered holidays: a schedule that has not fired by then never does.
        end = day == end ? day : day.AddYears(Limits.CalendarHorizonYears);
        for (; day < end; day = day.AddDays(1))
        {
            if (FiresOn(day))
            {
                return day;
            }
        }

        return null;
    }

    private bool FiresOn(DateOnly day) => Calendar?.TakesPlaceOn(day, Cron!.Matches, Settings.OnNonBusinessDay) ?? Cron!.Matches(day);

    private DateTime? NextOfInterval(DateTime after)
    {
        var next = Tick(after);
        while (Calendar is not null && !Calendar.IsBusinessDay(DateOnly.FromDateTime(_clock.ToLocal(next))))
        {
            var day = DateOnly.FromDateTime(_clock.ToLocal(next));
            if (Calendar.Move(day, NonBusinessDay.NextBusinessDay) is not { } business)
            {
                return null;
            }

            next = Tick(_clock.ToUtc(business.ToDateTime(TimeOnly.MinValue), out _).AddTicks(-1));
        }

        return DateTime.SpecifyKind(next, DateTimeKind.Utc);

        DateTime Tick(DateTime instant)
        {
            var passed = instant - Anchor.UtcDateTime;
            return Anchor.UtcDateTime + (passed < TimeSpan.Zero ? TimeSpan.Zero : _interval * (Math.Floor(passed / _interval) + 1));
        }
    }

    private DateTime? Once(DateTimeOffset at)
    {
        if (Calendar is null)
        {
            return at.UtcDateTime;
        }

        var local = _clock.ToLocal(at.UtcDateTime);
        return Calendar.Move(DateOnly.FromDateTime(local), Settings.OnNonBusinessDay) is { } day
            ? DateTime.SpecifyKind(_clock.ToUtc(day.ToDateTime(TimeOnly.FromDateTime(local)), out _), DateTimeKind.Utc)
            : null;
    }
}

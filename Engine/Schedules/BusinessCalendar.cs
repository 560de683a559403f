using System.Collections.Frozen;

namespace Workflows.Engine.Schedules;

/// <summary>What becomes of an occurrence on a day on which nobody works.</summary>
public enum NonBusinessDay
{
    /// <summary>It is left out.</summary>
    Skip,

    /// <summary>It moves to the same time of the next business day.</summary>
    NextBusinessDay,

    /// <summary>It moves to the same time of the business day before.</summary>
    PreviousBusinessDay,
}

/// <summary>Which days are business days: weekdays, without holidays, with working days added by hand.</summary>
public sealed class BusinessCalendar
{
    private readonly int _weekdays;
    private readonly FrozenSet<DateOnly> _holidays;
    private readonly FrozenSet<DateOnly> _workingDays;

    /// <param name="weekdays">The days of the week on which people work; at least one.</param>
    public BusinessCalendar(IEnumerable<DayOfWeek> weekdays, IEnumerable<DateOnly> holidays, IEnumerable<DateOnly> workingDays)
    {
        _weekdays = weekdays.Aggregate(0, (bits, day) => bits | (1 << (int)day));
        _holidays = holidays.ToFrozenSet();
        _workingDays = workingDays.ToFrozenSet();
    }

    public bool IsBusinessDay(DateOnly day) =>
        _workingDays.Contains(day) || (((_weekdays >> (int)day.DayOfWeek) & 1) != 0 && !_holidays.Contains(day));

    /// <summary>
    /// Whether something that belongs to certain days takes place on this one: the day is a business day, and is one of them or takes over one from the
    /// days without business that lead up to it (or follow it).
    /// </summary>
    internal bool TakesPlaceOn(DateOnly day, Func<DateOnly, bool> belongsTo, NonBusinessDay rule)
    {
        if (!IsBusinessDay(day))
        {
            return false;
        }

        if (belongsTo(day))
        {
            return true;
        }

        if (rule == NonBusinessDay.Skip)
        {
            return false;
        }

        var step = rule == NonBusinessDay.NextBusinessDay ? -1 : 1;
        var other = day.AddDays(step);
        for (var run = 0; run < Limits.NonBusinessRunDays && !IsBusinessDay(other); run++, other = other.AddDays(step))
        {
            if (belongsTo(other))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The business day that a day without business gives way to; null when the rule leaves it out, or none is near.</summary>
    internal DateOnly? Move(DateOnly day, NonBusinessDay rule)
    {
        var step = rule == NonBusinessDay.PreviousBusinessDay ? -1 : 1;
        for (var run = 0; run <= Limits.NonBusinessRunDays; run++, day = day.AddDays(step))
        {
            if (IsBusinessDay(day))
            {
                return day;
            }

            if (rule == NonBusinessDay.Skip)
            {
                return null;
            }
        }

        return null;
    }
}

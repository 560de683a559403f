using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Workflows.Engine.Schedules;

/// <summary>What is wrong with a cron expression.</summary>
/// <param name="Position">Of the first character that cannot be used, from 1.</param>
public sealed record CronProblem(int Position, string Message, string Hint);

/// <summary>
/// A compiled cron expression: a set of days and a set of times of day, so that the next occurrence is found by days and bits, never by stepping through
/// minutes. The day rule is the one of crontab(5): when both the day of the month and the day of the week are
/// restricted, either is
/// enough; a field that begins with a star is no restriction in this sense, so that then both must hold.
/// </summary>
public sealed class CronExpression
{
    private const int SecondsPerMinute = 60;
    private const int SecondsPerHour = 3_600;

    private readonly string _text;

    internal CronExpression(string text) => _text = text;

    internal ulong Seconds { get; set; }

    internal ulong Minutes { get; set; }

    internal ulong Hours { get; set; }

    /// <summary>Bits 1 to 31.</summary>
    internal ulong Days { get; set; }

    /// <summary>Bits 1 to 12.</summary>
    internal ulong Months { get; set; }

    /// <summary>Bits 0 (Sunday) to 6.</summary>
    internal ulong Weekdays { get; set; }

    /// <summary>The day of the month begins with a star, or is <c>?</c>: days must then be of both fields.</summary>
    internal bool HasDayStar { get; set; }

    /// <summary>The same of the day of the week.</summary>
    internal bool HasWeekdayStar { get; set; }

    /// <summary>Bit n: n days before the last of the month (<c>L</c>, <c>L-n</c>).</summary>
    internal ulong LastDays { get; set; }

    /// <summary>Bit n: the working day nearest to n days before the last (<c>LW</c>, <c>L-nW</c>).</summary>
    internal ulong LastWorkdays { get; set; }

    /// <summary>Bit d: the working day nearest to day d (<c>dW</c>).</summary>
    internal ulong NearestWorkdays { get; set; }

    /// <summary>Bit w: the last weekday w of the month (<c>wL</c>).</summary>
    internal ulong LastWeekdays { get; set; }

    /// <summary>Bit 5w+n-1: the nth weekday w of the month (<c>w#n</c>).</summary>
    internal ulong NthWeekdays { get; set; }

    /// <summary>
    /// True when seconds, minutes or hours hold a wildcard, range or step: it then speaks of a rhythm rather than of times of day, and each repeated hour of
    /// a change of the clock counts.
    /// </summary>
    public bool IsInterval { get; internal set; }

    /// <summary>Parses five fields (minutes first), six (seconds first), or a macro such as <c>@daily</c>.</summary>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out CronExpression? expression, [NotNullWhen(false)] out CronProblem? problem) =>
        CronParser.TryParse(text, out expression, out problem);

    /// <summary>Whether there is any day at all on which it fires: February 30 never comes.</summary>
    public bool CanFire()
    {
        // The calendar repeats every 400 years, weekdays included.
        var day = new DateOnly(2000, 1, 1);
        return FirstDay(day, day.AddYears(400)) is not null;
    }

    /// <summary>The first day from <paramref name="from"/> on, and before <paramref name="end"/>, that matches.</summary>
    public DateOnly? FirstDay(DateOnly from, DateOnly end)
    {
        var day = from;
        while (day < end)
        {
            if (((Months >> day.Month) & 1) == 0)
            {
                day = new DateOnly(day.Year, day.Month, 1).AddMonths(1);
                continue;
            }

            if (MatchesDayOf(day))
            {
                return day;
            }

            day = day.AddDays(1);
        }

        return null;
    }

    public bool Matches(DateOnly day) => ((Months >> day.Month) & 1) != 0 && MatchesDayOf(day);

    /// <summary>The first time of day from <paramref name="second"/> (of the day) on; null when there is none left.</summary>
    public int? NextTime(int second)
    {
        if (second >= 86_400)
        {
            return null;
        }

        var (hour, minute, rest) = (second / SecondsPerHour, second / SecondsPerMinute % 60, second % 60);
        var nextSecond = NextBit(Seconds, rest);
        if (nextSecond < 0)
        {
            (nextSecond, minute) = (NextBit(Seconds, 0), minute + 1);
        }

        var nextMinute = NextBit(Minutes, minute);
        if (nextMinute != minute)
        {
            nextSecond = NextBit(Seconds, 0);
        }

        if (nextMinute < 0)
        {
            (nextMinute, hour) = (NextBit(Minutes, 0), hour + 1);
        }

        var nextHour = NextBit(Hours, hour);
        if (nextHour < 0)
        {
            return null;
        }

        if (nextHour != hour)
        {
            (nextMinute, nextSecond) = (NextBit(Minutes, 0), NextBit(Seconds, 0));
        }

        return (nextHour * SecondsPerHour) + (nextMinute * SecondsPerMinute) + nextSecond;
    }

    /// <inheritdoc/>
    public override string ToString() => _text;

    private static int NextBit(ulong bits, int from)
    {
        var rest = from >= 64 ? 0 : bits >> from << from;
        return rest == 0 ? -1 : BitOperations.TrailingZeroCount(rest);
    }

    private bool MatchesDayOf(DateOnly day) =>
        HasDayStar || HasWeekdayStar
            ? MatchesDayOfMonth(day) && MatchesWeekday(day)
            : MatchesDayOfMonth(day) || MatchesWeekday(day);

    private bool MatchesWeekday(DateOnly day)
    {
        var weekday = (int)day.DayOfWeek;
        return ((Weekdays >> weekday) & 1) != 0
            || (((LastWeekdays >> weekday) & 1) != 0 && day.Day + 7 > DateTime.DaysInMonth(day.Year, day.Month))
            || ((NthWeekdays >> ((5 * weekday) + ((day.Day - 1) / 7))) & 1) != 0;
    }

    private bool MatchesDayOfMonth(DateOnly day)
    {
        if (((Days >> day.Day) & 1) != 0)
        {
            return true;
        }

        var length = DateTime.DaysInMonth(day.Year, day.Month);
        if (((LastDays >> (length - day.Day)) & 1) != 0)
        {
            return true;
        }

        if ((NearestWorkdays | LastWorkdays) == 0 || day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday)
        {
            return false;
        }

        // A working day is nearest to itself and to at most two days on either side of it.
        for (var near = Math.Max(1, day.Day - 2); near <= Math.Min(length, day.Day + 2); near++)
        {
            var isMeant = ((NearestWorkdays >> near) & 1) != 0 || ((LastWorkdays >> (length - near)) & 1) != 0;
            if (isMeant && NearestWorkday(new DateOnly(day.Year, day.Month, near), length) == day.Day)
            {
                return true;
            }
        }

        return false;
    }

    // Never leaves the month: the first on a Saturday means the Monday after, the last on a Sunday the Friday before.
    private static int NearestWorkday(DateOnly day, int length) => day.DayOfWeek switch
    {
        DayOfWeek.Saturday => day.Day > 1 ? day.Day - 1 : day.Day + 2,
        DayOfWeek.Sunday => day.Day < length ? day.Day + 1 : day.Day - 2,
        _ => day.Day,
    };
}

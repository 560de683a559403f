namespace Workflows.Jsonata.Functions;

/// <summary>The components of a date-time picture, read from an instant. Weeks are those of ISO 8601: the first week of a
/// year or month is the one with its first Thursday.</summary>
internal static class CalendarFields
{
    public static double Get(DateTime instant, char component) => component switch
    {
        'Y' => instant.Year,
        'M' => instant.Month,
        'D' => instant.Day,
        'd' => instant.DayOfYear,
        'F' => IsoDay(instant),
        'W' => WeekOfYear(instant),
        'w' => WeekOfMonth(instant),
        'X' => WeekYear(instant),
        'x' => WeekMonth(instant),
        'H' => instant.Hour,
        'h' => instant.Hour % 12 == 0 ? 12 : instant.Hour % 12,
        'P' => instant.Hour >= 12 ? 1 : 0,
        'm' => instant.Minute,
        's' => instant.Second,
        'f' => instant.Millisecond,
        _ => 0,
    };

    private static int IsoDay(DateTime date) => date.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)date.DayOfWeek;

    /// <summary>Days from year 1 to the Monday of the first week.</summary>
    private static int FirstWeek(int year, int month)
    {
        // Months 0 and 13 belong to the neighbouring years; at the ends of the calendar there is no neighbour.
        (year, month) = month switch
        {
            < 1 => (year - 1, 12),
            > 12 => (year + 1, 1),
            _ => (year, month),
        };
        if (year is < 1 or > 9999)
        {
            return year < 1 ? int.MinValue / 2 : int.MaxValue / 2;
        }

        var first = new DateTime(year, month, 1, 0, 0, 0, DateTimeKind.Utc);
        var day = IsoDay(first);
        var number = DateOnly.FromDateTime(first).DayNumber;
        return day > 4 ? number + 8 - day : number - (day - 1);
    }

    private static int Weeks(int start, DateTime date) =>
        (int)Math.Floor((DateOnly.FromDateTime(date).DayNumber - start) / 7.0) + 1;

    private static int WeekOfYear(DateTime date)
    {
        var week = Weeks(FirstWeek(date.Year, 1), date);
        if (week > 52 && DateOnly.FromDateTime(date).DayNumber >= FirstWeek(date.Year + 1, 1))
        {
            return 1;
        }

        return week < 1 && date.Year > 1 ? Weeks(FirstWeek(date.Year - 1, 1), date) : Math.Max(week, 1);
    }

    private static int WeekOfMonth(DateTime date)
    {
        var week = Weeks(FirstWeek(date.Year, date.Month), date);
        if (week > 4 && DateOnly.FromDateTime(date).DayNumber >= FirstWeek(date.Year, date.Month + 1))
        {
            return 1;
        }

        return week < 1 && date.Year > 1 ? Weeks(FirstWeek(date.Year, date.Month - 1), date) : Math.Max(week, 1);
    }

    private static int WeekYear(DateTime date)
    {
        var day = DateOnly.FromDateTime(date).DayNumber;
        return day < FirstWeek(date.Year, 1) ? date.Year - 1 : day >= FirstWeek(date.Year + 1, 1) ? date.Year + 1 : date.Year;
    }

    private static int WeekMonth(DateTime date)
    {
        var day = DateOnly.FromDateTime(date).DayNumber;
        var month = day < FirstWeek(date.Year, date.Month) ? date.Month - 1
            : day >= FirstWeek(date.Year, date.Month + 1) ? date.Month + 1
            : date.Month;
        return ((month + 11) % 12) + 1;
    }
}

namespace Workflows.Engine;

/// <summary>
/// Timestamps as RFC 3339 writes them: date, <c>T</c>, time, and always an offset. The text is read, never rewritten:
/// who needs what a client wrote keeps the client's text.
/// </summary>
/// <remarks>
/// A fraction of a second may have any number of digits (Go writes nine). The first seven are kept, which is what a
/// tick of .NET holds; the rest is cut and not rounded, so that no instant moves into the next second. The ledger keeps
/// six (<c>timestamptz</c>). A second 60 is read where RFC 3339 section 5.7 has it: in the last minute, in UTC, of the
/// last day of a month. It is the instant at which that minute ends, as PostgreSQL reads it, since no clock here counts
/// leap seconds. The year 0000 and instants outside the years 1 to 9999 in UTC are refused: .NET has none of them.
/// </remarks>
internal static class Rfc3339
{
    private const int DateLength = 10;
    private const int MinuteEnd = 16;
    private const int SecondEnd = 19;
    private const int KeptDigits = 7;
    private const int LeapSecond = 60;

    /// <summary>A date alone, <c>yyyy-MM-dd</c>.</summary>
    public static bool IsDate(ReadOnlySpan<char> text) => text.Length == DateLength && TryReadDate(text, out _);

    /// <param name="instant">In UTC.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset instant)
    {
        instant = default;
        if (text.Length <= SecondEnd
            || !TryReadDate(text[..DateLength], out var date)
            || text[DateLength] is not ('T' or 't')
            || text[13] != ':' || text[MinuteEnd] != ':'
            || !TryReadNumber(text[11..13], 23, out var hour)
            || !TryReadNumber(text[14..MinuteEnd], 59, out var minute)
            || !TryReadNumber(text[17..SecondEnd], LeapSecond, out var second))
        {
            return false;
        }

        var rest = text[SecondEnd..];
        if (!TryReadFraction(ref rest, out var fraction) || !TryReadOffset(rest, out var offset))
        {
            return false;
        }

        var ticks = date.Ticks + new TimeSpan(hour, minute, second).Ticks + fraction - offset.Ticks;
        if (ticks < DateTime.MinValue.Ticks
            || ticks > DateTime.MaxValue.Ticks
            || (second == LeapSecond && !FollowsLeapSecond(new DateTime(ticks))))
        {
            return false;
        }

        instant = new DateTimeOffset(ticks, TimeSpan.Zero);
        return true;
    }

    private static bool FollowsLeapSecond(DateTime utc) => utc is { Day: 1, Hour: 0, Minute: 0, Second: 0 };

    private static bool TryReadDate(ReadOnlySpan<char> text, out DateTime date)
    {
        date = default;
        if (text[4] != '-'
            || text[7] != '-'
            || !TryReadNumber(text[..4], 9999, out var year)
            || !TryReadNumber(text[5..7], 12, out var month)
            || !TryReadNumber(text[8..DateLength], 31, out var day)
            || year == 0 || month == 0 || day == 0 || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        date = new DateTime(year, month, day);
        return true;
    }

    /// <summary>Takes <c>.digits</c> from the beginning; there need not be any.</summary>
    private static bool TryReadFraction(ref ReadOnlySpan<char> text, out long ticks)
    {
        ticks = 0;
        if (text[0] != '.')
        {
            return true;
        }

        var end = text[1..].IndexOfAnyExceptInRange('0', '9') + 1;
        if (end <= 1)
        {
            return false; // no digit, or nothing after the digits
        }

        for (var at = 1; at <= KeptDigits; at++)
        {
            ticks = (ticks * 10) + (at < end ? text[at] - '0' : 0);
        }

        text = text[end..];
        return true;
    }

    private static bool TryReadOffset(ReadOnlySpan<char> text, out TimeSpan offset)
    {
        offset = TimeSpan.Zero;
        if (text is "Z" or "z")
        {
            return true;
        }

        if (text.Length != 6
            || text[0] is not ('+' or '-')
            || text[3] != ':'
            || !TryReadNumber(text[1..3], 23, out var hours)
            || !TryReadNumber(text[4..], 59, out var minutes))
        {
            return false;
        }

        offset = new TimeSpan(hours, minutes, 0) * (text[0] == '-' ? -1 : 1);
        return true;
    }

    /// <summary>ASCII digits only: .NET's own parsers also take signs, blanks and a few other things.</summary>
    private static bool TryReadNumber(ReadOnlySpan<char> text, int max, out int value)
    {
        value = 0;
        foreach (var character in text)
        {
            if (!char.IsAsciiDigit(character))
            {
                return false;
            }

            value = (value * 10) + (character - '0');
        }

        return value <= max;
    }
}

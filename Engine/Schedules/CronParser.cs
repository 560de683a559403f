using System.Diagnostics.CodeAnalysis;

namespace Workflows.Engine.Schedules;

/// <summary>Text to <see cref="CronExpression"/>; the first thing that is wrong is reported with its position.</summary>
internal static class CronParser
{
    private static readonly string[] MonthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] DayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    private static readonly CronField Second = new("seconds", 0, 59, []);
    private static readonly CronField Minute = new("minutes", 0, 59, []);
    private static readonly CronField Hour = new("hours", 0, 23, []);
    private static readonly CronField Day = new("day of the month", 1, 31, []);
    private static readonly CronField Month = new("month", 1, 12, MonthNames);

    // 7 is Sunday too.
    private static readonly CronField Weekday = new("day of the week", 0, 7, DayNames);

    private static readonly Dictionary<string, string> Macros = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@every_second"] = "* * * * * *",
        ["@every_minute"] = "* * * * *",
        ["@hourly"] = "0 * * * *",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@weekly"] = "0 0 * * 0",
        ["@monthly"] = "0 0 1 * *",
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
    };

    public static bool TryParse(
        string? text, [NotNullWhen(true)] out CronExpression? expression, [NotNullWhen(false)] out CronProblem? problem)
    {
        (expression, problem) = (null, null);
        try
        {
            expression = Parse(text ?? "");
            return true;
        }
        catch (CronException exception)
        {
            problem = exception.Problem;
            return false;
        }
    }

    private static CronExpression Parse(string text)
    {
        if (text.Length > Limits.CronLength)
        {
            throw Wrong(Limits.CronLength, $"The expression has {text.Length} characters.", $"At most {Limits.CronLength} are allowed.");
        }

        var cron = new CronExpression(text);
        var fields = Split(text);
        if (fields is [var (zoneAt, zone), ..] && zone.Contains('='))
        {
            var name = zone[(zone.IndexOf('=', StringComparison.Ordinal) + 1)..];
            throw Wrong(
                zoneAt,
                $"'{zone}' cannot stand in an expression: it holds the fields alone.",
                name.Length > 0 && zone.Contains("TZ=", StringComparison.OrdinalIgnoreCase)
                    ? $"Write the time zone in 'timeZone': \"{name}\"."
                    : "Leave it out.");
        }

        if (fields is [var (macroAt, macro)] && macro.StartsWith('@'))
        {
            fields = Macros.TryGetValue(macro, out var meaning)
                ? Split(meaning)
                : throw Wrong(macroAt, $"There is no macro '{macro}'.", $"Known are {string.Join(", ", Macros.Keys)}.");
        }

        if (fields.Count is not (5 or 6))
        {
            throw Wrong(
                fields.Count > 6 ? fields[6].At : text.Length + 1,
                $"There are {fields.Count} fields instead of 5 or 6.",
                "Write: [seconds] minutes hours day-of-month month day-of-week, e.g. 0 6 * * MON-FRI.");
        }

        var at = fields.Count - 5;
        var isRhythm = at == 1 && CronTerm.IsRhythm(fields[0].Text);
        cron.Seconds = at == 1 ? Plain(fields[0], Second) : 1;
        cron.Minutes = Plain(fields[at], Minute);
        cron.Hours = Plain(fields[at + 1], Hour);
        cron.IsInterval = isRhythm || CronTerm.IsRhythm(fields[at].Text) || CronTerm.IsRhythm(fields[at + 1].Text);
        ReadDays(fields[at + 2], cron);
        cron.Months = Plain(fields[at + 3], Month);
        ReadWeekdays(fields[at + 4], cron);
        return cron.CanFire()
            ? cron
            : throw Wrong(fields[at + 2].At, "It never fires: no month has such a day.", "Choose a day that the month has.");
    }

    private static ulong Plain((int At, string Text) field, CronField kind)
    {
        ulong bits = 0;
        foreach (var (at, term) in Terms(field))
        {
            bits |= new CronTerm(term, at, kind).Bits();
        }

        return bits;
    }

    private static void ReadDays((int At, string Text) field, CronExpression cron)
    {
        cron.HasDayStar = IsStar(field.Text);
        foreach (var (at, term) in Terms(field))
        {
            var text = term.ToUpperInvariant();
            if (text.StartsWith('L'))
            {
                var isWorkday = text.EndsWith('W');
                var middle = text[1..^(isWorkday ? 1 : 0)];
                var back = middle.Length == 0 ? 0
                    : middle[0] == '-' && int.TryParse(middle[1..], out var days) && days is >= 1 and <= 30 ? days
                    : throw Wrong(at + 1, $"'{term}' cannot be used here.", "Write L, LW, L-3 or L-3W (1 to 30 days before the last).");
                cron.LastDays |= isWorkday ? 0 : 1UL << back;
                cron.LastWorkdays |= isWorkday ? 1UL << back : 0;
            }
            else if (text.EndsWith('W'))
            {
                cron.NearestWorkdays |= 1UL << new CronTerm(term[..^1], at, Day).Single("Write one day before W, e.g. 15W.");
            }
            else
            {
                cron.Days |= term == "?" && field.Text == "?" ? ulong.MaxValue : new CronTerm(term, at, Day).Bits();
            }
        }
    }

    private static void ReadWeekdays((int At, string Text) field, CronExpression cron)
    {
        cron.HasWeekdayStar = IsStar(field.Text);
        foreach (var (at, term) in Terms(field))
        {
            var hash = term.IndexOf('#', StringComparison.Ordinal);
            if (hash >= 0)
            {
                var weekday = new CronTerm(term[..hash], at, Weekday).Single("Write one weekday before #, e.g. FRI#2.") % 7;
                var number = term[(hash + 1)..] is [>= '1' and <= '5'] digit
                    ? digit[0] - '0'
                    : throw Wrong(at + hash + 1, $"'{term[(hash + 1)..]}' is no number of a week.", "After # comes 1 to 5.");
                cron.NthWeekdays |= 1UL << ((5 * weekday) + number - 1);
            }
            else if (term.Length > 1 && term[^1] is 'L' or 'l')
            {
                cron.LastWeekdays |= 1UL << (new CronTerm(term[..^1], at, Weekday).Single("Write one weekday before L, e.g. FRIL.") % 7);
            }
            else
            {
                var bits = term == "?" && field.Text == "?" ? ulong.MaxValue : new CronTerm(term, at, Weekday).Bits();
                cron.Weekdays |= (bits | (bits >> 7)) & 0x7F;
            }
        }
    }

    // As cronie: what counts is how the field begins, so that */2 and a weekday must both hold.
    private static bool IsStar(string field) => field == "?" || field.StartsWith('*');

    private static List<(int At, string Text)> Split(string text)
    {
        var fields = new List<(int, string)>();
        for (var at = 0; at < text.Length;)
        {
            if (text[at] is ' ' or '\t')
            {
                at++;
                continue;
            }

            var end = text.AsSpan(at).IndexOfAny(' ', '\t');
            var length = end < 0 ? text.Length - at : end;
            fields.Add((at + 1, text.Substring(at, length)));
            at += length;
        }

        return fields;
    }

    private static IEnumerable<(int At, string Text)> Terms((int At, string Text) field)
    {
        var at = field.At;
        foreach (var term in field.Text.Split(','))
        {
            yield return term.Length > 0
                ? (at, term)
                : throw Wrong(at, "A value is missing in the list.", "Write values between the commas.");
            at += term.Length + 1;
        }
    }

    internal static CronException Wrong(int position, string message, string hint) => new(new CronProblem(position, message, hint));
}

/// <summary>One of the fields: its bounds and the names of its values, the first of which is <see cref="Min"/>.</summary>
internal sealed record CronField(string Name, int Min, int Max, string[] Names);

/// <summary>Carries a problem to <see cref="CronParser.TryParse"/>, which alone catches it.</summary>
internal sealed class CronException(CronProblem problem) : Exception(problem.Message)
{
    public CronProblem Problem => problem;
}

/// <summary>One element of a list: <c>*</c>, a value, a range, each maybe with a step.</summary>
internal readonly struct CronTerm(string text, int at, CronField kind)
{
    public static bool IsRhythm(string field) => field.AsSpan().IndexOfAny('*', '-', '/') >= 0;

    public ulong Bits()
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var body = slash < 0 ? text : text[..slash];
        var step = slash < 0 ? 1 : Step(slash);
        var dash = body.IndexOf('-', StringComparison.Ordinal);
        var (from, to) = body == "*" ? (kind.Min, Top)
            : dash > 0 ? (Value(body[..dash], 0), Value(body[(dash + 1)..], dash + 1))
            : Value(body, 0) is var single && slash < 0 ? (single, single)
            : (single, Top);

        // A range may go over the end: FRI-MON, 22-2.
        var size = Top - kind.Min + 1;
        var count = to >= from ? to - from : to - from + size;
        ulong bits = 0;
        for (var offset = 0; offset <= count; offset += step)
        {
            var value = from + offset;
            bits |= 1UL << (value > Math.Max(Top, to) ? value - size : value);
        }

        return bits;
    }

    public int Single(string hint) =>
        text.AsSpan().IndexOfAny('*', '-', '/') < 0 && text.Length > 0 ? Value(text, 0) : throw CronParser.Wrong(at, $"'{text}' is not one value.", hint);

    // Of the weekdays 7 is an alias: * and steps end at 6.
    private int Top => kind.Max == 7 ? 6 : kind.Max;

    private int Step(int slash) =>
        int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out var step) && step >= 1 && step <= kind.Max
            ? step
            : throw CronParser.Wrong(at + slash + 1, $"'{text[(slash + 1)..]}' is no step.", $"A step of {kind.Name} is 1 to {kind.Max}.");

    private int Value(string value, int offset)
    {
        var named = Array.FindIndex(kind.Names, name => name.Equals(value, StringComparison.OrdinalIgnoreCase));
        if (named >= 0)
        {
            return kind.Min + named;
        }

        return int.TryParse(value, System.Globalization.NumberStyles.None, null, out var number) && number >= kind.Min && number <= kind.Max
            ? number
            : throw CronParser.Wrong(
                at + offset,
                value.Length == 0 ? $"A value of {kind.Name} is missing." : $"'{value}' is no value of {kind.Name}.",
                kind.Names.Length == 0
                    ? $"Use {kind.Min} to {kind.Max}."
                    : $"Use {kind.Min} to {kind.Max}, or {kind.Names[0]} to {kind.Names[^1]}.");
    }
}

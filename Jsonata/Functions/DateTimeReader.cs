using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Workflows.Jsonata.Functions;

/// <summary>
/// Reads timestamps written as a picture says. Parts that the picture does not have are taken from the current instant
/// when they are greater than those it has, and from the beginning of the period when they are less; a gap is an error.
/// </summary>
internal sealed class DateTimeReader
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(JsonataLimits.Default.RegexTimeoutMilliseconds);

    private readonly DateTimePicture _picture;
    private readonly Regex _pattern;

    public DateTimeReader(DateTimePicture picture)
    {
        _picture = picture;
        var pattern = new StringBuilder("^");
        foreach (var part in picture.Parts)
        {
            pattern.Append('(').Append(part.Component == '\0' ? Regex.Escape(part.Literal) : PatternOf(part)).Append(')');
        }

        const RegexOptions options = RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking;
        _pattern = new Regex(pattern.Append(@"\z").ToString(), options, Timeout);
    }

    private static string PatternOf(PicturePart part)
    {
        if (part.Component is 'Z' or 'z')
        {
            var separator = part.Integer is { Separators: [var first, ..] } ? Regex.Escape(first.Text) + "[0-9]+" : "";
            return (part.Component == 'z' ? "GMT" : "") + "[-+][0-9]+" + separator;
        }

        if (part.Integer is not { } picture)
        {
            return part.Component == 'P' || DateTimePicture.NamesOf(part.Component) is not null
                ? "[a-zA-Z]+"
                : throw Errors.Of("D3133", value: part.Component.ToString());
        }

        return picture.Style switch
        {
            IntegerStyle.Letters => picture.IsUpper ? "[A-Z]+" : "[a-z]+",
            IntegerStyle.Roman => "[MDCLXVI]+",
            IntegerStyle.Words => "(?:" + string.Join('|', NumberWords.Words.Append("and").OrderByDescending(word => word.Length)) + "|[-, ])+",
            IntegerStyle.Unknown => throw Errors.Of("D3130", value: picture.Token),
            _ => DigitPattern(part, picture),
        };
    }

    private static string DigitPattern(PicturePart part, IntegerPicture picture)
    {
        var zero = char.ConvertFromUtf32(picture.ZeroDigit);
        var separators = string.Concat(picture.Separators.Select(separator => Regex.Escape(separator.Text)));
        var digit = picture.ZeroDigit == '0' ? "[0-9" + separators + "]" : $"[{zero}-{char.ConvertFromUtf32(picture.ZeroDigit + 9)}{separators}]";
        var count = part.ReadWidth > 0 ? "{" + part.ReadWidth.ToString(CultureInfo.InvariantCulture) + "}" : "+";
        return digit + count + (picture.IsOrdinal ? "(?:th|st|nd|rd)" : "");
    }

    /// <summary>Milliseconds since 1970, null when the text is not written as the picture says or says nothing.</summary>
    public (double Millis, bool HasZone)? Read(string text, DateTimeOffset now)
    {
        System.Text.RegularExpressions.Match found;
        try
        {
            found = _pattern.Match(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw Errors.Of("U1006", value: _pattern.ToString());
        }

        if (!found.Success)
        {
            return null;
        }

        var components = new Dictionary<char, double>();
        var group = 1;
        foreach (var part in _picture.Parts)
        {
            var value = found.Groups[group++].Value;
            if (part.Component != '\0' && ReadComponent(part, value) is { } number)
            {
                components[part.Component] = number;
            }
        }

        return components.Count > 0 && Complete(components, now.DateTime) is { } millis
            ? (millis, components.ContainsKey('Z') || components.ContainsKey('z'))
            : null;
    }

    private static double? ReadComponent(PicturePart part, string text)
    {
        switch (part.Component)
        {
            case 'Z' or 'z':
                return ReadZone(part, text);
            case 'P':
                return text.ToUpperInvariant() switch
                {
                    "AM" => 0,
                    "PM" => 1,
                    _ => null,
                };
            case 'f' when part.Integer is { Style: IntegerStyle.Decimal, ZeroDigit: '0' }:
                // The fraction of a second, in whole milliseconds.
                var fraction = text.Length > 3 ? text[..3] : text.PadRight(3, '0');
                return double.Parse(fraction, NumberStyles.None, CultureInfo.InvariantCulture);
        }

        if (part.Integer is { } picture)
        {
            var number = picture.Read(text);
            return double.IsNaN(number) ? null : number;
        }

        var index = Array.FindIndex(
            DateTimePicture.NamesOf(part.Component)!,
            name => string.Equals(part.MaxWidth is { } width && width < name.Length ? name[..width] : name, text, StringComparison.OrdinalIgnoreCase));
        return index < 0 ? null : index + 1;
    }

    private static double ReadZone(PicturePart part, string text)
    {
        text = part.Component == 'z' ? text[3..] : text;
        var sign = text[0] == '-' ? -1 : 1;
        var digits = text[1..];
        var separator = part.Integer is { Separators: [var first, ..] } ? digits.IndexOf(first.Text, StringComparison.Ordinal) : -1;
        var hoursEnd = separator >= 0 ? separator : Math.Min(2, digits.Length);
        var hours = Integer(digits[..hoursEnd]);
        var minutes = separator >= 0 ? Integer(digits[(separator + 1)..]) : digits.Length > 2 ? Integer(digits[2..]) : 0;
        return sign * ((hours * 60) + minutes);
    }

    private static double Integer(string digits) => double.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);

    private static double? Complete(Dictionary<char, double> components, DateTime now)
    {
        var (byDay, bySet) = DateComponents(components);
        var isTwelveHours = components.ContainsKey('h') || components.ContainsKey('P');
        var candidates = bySet + (isTwelveHours && !components.ContainsKey('H') ? "Phmsf" : "Hmsf");
        var started = false;
        var ended = false;
        foreach (var component in candidates)
        {
            if (components.ContainsKey(component))
            {
                started = true;
                if (ended)
                {
                    throw Errors.Of("D3136");
                }
            }
            else if (started)
            {
                components[component] = component is 'M' or 'D' or 'd' ? 1 : 0;
                ended = true;
            }
            else
            {
                components[component] = CalendarFields.Get(now, component);
            }
        }

        // Week dates are understood and not supported, as in the reference.
        if (bySet is not ("YMD" or "Yd"))
        {
            throw Errors.Of("D3136");
        }

        return ToMillis(components, byDay);
    }

    private static (bool ByDayOfYear, string Components) DateComponents(Dictionary<char, double> components)
    {
        bool Only(string set) => "YXMxWwdD".All(part => !components.ContainsKey(part) || set.Contains(part, StringComparison.Ordinal))
            && set.Any(components.ContainsKey);

        if (Only("YMD"))
        {
            return (false, "YMD");
        }

        if (Only("Yd"))
        {
            return (true, "Yd");
        }

        return (false, Only("Xxw") ? "XxwF" : Only("XW") ? "XWF" : "YMD");
    }

    private static double? ToMillis(Dictionary<char, double> components, bool byDayOfYear)
    {
        var hours = components.TryGetValue('H', out var given)
            ? given
            : (components['h'] == 12 ? 0 : components['h']) + (components['P'] == 1 ? 12 : 0);
        var month = byDayOfYear ? 1 : components['M'] > 0 ? components['M'] : 1;
        var days = (byDayOfYear ? components['d'] : components['D']) - 1;
        if (DayNumber(components['Y'], month) is not { } first)
        {
            return null;
        }

        var minutes = (((first + days) * 24) + hours) * 60 + components['m'];
        var zone = components.GetValueOrDefault('Z', components.GetValueOrDefault('z'));
        return (((minutes - zone) * 60) + components['s']) * 1000 + components['f'];
    }

    /// <summary>Days from 1970 to the first of a month; months over 12 run on into the next years.</summary>
    private static double? DayNumber(double year, double month)
    {
        // As in ECMAScript, years of two digits are those of the twentieth century.
        year += year is >= 0 and < 100 ? 1900 : 0;
        year += Math.Floor((month - 1) / 12);
        month = ((month - 1) % 12) + 1;
        return year is >= 1 and <= 9999
            ? (new DateTime((int)year, (int)month, 1, 0, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).TotalDays
            : null;
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Workflows.Jsonata.Functions;

internal enum NameCase
{
    None,
    Lower,
    Upper,
    Title,
}

/// <summary>A part of a date-time picture: literal text, or a component such as <c>[MNn,3-3]</c>.</summary>
internal sealed record PicturePart(string Literal, char Component = '\0')
{
    public string Presentation { get; init; } = "";

    /// <summary>Second modifier: o for ordinal, t for "Z" in place of a zero offset.</summary>
    public char Modifier { get; init; }

    public NameCase Names { get; init; }

    public int? MaxWidth { get; init; }

    public IntegerPicture? Integer { get; init; }

    /// <summary>Digits of a year that are shown, -1 for all.</summary>
    public int YearDigits { get; init; } = -1;

    /// <summary>Exact digits to read, when another number follows at once; 0 for any.</summary>
    public int ReadWidth { get; set; }
}

/// <summary>A picture of XPath 3.1 (fn:format-dateTime), taken apart once and kept.</summary>
internal sealed class DateTimePicture
{
    // The pictures of a program are few; beyond this many something generates them.
    private const int MaxCached = 256;
    private const int MaxWidth = 200;

    private static readonly ConcurrentDictionary<string, DateTimePicture> Cache = new(StringComparer.Ordinal);

    private static readonly string[] Months =
    [
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ];

    private static readonly string[] Days = ["", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

    private readonly List<PicturePart> _parts = [];

    private DateTimePicture(string picture) => Parse(picture);

    public static DateTimePicture Iso { get; } = Get("[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]");

    public IReadOnlyList<PicturePart> Parts => _parts;

    /// <summary>Compiled form for reading, made when first needed.</summary>
    public DateTimeReader Reader => field ??= new DateTimeReader(this);

    public static DateTimePicture Get(string picture)
    {
        if (Cache.TryGetValue(picture, out var known))
        {
            return known;
        }

        Limits.CheckPicture(picture);
        var parsed = new DateTimePicture(picture);
        if (Cache.Count < MaxCached)
        {
            Cache.TryAdd(picture, parsed);
        }

        return parsed;
    }

    /// <summary>Names of a component, index 0 for its value 1; null when it has none.</summary>
    public static string[]? NamesOf(char component) => component switch
    {
        'M' or 'x' => Months,
        'F' => Days[1..],
        _ => null,
    };

    private void Parse(string picture)
    {
        var literal = new StringBuilder();
        for (var i = 0; i < picture.Length; i++)
        {
            var doubled = i + 1 < picture.Length && picture[i + 1] == picture[i];
            if (picture[i] is '[' or ']' && doubled)
            {
                literal.Append(picture[i++]);
            }
            else if (picture[i] == '[')
            {
                AddLiteral(literal);
                var end = picture.IndexOf(']', i);
                if (end < 0)
                {
                    throw Errors.Of("D3135");
                }

                Add(ParseMarker(string.Concat(picture[(i + 1)..end].Where(unit => !char.IsWhiteSpace(unit)))));
                i = end;
            }
            else
            {
                literal.Append(picture[i]);
            }
        }

        AddLiteral(literal);
    }

    private void AddLiteral(StringBuilder literal)
    {
        if (literal.Length > 0)
        {
            _parts.Add(new PicturePart(literal.ToString()));
            literal.Clear();
        }
    }

    private void Add(PicturePart part)
    {
        // Of two numbers side by side, the first must have a known width to be read.
        if (part.Integer is not null && _parts.Count > 0 && _parts[^1].Integer is { } previous)
        {
            _parts[^1].ReadWidth = previous.MandatoryDigits;
        }

        _parts.Add(part);
    }

    private static PicturePart ParseMarker(string marker)
    {
        var component = marker.Length > 0 ? marker[0] : '\0';
        var comma = marker.LastIndexOf(',');
        int? minWidth = null;
        int? maxWidth = null;
        var presentation = marker.Length > 0 ? marker[1..] : "";
        if (comma > 0)
        {
            var widths = marker[(comma + 1)..].Split('-', 2);
            minWidth = Width(widths[0]);
            maxWidth = widths.Length > 1 ? Width(widths[1]) : null;
            presentation = marker[1..comma];
        }

        var modifier = '\0';
        if (presentation.Length > 1 && presentation[^1] is 'a' or 't' or 'c' or 'o')
        {
            modifier = presentation[^1];
            presentation = presentation[..^1];
        }

        presentation = presentation.Length > 0 ? presentation : DefaultPresentation(component);
        var part = new PicturePart("", component) { Presentation = presentation, Modifier = modifier, MaxWidth = maxWidth };
        return presentation[0] switch
        {
            'n' => part with { Names = NameCase.Lower },
            'N' => part with { Names = presentation.Length > 1 && presentation[1] == 'n' ? NameCase.Title : NameCase.Upper },
            _ => WithInteger(part, minWidth),
        };
    }

    private static int? Width(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var width) ? Math.Min(width, MaxWidth) : null;

    private static string DefaultPresentation(char component) => component switch
    {
        'Y' or 'M' or 'D' or 'd' or 'W' or 'w' or 'X' or 'x' or 'H' or 'h' or 'f' => "1",
        'm' or 's' => "01",
        'F' or 'P' or 'C' or 'E' => "n",
        'Z' or 'z' => "01:01",
        _ => throw Errors.Of("D3132", value: component.ToString()),
    };

    private static PicturePart WithInteger(PicturePart part, int? minWidth)
    {
        switch (part.Component)
        {
            case 'Z' or 'z':
                return part with { Integer = IntegerPicture.Parse(part.Presentation) };
            case 'Y' or 'M' or 'D' or 'd' or 'F' or 'W' or 'w' or 'X' or 'x' or 'H' or 'h' or 'm' or 's' or 'f':
                var picture = IntegerPicture.Parse(part.Modifier == '\0' ? part.Presentation : $"{part.Presentation};{part.Modifier}");
                picture = minWidth > picture.MandatoryDigits ? picture with { MandatoryDigits = minWidth.Value } : picture;
                return part.Component == 'Y' ? WithYear(part, picture) : part with { Integer = picture };
            case 'P' or 'C' or 'E':
                return part;
            default:
                throw Errors.Of("D3132", value: part.Component.ToString());
        }
    }

    private static PicturePart WithYear(PicturePart part, IntegerPicture picture)
    {
        if (part.MaxWidth is { } width)
        {
            return part with { Integer = picture with { MandatoryDigits = width }, YearDigits = width };
        }

        var digits = picture.MandatoryDigits + picture.OptionalDigits;
        return part with { Integer = picture, YearDigits = digits >= 2 ? digits : -1 };
    }

    /// <param name="instant">Local time in the zone to be shown.</param>
    /// <param name="offset">Offset of that zone in minutes.</param>
    public string Format(DateTime instant, int offset)
    {
        var text = new StringBuilder();
        foreach (var part in _parts)
        {
            text.Append(part.Component == '\0' ? part.Literal : FormatComponent(part, instant, offset));
        }

        return text.ToString();
    }

    private static string FormatComponent(PicturePart part, DateTime instant, int offset)
    {
        switch (part.Component)
        {
            case 'Z' or 'z':
                return FormatZone(part, offset);
            case 'P':
                return InCase(CalendarFields.Get(instant, 'P') > 0 ? "pm" : "am", part.Names == NameCase.Upper ? NameCase.Upper : NameCase.Lower);
            case 'C' or 'E':
                return "ISO";
        }

        var value = CalendarFields.Get(instant, part.Component);
        if (part.Component == 'Y' && part.YearDigits >= 0)
        {
            value %= Math.Pow(10, part.YearDigits);
        }

        if (part.Names == NameCase.None)
        {
            return part.Integer!.Format(value);
        }

        var names = NamesOf(part.Component) ?? throw Errors.Of("D3133", value: part.Component.ToString());
        var name = InCase(names[(int)value - 1], part.Names);
        return part.MaxWidth is { } width && width < name.Length ? name[..width] : name;
    }

    private static string InCase(string name, NameCase names) => names switch
    {
        NameCase.Lower => name.ToLowerInvariant(),
        NameCase.Upper => name.ToUpperInvariant(),
        _ => name,
    };

    private static string FormatZone(PicturePart part, int offset)
    {
        var sign = offset < 0 ? "-" : "+";
        var (hours, minutes) = Math.DivRem(Math.Abs(offset), 60);
        if (part.Integer is not { } picture)
        {
            throw Errors.Of("D3133", value: part.Component.ToString());
        }

        if (offset == 0 && part.Modifier == 't')
        {
            return "Z";
        }

        string digits;
        if (picture.GroupSize > 0 || picture.MandatoryDigits is 3 or 4)
        {
            digits = picture.Format((hours * 100) + minutes);
        }
        else if (picture.MandatoryDigits is 1 or 2)
        {
            digits = picture.Format(hours) + (minutes == 0 ? "" : ":" + minutes.ToString("00", CultureInfo.InvariantCulture));
        }
        else
        {
            throw Errors.Of("D3134", value: picture.MandatoryDigits.ToString(CultureInfo.InvariantCulture));
        }

        return (part.Component == 'z' ? "GMT" : "") + sign + digits;
    }
}

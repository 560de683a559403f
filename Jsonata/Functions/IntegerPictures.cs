using System.Globalization;
using System.Text;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Functions;

internal enum IntegerStyle
{
    Decimal,
    Letters,
    Roman,
    Words,

    /// <summary>A numbering sequence nobody has defined.</summary>
    Unknown,
}

/// <param name="Position">Digits to the right of it.</param>
/// <param name="Text">The separator.</param>
internal readonly record struct Separator(int Position, string Text);

/// <summary>How an integer is written: the picture of $formatInteger, also used for the parts of a date-time picture.</summary>
internal sealed record IntegerPicture(string Token)
{
    // First digits of the decimal digit groups of Unicode.
    private static readonly int[] DigitGroups =
    [
        0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
        0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
        0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    ];

    private const int MaxRomanNumber = 1_000_000;

    public IntegerStyle Style { get; init; }

    public bool IsUpper { get; init; }

    public bool IsTitle { get; init; }

    public bool IsOrdinal { get; init; }

    public int ZeroDigit { get; init; } = '0';

    public int MandatoryDigits { get; init; }

    public int OptionalDigits { get; init; }

    /// <summary>Separators by position, or the first alone when it repeats.</summary>
    public IReadOnlyList<Separator> Separators { get; init; } = [];

    /// <summary>Digits between separators when these are regular, else 0.</summary>
    public int GroupSize { get; init; }

    public static IntegerPicture Parse(string picture)
    {
        Limits.CheckPicture(picture);
        var semicolon = picture.LastIndexOf(';');
        var primary = semicolon < 0 ? picture : picture[..semicolon];
        var isOrdinal = semicolon >= 0 && picture.AsSpan(semicolon + 1).StartsWith('o');
        var format = new IntegerPicture(primary) { IsOrdinal = isOrdinal };
        return primary switch
        {
            "A" or "a" => format with { Style = IntegerStyle.Letters, IsUpper = primary == "A" },
            "I" or "i" => format with { Style = IntegerStyle.Roman, IsUpper = primary == "I" },
            "W" or "w" or "Ww" => format with { Style = IntegerStyle.Words, IsUpper = primary == "W", IsTitle = primary == "Ww" },
            _ => format.WithDigits(primary),
        };
    }

    private IntegerPicture WithDigits(string primary)
    {
        int? zero = null;
        var (mandatory, optional, position) = (0, 0, 0);
        var separators = new List<Separator>();
        foreach (var rune in primary.EnumerateRunes().Reverse())
        {
            var group = Array.Find(DigitGroups, first => rune.Value >= first && rune.Value <= first + 9);
            if (group != 0)
            {
                if (zero is not null && zero != group)
                {
                    throw Errors.Of("D3131");
                }

                zero = group;
                mandatory++;
                position++;
            }
            else if (rune.Value == '#')
            {
                optional++;
                position++;
            }
            else
            {
                separators.Add(new Separator(position, rune.ToString()));
            }
        }

        var groupSize = RegularSize(separators);
        return mandatory == 0
            ? this with { Style = IntegerStyle.Unknown }
            : this with
            {
                ZeroDigit = zero!.Value,
                MandatoryDigits = mandatory,
                OptionalDigits = optional,
                GroupSize = groupSize,
                Separators = groupSize > 0 ? [separators[0]] : separators,
            };
    }

    private static int RegularSize(List<Separator> separators)
    {
        if (separators.Count == 0 || separators.Exists(separator => separator.Text != separators[0].Text))
        {
            return 0;
        }

        var size = separators.Select(separator => separator.Position).Aggregate(GreatestCommonDivisor);
        for (var i = 1; i <= separators.Count; i++)
        {
            if (!separators.Exists(separator => separator.Position == i * size))
            {
                return 0;
            }
        }

        return size;
    }

    internal static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);

    public string Format(double number)
    {
        var magnitude = Math.Abs(Math.Floor(number));
        var text = Style switch
        {
            IntegerStyle.Letters => NumberWords.ToLetters(magnitude, IsUpper ? 'A' : 'a'),
            IntegerStyle.Roman => FormatRoman(magnitude),
            IntegerStyle.Words => FormatWords(magnitude),
            IntegerStyle.Decimal => FormatDigits(magnitude),
            IntegerStyle.Unknown => throw Errors.Of("D3130", value: Token),
        };
        return Math.Floor(number) < 0 ? "-" + text : text;
    }

    private string FormatRoman(double magnitude)
    {
        // One m for each thousand: beyond this the text would only be long.
        if (magnitude > MaxRomanNumber)
        {
            throw Errors.Of("D1001", value: NumberText.Format(magnitude));
        }

        var letters = NumberWords.ToRoman(magnitude);
        return IsUpper ? letters.ToUpperInvariant() : letters;
    }

    private string FormatWords(double magnitude)
    {
        if (!double.IsFinite(magnitude))
        {
            throw Errors.Of("D1001", value: NumberText.Format(magnitude));
        }

        var words = NumberWords.ToWords(magnitude, IsOrdinal);
        return IsTitle ? words : IsUpper ? words.ToUpperInvariant() : words.ToLowerInvariant();
    }

    private string FormatDigits(double magnitude)
    {
        var plain = NumberText.Format(magnitude).PadLeft(MandatoryDigits, '0');
        var length = plain.Length;
        var text = new StringBuilder();
        for (var i = 0; i < length; i++)
        {
            AppendSeparators(text, length - i, i == 0);
            text.Append(ZeroDigit == '0' || !char.IsAsciiDigit(plain[i])
                ? plain[i].ToString()
                : char.ConvertFromUtf32(ZeroDigit + plain[i] - '0'));
        }

        return IsOrdinal ? text + OrdinalSuffix(plain) : text.ToString();
    }

    private void AppendSeparators(StringBuilder text, int digitsToTheRight, bool isFirst)
    {
        if (GroupSize > 0)
        {
            text.Append(!isFirst && digitsToTheRight % GroupSize == 0 ? Separators[0].Text : "");
            return;
        }

        // Read from the right, so the leftmost of equal positions comes last in the list.
        for (var i = Separators.Count - 1; i >= 0; i--)
        {
            if (Separators[i].Position == digitsToTheRight)
            {
                text.Append(Separators[i].Text);
            }
        }
    }

    private static string OrdinalSuffix(string digits)
    {
        var isTeen = digits.Length > 1 && digits[^2] == '1';
        return isTeen ? "th" : digits[^1] switch
        {
            '1' => "st",
            '2' => "nd",
            '3' => "rd",
            _ => "th",
        };
    }

    /// <summary>Not a number (NaN) when the text is not written as the picture says.</summary>
    public double Read(string text) => Style switch
    {
        IntegerStyle.Letters => NumberWords.FromLetters(text, IsUpper ? 'A' : 'a'),
        IntegerStyle.Roman => NumberWords.FromRoman(text),
        IntegerStyle.Words => NumberWords.FromWords(text),
        IntegerStyle.Decimal => ParseDigits(text),
        IntegerStyle.Unknown => throw Errors.Of("D3130", value: Token),
    };

    private double ParseDigits(string text)
    {
        if (IsOrdinal && text.Length >= 2)
        {
            text = text[..^2];
        }

        foreach (var separator in Separators)
        {
            text = text.Replace(separator.Text, "", StringComparison.Ordinal);
        }

        var digits = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            var digit = rune.Value - ZeroDigit;
            if (digit is < 0 or > 9 && !(digits.Length == 0 && rune.Value == '-'))
            {
                break;
            }

            digits.Append(rune.Value == '-' ? "-" : digit.ToString(CultureInfo.InvariantCulture));
        }

        return double.TryParse(digits.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : double.NaN;
    }
}

internal static class IntegerPictures
{
    public static JsonataValue FormatInteger(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].TryGetNumber(out var number)
            ? JsonataValue.FromString(IntegerPicture.Parse(StringFunctions.Text(arguments[1])).Format(number))
            : default;

    public static JsonataValue ParseInteger(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].TryGetString(out var text)
            ? JsonataValue.FromNumber(IntegerPicture.Parse(StringFunctions.Text(arguments[1])).Read(text!))
            : default;
}

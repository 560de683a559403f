using System.Globalization;

namespace Workflows.Jsonata.Values;

/// <summary>Numbers as ECMAScript writes them (Number::toString): 1e+21 and 1e-7 have exponents, all between has none.</summary>
internal static class NumberText
{
    private const double MaxSafeInteger = 9007199254740991;

    /// <summary>The shortest text that reads back as the same double.</summary>
    public static string Format(double value)
    {
        if (value == 0)
        {
            return "0";
        }

        if (Math.Abs(value) <= MaxSafeInteger && value == Math.Floor(value))
        {
            return ((long)value).ToString(CultureInfo.InvariantCulture);
        }

        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        }

        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.Contains('E', StringComparison.Ordinal) ? Relayout(text) : text;
    }

    /// <summary>Fractions rounded to 15 significant digits first, as $string() does: 0.1 + 0.2 is 0.3.</summary>
    public static string FormatRounded(double value) => Format(Round15(value));

    public static double Round15(double value)
    {
        if (!double.IsFinite(value) || value == Math.Floor(value))
        {
            return value;
        }

        Span<char> digits = stackalloc char[32];
        value.TryFormat(digits, out var length, "E14", CultureInfo.InvariantCulture);
        return double.Parse(digits[..length], NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    // .NET changes to exponents at 1E+15 and 1E-05, ECMAScript at 1e21 and 1e-7.
    private static string Relayout(string text)
    {
        var negative = text[0] == '-';
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var digits = text[(negative ? 1 : 0)..mark].Replace(".", "", StringComparison.Ordinal);
        var sign = negative ? "-" : "";
        if (exponent is >= 21 or < -7 || (exponent == -7))
        {
            var mantissa = digits.Length == 1 ? digits : digits[..1] + "." + digits[1..];
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{mantissa}e{(exponent < 0 ? "-" : "+")}{Math.Abs(exponent)}");
        }

        if (exponent < 0)
        {
            return sign + "0." + new string('0', -exponent - 1) + digits;
        }

        return digits.Length <= exponent + 1
            ? sign + digits + new string('0', exponent + 1 - digits.Length)
            : sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }
}

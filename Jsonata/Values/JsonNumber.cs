using System.Buffers.Text;

namespace Workflows.Jsonata.Values;

/// <summary>Numbers of JSON text. Most are short, and exact in two machine operations.</summary>
internal static class JsonNumber
{
    // Up to here both the digits and the power of ten are exact doubles, so one division rounds correctly (Clinger 1990).
    private const int ExactDigits = 15;

    private static readonly double[] PowersOfTen =
        [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

    public static double Parse(ReadOnlySpan<byte> text)
    {
        var i = text[0] == '-' ? 1 : 0;
        if (text.Length - i > ExactDigits)
        {
            return ParseLong(text);
        }

        var digits = 0L;
        var point = -1;
        for (; i < text.Length; i++)
        {
            var digit = text[i] - '0';
            if ((uint)digit <= 9)
            {
                digits = (digits * 10) + digit;
            }
            else if (text[i] == '.')
            {
                point = i;
            }
            else
            {
                return ParseLong(text);
            }
        }

        var number = point < 0 ? digits : digits / PowersOfTen[text.Length - point - 1];
        return text[0] == '-' ? -number : number;
    }

    private static double ParseLong(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out double number, out _) ? number : double.NaN;
}

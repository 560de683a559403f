using System.Buffers.Text;
using System.Text;

namespace Workflows.Jsonata.Values;

/// <summary>
/// Numbers that a double does not hold: integers beyond 2^53, and decimals of 18 digits and more. The language
/// calculates
/// with doubles, but a number nobody calculates with, such as an order's id, keeps its JSON text: texts, comparisons
/// and
/// $distinct see all of its digits. Every number stands for one decimal: such a number for its text, any other for
/// the shortest text of its double, so that order and equality are those of decimals.
/// </summary>
internal static class ExactNumber
{
    private const double FirstInexactInteger = 9007199254740992;

    // "%.17g" and the like write a double with so many digits; more are no double's.
    private const int DoubleDigits = 17;

    // Shorter texts are below 2^53 and have fewer digits, unless they have an exponent, which doubles then hold.
    private const int ShortText = 16;

    private const int MaxFoldedText = 400;

    /// <summary>True for a number whose text says more than its double.</summary>
    public static bool IsExact(in JsonataValue value) =>
        value.Reference is JsonDom dom && dom.Length(value.Row) >= ShortText && IsExact(dom.Raw(value.Row));

    /// <summary>False where a look at the length of the text says that it cannot be.</summary>
    public static bool MayBeExact(in JsonataValue value) =>
        value.Reference is JsonDom dom && dom.Length(value.Row) >= ShortText;

    public static bool IsExact(ReadOnlySpan<byte> text)
    {
        if (text.Length < ShortText)
        {
            return false;
        }

        var number = JsonNumber.Parse(text);
        var exact = DecimalNumber.Parse(text);
        if (exact.Digits.Length <= DoubleDigits && Math.Abs(number) < FirstInexactInteger)
        {
            return false;
        }

        return !double.IsFinite(number) || exact.CompareTo(DecimalNumber.Of(number)) != 0;
    }

    /// <summary>
    /// The text of a number whose digits are to be kept: one that is exact, or an integer written out.
    /// </summary>
    /// <returns>Null when the text of the double will do.</returns>
    public static string? KeptText(in JsonataValue value)
    {
        if (value.Reference is not JsonDom dom)
        {
            return null;
        }

        if (dom.Length(value.Row) < ShortText)
        {
            return null;
        }

        var text = dom.Raw(value.Row);
        return (text.IndexOfAny(".eE"u8) < 0 || IsExact(text)) ? Encoding.ASCII.GetString(text) : null;
    }

    /// <summary>A number written in an expression, or in a text that is taken for a number.</summary>
    /// <param name="text">As JSON writes numbers.</param>
    /// <param name="number">Its double.</param>
    public static JsonataValue FromText(string text, double number)
    {
        if (text.Length is < ShortText or > MaxFoldedText)
        {
            return JsonataValue.FromNumber(number);
        }

        var utf8 = Encoding.UTF8.GetBytes(text);
        return IsJson(utf8) && IsExact(utf8) ? JsonataValue.FromJson(utf8) : JsonataValue.FromNumber(number);
    }

    private static bool IsJson(ReadOnlySpan<byte> text)
    {
        var first = text[0] == '-' ? 1 : 0;
        return !(text[first] == '0' && text.Length > first + 1 && text[first + 1] is >= (byte)'0' and <= (byte)'9')
            && Utf8Parser.TryParse(text, out double _, out var used) && used == text.Length;
    }

    /// <summary>The order of two numbers.</summary>
    public static int Compare(in JsonataValue left, in JsonataValue right, double leftNumber, double rightNumber)
    {
        if (leftNumber != rightNumber)
        {
            return leftNumber < rightNumber ? -1 : 1;
        }

        return (left.IsPlainNumber && (right.IsPlainNumber || !double.IsFinite(leftNumber)))
            || (right.IsPlainNumber && !double.IsFinite(rightNumber))
            || !(IsExact(left) || IsExact(right))
            ? 0
            : DecimalOf(left, leftNumber).CompareTo(DecimalOf(right, rightNumber));
    }

    /// <summary>What two equal numbers have in common and no others, for sets of exact numbers.</summary>
    public static string Key(in JsonataValue exact) =>
        DecimalNumber.Parse(((JsonDom)exact.Reference!).Raw(exact.Row)).ToString();

    private static DecimalNumber DecimalOf(in JsonataValue value, double number) =>
        value.Reference is JsonDom dom && IsExact(dom.Raw(value.Row))
            ? DecimalNumber.Parse(dom.Raw(value.Row))
            : DecimalNumber.Of(number);
}

using System.Buffers.Text;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Workflows.Jsonata;

/// <summary>
/// A number of JSON text as the decimal it is, however many digits it has: 0.digits times ten to the exponent.
/// Doubles round;
/// this tells 9007199254740993 from 9007199254740992.
/// </summary>
/// <remarks>Time and memory are those of the text, except for <see cref="IsMultipleOf"/>.</remarks>
public readonly record struct DecimalNumber : IComparable<DecimalNumber>
{
    // Beyond, ten to the exponent is worth no calculation: a multiple of less than that is none of use.
    private const int MaxScale = 20_000;

    private DecimalNumber(bool isNegative, string digits, BigInteger exponent) =>
        (IsNegative, Digits, Exponent) = (isNegative, digits, exponent);

    /// <summary>Below zero.</summary>
    public bool IsNegative { get; }

    /// <summary>The digits without zeros at either end; empty for zero.</summary>
    public string Digits { get; }

    /// <summary>Places of the point from before the first digit.</summary>
    public BigInteger Exponent { get; }

    /// <summary>A whole number: also 1.0 and 1e3.</summary>
    public bool IsInteger => Digits.Length == 0 || Exponent >= Digits.Length;

    private int Sign => Digits.Length == 0 ? 0 : IsNegative ? -1 : 1;

    /// <summary>A number as JSON writes it.</summary>
    /// <param name="text">UTF-8 of a number that a JSON reader has accepted.</param>
    public static DecimalNumber Parse(ReadOnlySpan<byte> text)
    {
        var isNegative = text[0] == '-';
        text = isNegative ? text[1..] : text;
        var mark = text.IndexOfAny((byte)'e', (byte)'E');
        var exponent = mark < 0
            ? BigInteger.Zero
            : BigInteger.Parse(
                Encoding.ASCII.GetString(text[(mark + 1)..]),
                NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture);
        var mantissa = mark < 0 ? text : text[..mark];
        var first = mantissa.IndexOfAnyInRange((byte)'1', (byte)'9');
        if (first < 0)
        {
            return new DecimalNumber(false, "", BigInteger.Zero);
        }

        var point = mantissa.IndexOf((byte)'.');
        var whole = point < 0 ? mantissa.Length : point;
        var places = first < whole ? whole - first : whole + 1 - first;
        return new DecimalNumber(isNegative, DigitsOf(mantissa[first..]), exponent + places);
    }

    /// <summary>The shortest decimal that reads back as this double, which must be finite.</summary>
    public static DecimalNumber Of(double number)
    {
        Span<byte> text = stackalloc byte[32];
        return Utf8Formatter.TryFormat(number, text, out var length)
            ? Parse(text[..length])
            : throw new ArgumentOutOfRangeException(nameof(number));
    }

    private static string DigitsOf(ReadOnlySpan<byte> mantissa)
    {
        var digits = new StringBuilder(mantissa.Length);
        foreach (var unit in mantissa)
        {
            if (unit != '.')
            {
                digits.Append((char)unit);
            }
        }

        return digits.ToString().TrimEnd('0');
    }

    /// <inheritdoc/>
    public int CompareTo(DecimalNumber other)
    {
        if (Sign != other.Sign)
        {
            return Sign.CompareTo(other.Sign);
        }

        var order = Exponent.CompareTo(other.Exponent);
        order = order != 0 ? order : string.CompareOrdinal(Digits, other.Digits);
        return IsNegative ? -Math.Sign(order) : Math.Sign(order);
    }

    /// <summary>
    /// Whether this is a whole multiple of a step that is not zero. Scales of more than 20,000 places are not
    /// calculated
    /// with: such a number is a multiple of nothing.
    /// </summary>
    public bool IsMultipleOf(DecimalNumber step)
    {
        if (Digits.Length == 0)
        {
            return true;
        }

        // Both as whole numbers of the finer of the two last places.
        var last = Exponent - Digits.Length;
        var stepLast = step.Exponent - step.Digits.Length;
        var finest = BigInteger.Min(last, stepLast);
        if (step.Digits.Length == 0 || last - finest > MaxScale || stepLast - finest > MaxScale)
        {
            return false;
        }

        return (Scaled(last - finest) % step.Scaled(stepLast - finest)).IsZero;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsNegative ? "-" : "")}0.{Digits}e{Exponent}");

    private BigInteger Scaled(BigInteger places) =>
        BigInteger.Parse(Digits, NumberStyles.None, CultureInfo.InvariantCulture) * BigInteger.Pow(10, (int)places);

    /// <summary>Less.</summary>
    public static bool operator <(DecimalNumber left, DecimalNumber right) => left.CompareTo(right) < 0;

    /// <summary>Less or equal.</summary>
    public static bool operator <=(DecimalNumber left, DecimalNumber right) => left.CompareTo(right) <= 0;

    /// <summary>Greater.</summary>
    public static bool operator >(DecimalNumber left, DecimalNumber right) => left.CompareTo(right) > 0;

    /// <summary>Greater or equal.</summary>
    public static bool operator >=(DecimalNumber left, DecimalNumber right) => left.CompareTo(right) >= 0;
}

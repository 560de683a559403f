using System.Globalization;
using System.Text;
using System.Text.Json;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>
/// A number of one item. The least of a list is one of its items: nobody has calculated with it, so that it keeps the
/// digits that a double has no room for, as in the rest of the language.
/// </summary>
/// <param name="value">Of the kind number.</param>
internal readonly struct AggregateNumber(JsonataValue value)
{
    // A shorter text has at most 15 digits, which doubles hold: two of them are equal when their doubles are.
    private const int LongText = 16;

    private readonly JsonataValue _value = value;

    /// <summary>What is calculated with; infinite where it is beyond.</summary>
    public double Number { get; } = value.TryGetNumber(out var number) ? number : double.NaN;

    /// <summary>The same for equal numbers, however they are written, and for no others.</summary>
    public string Identity => LongOf(_value) is { } text && DecimalNumber.Parse(text) is var exact
        && (!double.IsFinite(Number) || exact != DecimalNumber.Of(Number))
            ? exact.ToString()
            : (Number == 0 ? 0 : Number).ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The order of the decimals that they are.</summary>
    public int CompareTo(in AggregateNumber other)
    {
        if (Number != other.Number || !double.IsFinite(Number))
        {
            return Number.CompareTo(other.Number);
        }

        var (left, right) = (LongOf(_value), LongOf(other._value));
        return left is null && right is null ? 0 : Exact(left).CompareTo(other.Exact(right));
    }

    /// <summary>As it came, where a double would lose something.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        if (LongOf(_value) is { } text)
        {
            writer.WriteRawValue(text, skipInputValidation: true);
        }
        else
        {
            writer.WriteNumberValue(Number);
        }
    }

    private DecimalNumber Exact(byte[]? text) => text is null ? DecimalNumber.Of(Number) : DecimalNumber.Parse(text);

    private static byte[]? LongOf(in JsonataValue value) =>
        value.ToString() is { Length: >= LongText } text ? Encoding.UTF8.GetBytes(text) : null;
}

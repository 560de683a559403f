using System.Globalization;
using System.Numerics;
using System.Text;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Functions;

internal static class NumberFunctions
{
    public static double Number(in JsonataValue value)
    {
        value.TryGetNumber(out var number);
        return number;
    }

    public static JsonataValue ToNumber(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        var value = arguments[0];
        switch (value.Kind)
        {
            case JsonataKind.Undefined or JsonataKind.Number:
                return value;
            case JsonataKind.Boolean:
                return JsonataValue.FromNumber(value.AsBoolean() ? 1 : 0);
            default:
                return value.TryGetString(out var text) && TryParse(text!, out var number)
                    ? ExactNumber.FromText(text!, number)
                    : throw Errors.Of("D3030", value: Errors.Show(value));
        }
    }

    private static bool TryParse(string text, out double number)
    {
        if (text.Length > 2 && text[0] == '0' && char.ToLowerInvariant(text[1]) is 'x' or 'o' or 'b')
        {
            return TryParseRadix(text, out number);
        }

        // As in JSON, but with leading zeros; no blanks, no plus, no bare dots.
        number = 0;
        var i = text.StartsWith('-') ? 1 : 0;
        return SkipDigits(text, ref i)
            && (i >= text.Length || text[i] != '.' || (++i > 0 && SkipDigits(text, ref i)))
            && SkipExponent(text, ref i)
            && i == text.Length
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number)
            && double.IsFinite(number);
    }

    private static bool SkipDigits(string text, ref int i)
    {
        var start = i;
        while (i < text.Length && char.IsAsciiDigit(text[i]))
        {
            i++;
        }

        return i > start;
    }

    private static bool SkipExponent(string text, ref int i)
    {
        if (i >= text.Length || text[i] is not ('e' or 'E'))
        {
            return true;
        }

        i++;
        i += i < text.Length && text[i] is '+' or '-' ? 1 : 0;
        return SkipDigits(text, ref i);
    }

    private static bool TryParseRadix(string text, out double number)
    {
        var radix = char.ToLowerInvariant(text[1]) switch
        {
            'x' => 16,
            'o' => 8,
            _ => 2,
        };
        number = 0;
        foreach (var digit in text.AsSpan(2))
        {
            var value = char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : radix;
            if (value >= radix)
            {
                return false;
            }

            number = (number * radix) + value;
        }

        return true;
    }

    public static JsonataValue Abs(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].IsUndefined ? default : JsonataValue.FromNumber(Math.Abs(Number(arguments[0])));

    public static JsonataValue Floor(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].IsUndefined ? default : JsonataValue.FromNumber(Math.Floor(Number(arguments[0])));

    public static JsonataValue Ceil(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].IsUndefined ? default : JsonataValue.FromNumber(Math.Ceiling(Number(arguments[0])));

    public static JsonataValue Round(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        return JsonataValue.FromNumber(Round(Number(arguments[0]), (int)Math.Clamp(Number(arguments[1]), -400, 400)));
    }

    /// <summary>Half to even. The decimal point is moved in the text, as 1.005 * 100 would not be 100.5.</summary>
    public static double Round(double value, int precision)
    {
        if (!double.IsFinite(value))
        {
            return value;
        }

        var moved = MovePoint(value, precision);
        if (double.IsInfinity(moved))
        {
            // Finer than any double: as the reference, no number at all.
            return double.NaN;
        }

        var rounded = Math.Round(moved, MidpointRounding.ToEven);
        var result = MovePoint(rounded, -precision);
        return result == 0 ? 0 : result;
    }

    private static double MovePoint(double value, int places)
    {
        if (places == 0)
        {
            return value;
        }

        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = mark < 0 ? 0 : int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = mark < 0 ? text : text[..mark];
        return double.Parse(
            string.Create(CultureInfo.InvariantCulture, $"{mantissa}E{exponent + places}"), NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    public static JsonataValue Power(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var result = Math.Pow(Number(arguments[0]), Number(arguments[1]));
        return double.IsFinite(result)
            ? JsonataValue.FromNumber(result)
            : throw Errors.Of("D3061", value: Errors.Show(arguments[0]), value2: Errors.Show(arguments[1]));
    }

    public static JsonataValue Sqrt(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var number = Number(arguments[0]);
        return number < 0 ? throw Errors.Of("D3060", value: NumberText.Format(number)) : JsonataValue.FromNumber(Math.Sqrt(number));
    }

    public static JsonataValue Random(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        JsonataValue.FromNumber(call.Context.Random.NextDouble());

    public static JsonataValue FormatBase(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var radix = arguments[1].IsUndefined ? 10 : Round(Number(arguments[1]), 0);
        if (radix is < 2 or > 36)
        {
            throw Errors.Of("D3100", value: NumberText.Format(radix));
        }

        var number = Round(Number(arguments[0]), 0);
        if (!double.IsFinite(number))
        {
            return JsonataValue.FromString(NumberText.Format(number));
        }

        var rest = BigInteger.Abs(new BigInteger(number));
        var digits = new StringBuilder();
        do
        {
            rest = BigInteger.DivRem(rest, (int)radix, out var digit);
            digits.Insert(0, "0123456789abcdefghijklmnopqrstuvwxyz"[(int)digit]);
        }
        while (!rest.IsZero);

        return JsonataValue.FromString(number < 0 ? "-" + digits : digits.ToString());
    }

    public static JsonataValue Sum(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var sum = 0.0;
        foreach (var item in arguments[0].Items())
        {
            call.Context.Step();
            sum += Number(item);
        }

        return JsonataValue.FromNumber(sum);
    }

    public static JsonataValue Average(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        var count = arguments[0].ItemCount();
        return count == 0 ? default : JsonataValue.FromNumber(Number(Sum(arguments, call)) / count);
    }

    public static JsonataValue Max(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        Extreme(arguments[0], 1, call);

    public static JsonataValue Min(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        Extreme(arguments[0], -1, call);

    // One of the items itself, with all of its digits, unless one is no number at all.
    private static JsonataValue Extreme(in JsonataValue array, int direction, in Call call)
    {
        var best = default(JsonataValue);
        var bestNumber = 0.0;
        foreach (var item in array.Items())
        {
            call.Context.Step();
            var number = Number(item);
            if (best.IsUndefined || double.IsNaN(number)
                || (!double.IsNaN(bestNumber) && ExactNumber.Compare(item, best, number, bestNumber) * direction > 0))
            {
                (best, bestNumber) = (item, number);
            }
        }

        return best.IsUndefined || ExactNumber.IsExact(best) ? best : JsonataValue.FromNumber(bestNumber);
    }
}

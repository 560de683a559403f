using System.Text;
using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Functions;

/// <summary>Functions over strings. Lengths and offsets count code points, so that a pair of surrogates is one character.</summary>
internal static class StringFunctions
{
    /// <summary>The string an argument is; signatures let arguments through that evaluated to nothing.</summary>
    public static string Text(in JsonataValue value) =>
        value.TryGetString(out var text) ? text! : throw Errors.Of("T0410", value: "2");

    public static JsonataValue String(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        var value = Sequence.Unwrap(arguments[0]);
        if (value.IsUndefined || value.Kind == JsonataKind.String)
        {
            return value;
        }

        var indented = !arguments[1].IsUndefined && arguments[1].ToBoolean();
        return JsonataValue.FromString(JsonText.Of(value, call.Context, indented));
    }

    public static JsonataValue Length(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].IsUndefined ? default : JsonataValue.FromNumber(CodePoints(Text(arguments[0])));

    public static JsonataValue Lowercase(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].IsUndefined ? default : JsonataValue.FromString(Text(arguments[0]).ToLowerInvariant());

    public static JsonataValue Uppercase(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].IsUndefined ? default : JsonataValue.FromString(Text(arguments[0]).Replace("ß", "SS", StringComparison.Ordinal).ToUpperInvariant());

    public static JsonataValue Substring(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var text = Text(arguments[0]);
        var count = CodePoints(text);
        arguments[1].TryGetNumber(out var start);
        start = count + start < 0 ? 0 : start;
        double end = count;
        if (arguments[2].TryGetNumber(out var length))
        {
            if (length <= 0)
            {
                return JsonataValue.FromString("");
            }

            end = start >= 0 ? start + length : count + start + length;
        }

        var from = Clamp(start, count);
        var to = Clamp(end, count);
        return JsonataValue.FromString(from >= to ? "" : text[Offset(text, from, count)..Offset(text, to, count)]);
    }

    private static int Clamp(double index, int count)
    {
        index = Math.Truncate(index);
        return (int)Math.Clamp(index < 0 ? index + count : index, 0, count);
    }

    public static JsonataValue SubstringBefore(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var text = Text(arguments[0]);
        var at = arguments[1].IsUndefined ? -1 : text.IndexOf(Text(arguments[1]), StringComparison.Ordinal);
        return JsonataValue.FromString(at < 0 ? text : text[..at]);
    }

    public static JsonataValue SubstringAfter(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var text = Text(arguments[0]);
        var mark = arguments[1].IsUndefined ? null : Text(arguments[1]);
        var at = mark is null ? -1 : text.IndexOf(mark, StringComparison.Ordinal);
        return JsonataValue.FromString(at < 0 ? text : text[(at + mark!.Length)..]);
    }

    public static JsonataValue Trim(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var text = Text(arguments[0]);
        var trimmed = new StringBuilder(text.Length);
        foreach (var unit in text)
        {
            var isBlank = unit is ' ' or '\t' or '\n' or '\r';
            if (!isBlank)
            {
                trimmed.Append(unit);
            }
            else if (trimmed.Length > 0 && trimmed[^1] != ' ')
            {
                trimmed.Append(' ');
            }
        }

        trimmed.Length -= trimmed.Length > 0 && trimmed[^1] == ' ' ? 1 : 0;
        return JsonataValue.FromString(trimmed.ToString());
    }

    public static JsonataValue Pad(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var text = Text(arguments[0]);
        var padding = arguments[2].TryGetString(out var given) && given!.Length > 0 ? given : " ";
        arguments[1].TryGetNumber(out var width);
        var missing = Math.Abs(Math.Truncate(width)) - CodePoints(text);
        if (!(missing > 0))
        {
            return JsonataValue.FromString(text);
        }

        var length = (long)Math.Min(missing, int.MaxValue) * padding.Length;
        call.Context.CheckString(length);
        call.Context.Build(length * sizeof(char));
        var paddingPoints = CodePoints(padding);
        var filled = new StringBuilder();
        for (var i = 0; i < (int)missing / paddingPoints; i++)
        {
            filled.Append(padding);
        }

        filled.Append(padding.AsSpan(0, Offset(padding, (int)missing % paddingPoints, paddingPoints)));
        return JsonataValue.FromString(width > 0 ? text + filled : filled + text);
    }

    public static JsonataValue Join(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var separator = arguments[1].IsUndefined ? "" : Text(arguments[1]);
        var joined = new StringBuilder();
        var first = true;
        foreach (var item in arguments[0].Items())
        {
            call.Context.Step();
            call.Context.StepForReading(item.TextLength);
            joined.Append(first ? "" : separator).Append(Text(item));
            first = false;
            call.Context.CheckString(joined.Length);
        }

        return JsonataValue.FromString(joined.ToString());
    }

    public static int CodePoints(string text)
    {
        var count = text.Length;
        for (var i = 1; i < text.Length; i++)
        {
            if (char.IsLowSurrogate(text[i]) && char.IsHighSurrogate(text[i - 1]))
            {
                count--;
                i++;
            }
        }

        return count;
    }

    private static int Offset(string text, int codePoint, int total)
    {
        if (total == text.Length)
        {
            return codePoint;
        }

        var offset = 0;
        for (var i = 0; i < codePoint; i++)
        {
            offset += char.IsSurrogatePair(text, offset) ? 2 : 1;
        }

        return offset;
    }
}

using System.Globalization;
using System.Text;
using Workflows.Jsonata.Evaluation;

namespace Workflows.Jsonata.Values;

/// <summary>
/// Values as $string() and &amp; write them: strings as they are, everything else as JSON with numbers rounded to 15
/// digits, unless they only passed through and a double does not hold them; functions are empty strings.
/// </summary>
internal static class JsonText
{
    public static string Of(in JsonataValue value, EvaluationContext context, bool indented = false)
    {
        if (value.Kind is not (JsonataKind.Array or JsonataKind.Object))
        {
            return OfScalar(value);
        }

        var writer = new Writer(context, indented);
        writer.Write(value, 0);
        return writer.ToString();
    }

    /// <summary>The text of what is neither array nor object.</summary>
    public static string OfScalar(in JsonataValue value)
    {
        switch (value.Kind)
        {
            case JsonataKind.Null:
                return "null";
            case JsonataKind.Boolean:
                return value.AsBoolean() ? "true" : "false";
            case JsonataKind.String:
                value.TryGetString(out var text);
                return text!;
            case JsonataKind.Number:
                if (ExactNumber.KeptText(value) is { } kept)
                {
                    return kept;
                }

                value.TryGetNumber(out var number);
                return double.IsFinite(number)
                    ? NumberText.FormatRounded(number)
                    : throw Errors.Of("D3001", value: NumberText.Format(number));
            default:
                return "";
        }
    }

    private sealed class Writer(EvaluationContext context, bool indented)
    {
        private readonly StringBuilder _text = new();

        public override string ToString() => _text.ToString();

        public void Write(in JsonataValue value, int level)
        {
            switch (value.Kind)
            {
                case JsonataKind.String:
                    value.TryGetString(out var text);
                    AppendQuoted(_text, text!);
                    break;
                case JsonataKind.Function:
                    _text.Append("\"\"");
                    break;
                case JsonataKind.Array:
                    WriteArray(value, level);
                    break;
                case JsonataKind.Object:
                    WriteObject(value, level);
                    break;
                case JsonataKind.Undefined:
                    _text.Append("null");
                    break;
                case JsonataKind.Number when value.IsPlainNumber && !double.IsFinite(value.PlainNumber):
                    // As the reference: what is no number at all is null, as JSON.stringify has it.
                    _text.Append(double.IsNaN(value.PlainNumber)
                        ? "null"
                        : throw Errors.Of("D1001", value: NumberText.Format(value.PlainNumber)));
                    break;
                default:
                    _text.Append(Of(value, context));
                    break;
            }

            context.CheckString(_text.Length);
        }

        private void WriteArray(in JsonataValue array, int level)
        {
            context.Enter();
            _text.Append('[');
            var any = false;
            foreach (var item in array.Items())
            {
                context.Step();
                Separate(ref any, level + 1);
                Write(item, level + 1);
            }

            Close(any, level, ']');
        }

        private void WriteObject(in JsonataValue value, int level)
        {
            context.Enter();
            _text.Append('{');
            var any = false;
            foreach (var member in value.Members())
            {
                context.Step();
                Separate(ref any, level + 1);
                AppendQuoted(_text, member.Key);
                _text.Append(indented ? ": " : ":");
                Write(member.Value, level + 1);
            }

            Close(any, level, '}');
        }

        private void Separate(ref bool any, int level)
        {
            if (any)
            {
                _text.Append(',');
            }

            any = true;
            Break(level);
        }

        private void Close(bool any, int level, char bracket)
        {
            if (any)
            {
                Break(level);
            }

            _text.Append(bracket);
            context.Leave();
        }

        private void Break(int level)
        {
            if (indented)
            {
                _text.Append('\n').Append(' ', level * 2);
            }
        }
    }

    /// <summary>A string as a JSON string.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 2);
        AppendQuoted(quoted, text);
        return quoted.ToString();
    }

    private static void AppendQuoted(StringBuilder target, string text)
    {
        target.Append('"');
        for (var i = 0; i < text.Length; i++)
        {
            var unit = text[i];
            switch (unit)
            {
                case '"' or '\\':
                    target.Append('\\').Append(unit);
                    break;
                case '\n':
                    target.Append("\\n");
                    break;
                case '\r':
                    target.Append("\\r");
                    break;
                case '\t':
                    target.Append("\\t");
                    break;
                case '\b':
                    target.Append("\\b");
                    break;
                case '\f':
                    target.Append("\\f");
                    break;
                case >= '\ud800' and <= '\udbff' when i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]):
                    target.Append(unit).Append(text[++i]);
                    break;
                case < ' ' or (>= '\ud800' and <= '\udfff'):
                    target.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
                    break;
                default:
                    target.Append(unit);
                    break;
            }
        }

        target.Append('"');
    }
}

using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Workflows.Engine.Executions;

/// <summary>
/// Replaces secret values by <c>***</c> wherever they turn up: in outputs, errors, logs and dead letters. A value
/// counts as written; with its characters escaped as JSON does it, in JSON within JSON as well, up to <see cref="Levels"/>
/// levels; percent-encoded; and in Base64, also as a part of what was encoded. So do the lines of a value of several
/// lines (a PEM file), and what is secret of a value that is JSON (a key file). Values of fewer than 4 characters are
/// left alone: they would blot out ordinary text.
/// </summary>
public sealed class SecretMask
{
    /// <summary>What stands in the place of a value.</summary>
    public const string Masked = "***";

    /// <summary>Characters of a value that is masked, at least.</summary>
    public const int MinLength = 4;

    /// <summary>A part in Base64 that is shorter says too little to be recognised.</summary>
    private const int MinEncodedLength = 8;

    /// <summary>JSON within JSON within JSON; each level doubles the backslashes.</summary>
    private const int Levels = 4;

    private readonly string[] _forms;
    private readonly SearchValues<string>? _search;

    private SecretMask(string[] forms)
    {
        _forms = forms;
        _search = forms.Length == 0 ? null : SearchValues.Create(forms, StringComparison.Ordinal);
    }

    /// <summary>Masks nothing.</summary>
    public static SecretMask None { get; } = new([]);

    /// <summary>Whether there is nothing to mask.</summary>
    public bool IsEmpty => _search is null;

    /// <summary>A mask for these values.</summary>
    public static SecretMask Of(IEnumerable<string> values)
    {
        var forms = values.Where(value => value.Length >= MinLength).SelectMany(Forms).Distinct(StringComparer.Ordinal)
            .OrderByDescending(form => form.Length).ToArray(); // the longest first, so that none leaves a part of another
        return forms.Length == 0 ? None : new SecretMask(forms);
    }

    /// <summary>The text without the values.</summary>
    public string Apply(string text)
    {
        var parts = PartsOf(text);
        if (parts.Count == 0)
        {
            return text;
        }

        parts.Sort();
        var masked = new StringBuilder(text.Length);
        var (from, end) = (0, -1);
        foreach (var part in parts)
        {
            if (part.Start >= end)
            {
                masked.Append(text, from, part.Start - from).Append(Masked);
                end = part.Start;
            }

            from = end = Math.Max(end, part.End);
        }

        return masked.Append(text, from, text.Length - from).ToString();
    }

    /// <summary>The same for the end of a longer text, which may begin within a value: what is left of that goes, too.</summary>
    public string ApplyToEnd(string text)
    {
        var cut = 0;
        foreach (var form in _forms)
        {
            for (var rest = Math.Min(form.Length - 1, text.Length); rest > cut; rest--)
            {
                if (text.AsSpan(0, rest).SequenceEqual(form.AsSpan(form.Length - rest)))
                {
                    cut = rest;
                }
            }
        }

        return Apply(text[cut..]);
    }

    /// <summary>
    /// The same for the beginning of a longer text, which may end within a value: what there is of that goes, too.
    /// </summary>
    public string ApplyToBeginning(string text)
    {
        var cut = text.Length;
        foreach (var form in _forms)
        {
            for (var begun = Math.Min(form.Length - 1, text.Length); begun > text.Length - cut; begun--)
            {
                if (text.AsSpan(text.Length - begun).SequenceEqual(form.AsSpan(0, begun)))
                {
                    cut = text.Length - begun;
                }
            }
        }

        return Apply(text[..cut]);
    }

    /// <summary>UTF-8 JSON without the values, whichever way its strings are escaped; the same memory when it holds none.</summary>
    public ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> utf8Json)
    {
        if (_search is null || utf8Json.IsEmpty)
        {
            return utf8Json;
        }

        try
        {
            return Holds(utf8Json.Span) ? Rewrite(utf8Json.Span) : utf8Json;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // No JSON, or text that is no Unicode: whoever takes it will refuse it, and say so without the value.
            return Encoding.UTF8.GetBytes(Apply(Encoding.UTF8.GetString(utf8Json.Span)));
        }
    }

    /// <summary>The error without the values.</summary>
    public StepError Apply(StepError error) => IsEmpty ? error : error with
    {
        Code = Apply(error.Code),
        Message = Apply(error.Message),
        Details = Apply(error.Details),
        Cause = error.Cause is { } cause ? new ErrorCause(Apply(cause.Code), Apply(cause.Message)) : null,
    };

    internal Nodes.StepOutcome Apply(in Nodes.StepOutcome outcome) => IsEmpty
        ? outcome
        : outcome with { Output = Apply(outcome.Output), Error = outcome.Error is null ? null : Apply(outcome.Error) };

    private bool Holds(string text) => PartsOf(text).Count > 0;

    // Where values lie in the text: in what it says, and in what it says once its escapes are resolved.
    private List<(int Start, int End)> PartsOf(string text)
    {
        var parts = new List<(int Start, int End)>();
        if (_search is null)
        {
            return parts;
        }

        var shown = EscapedText.Of(text);
        for (var level = 0; shown is not null && level < Levels; level++, shown = shown.Unescaped())
        {
            var rest = shown.Text.AsSpan();
            for (int at = 0, found; (found = rest[at..].IndexOfAny(_search)) >= 0;)
            {
                at += found;
                parts.Add(shown.SourceOf(at, at + LengthAt(rest[at..])));
                at++; // another one may begin within it
            }
        }

        return parts;
    }

    // The longest of the forms that the text begins with; they are in that order.
    private int LengthAt(ReadOnlySpan<char> text)
    {
        foreach (var form in _forms)
        {
            if (text.StartsWith(form))
            {
                return form.Length;
            }
        }

        throw new InvalidOperationException("The search found a form that is none.");
    }

    private bool Holds(ReadOnlySpan<byte> utf8Json)
    {
        var reader = NewReader(utf8Json);
        while (reader.Read())
        {
            if (TextOf(ref reader) is { } text && Holds(text))
            {
                return true;
            }
        }

        return false;
    }

    private byte[] Rewrite(ReadOnlySpan<byte> utf8Json)
    {
        var buffer = new ArrayBufferWriter<byte>(utf8Json.Length);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true }))
        {
            var reader = NewReader(utf8Json);
            while (reader.Read())
            {
                Write(writer, ref reader);
            }
        }

        return buffer.WrittenSpan.ToArray();
    }

    private void Write(Utf8JsonWriter writer, ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                writer.WriteStartObject();
                break;
            case JsonTokenType.EndObject:
                writer.WriteEndObject();
                break;
            case JsonTokenType.StartArray:
                writer.WriteStartArray();
                break;
            case JsonTokenType.EndArray:
                writer.WriteEndArray();
                break;
            case JsonTokenType.PropertyName:
                writer.WritePropertyName(Apply(reader.GetString()!));
                break;
            case JsonTokenType.String:
                writer.WriteStringValue(Apply(reader.GetString()!));
                break;
            case JsonTokenType.Number when TextOf(ref reader) is { } digits && Holds(digits):
                writer.WriteStringValue(Apply(digits));
                break;
            default:
                writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                break;
        }
    }

    private static string? TextOf(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String or JsonTokenType.PropertyName => reader.GetString(),
        JsonTokenType.Number => Encoding.ASCII.GetString(reader.ValueSpan),
        _ => null,
    };

    private static Utf8JsonReader NewReader(ReadOnlySpan<byte> utf8Json) => new(
        utf8Json, new JsonReaderOptions { MaxDepth = Limits.JsonDepth + Limits.JsonEnvelope });

    private static IEnumerable<string> Forms(string value)
    {
        foreach (var secret in SecretParts.Of(value))
        {
            yield return secret;
            var encoded = Uri.EscapeDataString(secret);
            yield return encoded;
            yield return LowerHex(encoded);
            yield return encoded.Replace("%20", "+", StringComparison.Ordinal);
            yield return LowerHex(encoded).Replace("%20", "+", StringComparison.Ordinal);
            foreach (var part in Base64Parts(Encoding.UTF8.GetBytes(secret)))
            {
                yield return part;
                yield return part.Replace('+', '-').Replace('/', '_');
            }
        }
    }

    // %C3%A4 and %c3%a4 are the same.
    private static string LowerHex(string encoded) => string.Create(encoded.Length, encoded, static (lower, encoded) =>
    {
        encoded.CopyTo(lower);
        for (var at = encoded.IndexOf('%', StringComparison.Ordinal); at >= 0; at = encoded.IndexOf('%', at + 1))
        {
            lower[at + 1] = char.ToLowerInvariant(encoded[at + 1]);
            lower[at + 2] = char.ToLowerInvariant(encoded[at + 2]);
        }
    });

    // What of the value shows in Base64 of a longer text (user:password), for each of the three ways it can lie in the groups of three bytes.
    private static IEnumerable<string> Base64Parts(byte[] value)
    {
        for (var before = 0; before < 3; before++)
        {
            var text = Convert.ToBase64String([.. new byte[before], .. value]);
            var first = (before * 8 + 5) / 6;
            var whole = (before + value.Length) * 8 / 6;
            if (whole - first >= MinEncodedLength)
            {
                yield return text[first..whole];
            }
        }
    }
}

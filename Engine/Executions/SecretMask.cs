using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Workflows.Engine.Executions;

/// <summary>
/// Replaces secret values by <c>***</c> wherever they turn up: in outputs, errors, logs and dead letters. A value counts as written, JSON-escaped,
/// percent-encoded and in Base64, also as a part of what was encoded. Values of fewer than 4 characters are left alone: they would blot out
/// ordinary text.
/// </summary>
public sealed class SecretMask
{
    /// <summary>What stands in the place of a value.</summary>
    public const string Masked = "***";

    /// <summary>Characters of a value that is masked, at least.</summary>
    public const int MinLength = 4;

    /// <summary>A part in Base64 that is shorter says too little to be recognised.</summary>
    private const int MinEncodedLength = 8;

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
        if (_search is null || !text.AsSpan().ContainsAny(_search))
        {
            return text;
        }

        foreach (var form in _forms)
        {
            text = text.Replace(form, Masked, StringComparison.Ordinal);
        }

        return text;
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
        Cause = error.Cause is { } cause ? new ErrorCause(Apply(cause.Code), Apply(cause.Message)) : null,
    };

    internal Nodes.StepOutcome Apply(in Nodes.StepOutcome outcome) => IsEmpty
        ? outcome
        : outcome with { Output = Apply(outcome.Output), Error = outcome.Error is null ? null : Apply(outcome.Error) };

    private bool Holds(ReadOnlySpan<byte> utf8Json)
    {
        var reader = NewReader(utf8Json);
        while (reader.Read())
        {
            if (TextOf(ref reader) is { } text && text.AsSpan().ContainsAny(_search!))
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
            case JsonTokenType.Number when TextOf(ref reader) is { } digits && digits.AsSpan().ContainsAny(_search!):
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
        yield return value;
        yield return JsonEncodedText.Encode(value).ToString();
        yield return JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();
        yield return Uri.EscapeDataString(value);
        yield return Uri.EscapeDataString(value).Replace("%20", "+", StringComparison.Ordinal);
        foreach (var part in Base64Parts(Encoding.UTF8.GetBytes(value)))
        {
            yield return part;
            yield return part.Replace('+', '-').Replace('/', '_');
        }
    }

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

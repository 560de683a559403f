using System.Text.Json;
using System.Text.Unicode;
using Workflows.Engine.Executions;

namespace Workflows.Engine;

/// <summary>
/// Whether JSON from outside can be kept. PostgreSQL's jsonb refuses what JSON allows: the character U+0000, half a surrogate
/// pair, numbers beyond its numeric type; and one refused row would fail the group checkpoint of everybody in it. So such text
/// is turned away where it enters: input, events, responses.
/// </summary>
public static class JsonText
{
    /// <summary>Null when <paramref name="utf8"/> is one JSON value that can be stored; else what is wrong, for people.</summary>
    public static string? FindProblem(ReadOnlySpan<byte> utf8, int maxDepth = Limits.JsonDepth)
    {
        if (FindTextProblem(utf8) is { } textProblem)
        {
            return textProblem;
        }

        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = maxDepth });
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.Number && IsBeyondNumeric(reader.ValueSpan))
                {
                    return $"a number at byte {reader.TokenStartIndex} has too large an exponent to be stored";
                }
            }
        }
        catch (JsonException exception)
        {
            return Describe(exception);
        }

        return null;
    }

    /// <summary>
    /// The name of a member that an object in <paramref name="utf8"/> has twice: which of the two counts is nobody's
    /// guess. Null when there is none.
    /// </summary>
    /// <param name="utf8">JSON that <see cref="FindProblem"/> has passed.</param>
    public static string? FindDuplicate(ReadOnlySpan<byte> utf8, int maxDepth = Limits.JsonDepth)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = maxDepth });
        Stack<HashSet<string>>? open = null;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    (open ??= []).Push(new HashSet<string>(StringComparer.Ordinal));
                    break;
                case JsonTokenType.EndObject:
                    open!.Pop();
                    break;
                case JsonTokenType.PropertyName when reader.GetString() is { } name && !open!.Peek().Add(name):
                    return name;
            }
        }

        return null;
    }

    /// <summary>
    /// The part of <see cref="FindProblem"/> that no JSON parser looks at: the encoding, and escapes of code points that are
    /// none.
    /// </summary>
    public static string? FindTextProblem(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            return "the text is not valid UTF-8";
        }

        // A backslash occurs only inside strings, so the escapes can be found without knowing where strings begin.
        for (var at = utf8.IndexOf((byte)'\\'); at >= 0 && at + 1 < utf8.Length;)
        {
            var length = 2;
            if (utf8[at + 1] == (byte)'u' && TryReadUnit(utf8, at, out var unit))
            {
                length = 6;
                if (unit == 0)
                {
                    return $"the string at byte {at} holds the character U+0000, which cannot be stored";
                }

                if (char.IsHighSurrogate((char)unit) && TryReadUnit(utf8, at + 6, out var low) && char.IsLowSurrogate((char)low))
                {
                    length = 12;
                }
                else if (char.IsSurrogate((char)unit))
                {
                    return $"the string at byte {at} holds half of a surrogate pair";
                }
            }

            var next = utf8[(at + length)..].IndexOf((byte)'\\');
            at = next < 0 ? -1 : at + length + next;
        }

        return null;
    }

    /// <summary>
    /// Reads JSON that the platform holds: values that were checked when they came in, and what it wraps around them
    /// itself. The one way to do so: the parser's own depth is less than what a value may have.
    /// </summary>
    /// <exception cref="JsonException">It is none, or nested deeper than anything the platform keeps.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8) => JsonDocument.Parse(utf8, HeldOptions);

    /// <summary>The same, as an element that needs no disposal.</summary>
    /// <exception cref="JsonException">As of <see cref="Parse"/>.</exception>
    public static JsonElement ParseElement(ReadOnlyMemory<byte> utf8) => JsonElement.Parse(utf8.Span, HeldOptions);

    /// <summary>
    /// The text of a value that <see cref="Parse"/> read, without white space. The serializer would refuse what nests
    /// deeper than 64 levels.
    /// </summary>
    public static byte[] BytesOf(JsonElement value)
    {
        var buffer = JsonBuffer.Rent();
        value.WriteTo(buffer.Writer);
        return buffer.ToJson();
    }

    /// <summary>For values that hold such values: as deep as <see cref="Parse"/> reads.</summary>
    public static JsonSerializerOptions HeldSerialization { get; } =
        new() { MaxDepth = Limits.JsonDepth + Limits.JsonEnvelope };

    private static readonly JsonDocumentOptions HeldOptions =
        new() { MaxDepth = Limits.JsonDepth + Limits.JsonEnvelope };

    /// <summary>Null when text can be stored; else what is wrong, for people.</summary>
    public static string? FindCharacterProblem(string text)
    {
        for (var at = text.AsSpan().IndexOfAny(Unstorable); at >= 0 && at < text.Length; at++)
        {
            if (text[at] == '\0')
            {
                return $"the character U+0000 at position {at}";
            }

            if (char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
            {
                at++;
            }
            else if (char.IsSurrogate(text[at]))
            {
                return $"half of a surrogate pair at position {at}";
            }
        }

        return null;
    }

    // U+0000 and all halves of surrogate pairs: most texts have none, and that is found out fast.
    private static readonly System.Buffers.SearchValues<char> Unstorable =
        System.Buffers.SearchValues.Create(['\0', .. Enumerable.Range(0xD800, 0x800).Select(unit => (char)unit)]);

    /// <summary>
    /// Null when a value nests no deeper than <see cref="Limits.JsonDepth"/>; else what is wrong, for people.
    /// </summary>
    /// <param name="envelope">Levels that the platform has put around it.</param>
    internal static string? FindDepthProblem(ReadOnlySpan<byte> utf8, int envelope = 0) =>
        // Few have so many brackets, and counting them is much cheaper than reading.
        utf8.Count((byte)'[') + utf8.Count((byte)'{') > Limits.JsonDepth + envelope
            && IsDeeperThan(Limits.JsonDepth + envelope, utf8)
            ? $"it is nested deeper than {Limits.JsonDepth} levels"
            : null;

    /// <summary>
    /// Whether text, as far as it is JSON, nests deeper; the parser tells that apart from bad syntax only by its message.
    /// </summary>
    internal static bool IsDeeperThan(int depth, ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = depth + 1 });
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth >= depth && reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                {
                    return true;
                }
            }
        }
        catch (JsonException)
        {
            return false;
        }

        return false;
    }

    internal static string Describe(JsonException exception) =>
        exception.LineNumber is { } line
            ? $"line {line + 1}, byte {exception.BytePositionInLine + 1}: {FirstSentence(exception.Message)}"
            : FirstSentence(exception.Message);

    private static string FirstSentence(string message)
    {
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var text = end < 0 ? message : message[..end];
        end = text.IndexOf(" Path:", StringComparison.Ordinal);
        text = end < 0 ? text : text[..end];

        // What follows is advice to programmers: "Change the reader options."
        for (end = text.IndexOf(". ", StringComparison.Ordinal); end >= 0; end = text.IndexOf(
            ". ", end + 1, StringComparison.Ordinal))
        {
            if (end + 2 < text.Length && char.IsAsciiLetterUpper(text[end + 2]))
            {
                text = text[..end];
                break;
            }
        }

        return text.TrimEnd('.');
    }

    private static bool TryReadUnit(ReadOnlySpan<byte> utf8, int at, out int unit)
    {
        unit = 0;
        if (at + 6 > utf8.Length || utf8[at] != (byte)'\\' || utf8[at + 1] != (byte)'u')
        {
            return false;
        }

        for (var index = at + 2; index < at + 6; index++)
        {
            var digit = utf8[index];
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return false;
            }

            unit = (unit << 4) | ((digit & 0x40) == 0 ? digit & 0xF : (digit & 0xF) + 9);
        }

        return true;
    }

    private static bool IsBeyondNumeric(ReadOnlySpan<byte> number)
    {
        var exponentAt = number.IndexOfAny((byte)'e', (byte)'E');
        if (number.Length > Limits.NumberExponent)
        {
            return true;
        }

        if (exponentAt < 0)
        {
            return false;
        }

        var digits = number[(exponentAt + 1)..].TrimStart("+-"u8).TrimStart((byte)'0');
        if (digits.Length > 6)
        {
            return true;
        }

        var exponent = 0;
        foreach (var digit in digits)
        {
            exponent = (exponent * 10) + (digit - '0');
        }

        return exponent > Limits.NumberExponent;
    }
}

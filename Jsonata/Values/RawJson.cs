using System.Buffers;
using System.Text.Json;

namespace Workflows.Jsonata.Values;

/// <summary>
/// Copies the text of a JSON element as it is, without blanks: no decoding and encoding again, numbers and escapes stay
/// as they were, and half a surrogate pair, which the platform refuses to write, goes through.
/// </summary>
internal static class RawJson
{
    private static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\r\n"u8);
    private static readonly SearchValues<byte> BlanksOrQuote = SearchValues.Create(" \t\r\n\""u8);

    public static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> json)
    {
        if (json[0] == '"' || json.IndexOfAny(Blanks) < 0)
        {
            writer.WriteRawValue(json, skipInputValidation: true);
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(json.Length);
        var length = Compact(json, buffer);
        writer.WriteRawValue(buffer.AsSpan(0, length), skipInputValidation: true);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static int Compact(ReadOnlySpan<byte> json, Span<byte> target)
    {
        var length = 0;
        while (!json.IsEmpty)
        {
            var next = json.IndexOfAny(BlanksOrQuote);
            var run = next < 0 ? json.Length : next;
            if (next >= 0 && json[next] == '"')
            {
                run = next + StringLength(json[next..]);
            }

            json[..run].CopyTo(target[length..]);
            length += run;
            json = json[run..];
            if (next >= 0 && run == next)
            {
                json = json[1..];
            }
        }

        return length;
    }

    private static int StringLength(ReadOnlySpan<byte> text)
    {
        var i = 1;
        while (text[i] != '"')
        {
            i += text[i] == '\\' ? 2 : 1;
        }

        return i + 1;
    }
}

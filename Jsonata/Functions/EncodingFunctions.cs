using System.Buffers;
using System.Globalization;
using System.Text;

namespace Workflows.Jsonata.Functions;

internal static class EncodingFunctions
{
    private const string Alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const string Reserved = ";/?:@&=+$,#";
    private static readonly SearchValues<char> ComponentChars = SearchValues.Create(Alphanumeric + "-_.!~*'()");
    private static readonly SearchValues<char> UrlChars = SearchValues.Create(Alphanumeric + "-_.!~*'()" + Reserved);
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    // The reference encodes the low byte of each code unit (Latin-1); UTF-8, which the world uses, has to be asked for.
    public static JsonataValue Base64Encode(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var text = StringFunctions.Text(arguments[0]);
        call.Context.CheckString(text.Length * 4L);
        if (IsUtf8(arguments[1]))
        {
            return JsonataValue.FromString(Convert.ToBase64String(Encoding.UTF8.GetBytes(text)));
        }

        var bytes = new byte[text.Length];
        for (var i = 0; i < text.Length; i++)
        {
            bytes[i] = (byte)text[i];
        }

        return JsonataValue.FromString(Convert.ToBase64String(bytes));
    }

    public static JsonataValue Base64Decode(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        // Lenient as the reference: characters that are not base64 are passed over, both alphabets are read.
        var decoded = new StringBuilder();
        var bits = 0;
        var count = 0;
        foreach (var unit in StringFunctions.Text(arguments[0]))
        {
            var value = unit switch
            {
                >= 'A' and <= 'Z' => unit - 'A',
                >= 'a' and <= 'z' => unit - 'a' + 26,
                >= '0' and <= '9' => unit - '0' + 52,
                '+' or '-' => 62,
                '/' or '_' => 63,
                _ => -1,
            };
            if (unit == '=')
            {
                break;
            }

            if (value < 0)
            {
                continue;
            }

            bits = ((bits << 6) | value) & 0xFFFFFF;
            count += 6;
            if (count >= 8)
            {
                count -= 8;
                decoded.Append((char)((bits >> count) & 0xFF));
            }
        }

        return JsonataValue.FromString(IsUtf8(arguments[1]) ? FromUtf8(decoded.ToString()) : decoded.ToString());
    }

    private static string FromUtf8(string bytes)
    {
        try
        {
            return StrictUtf8.GetString(Encoding.Latin1.GetBytes(bytes));
        }
        catch (DecoderFallbackException)
        {
            throw Errors.Of("U1012");
        }
    }

    private static bool IsUtf8(in JsonataValue charset)
    {
        if (!charset.TryGetString(out var name))
        {
            return false;
        }

        return name!.ToUpperInvariant() switch
        {
            "UTF-8" or "UTF8" => true,
            "LATIN-1" or "LATIN1" or "ISO-8859-1" => false,
            _ => throw Errors.Of("U1011", value: Errors.Show(charset)),
        };
    }

    public static JsonataValue EncodeUrlComponent(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        Encode(arguments[0], ComponentChars, "encodeUrlComponent", call);

    public static JsonataValue EncodeUrl(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        Encode(arguments[0], UrlChars, "encodeUrl", call);

    public static JsonataValue DecodeUrlComponent(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        Decode(arguments[0], "", "decodeUrlComponent");

    public static JsonataValue DecodeUrl(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        Decode(arguments[0], Reserved, "decodeUrl");

    private static JsonataValue Encode(in JsonataValue value, SearchValues<char> plain, string function, in Call call)
    {
        if (value.IsUndefined)
        {
            return default;
        }

        var text = StringFunctions.Text(value);
        call.Context.CheckString(text.Length * 3L);
        var encoded = new StringBuilder(text.Length + 16);
        Span<byte> utf8 = stackalloc byte[4];
        for (var i = 0; i < text.Length;)
        {
            if (plain.Contains(text[i]))
            {
                encoded.Append(text[i++]);
                continue;
            }

            if (Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used) != OperationStatus.Done)
            {
                throw Errors.Of("D3140", function, Errors.Show(value));
            }

            foreach (var part in utf8[..rune.EncodeToUtf8(utf8)])
            {
                encoded.Append('%').Append(part.ToString("X2", CultureInfo.InvariantCulture));
            }

            i += used;
        }

        return JsonataValue.FromString(encoded.ToString());
    }

    private static JsonataValue Decode(in JsonataValue value, string keep, string function)
    {
        if (value.IsUndefined)
        {
            return default;
        }

        var text = StringFunctions.Text(value);
        var decoded = new StringBuilder(text.Length);
        var pending = new List<byte>();
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '%')
            {
                decoded.Append(text[i++]);
                continue;
            }

            pending.Clear();
            var start = i;
            while (i < text.Length && text[i] == '%')
            {
                if (i + 2 >= text.Length
                    || !byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var part))
                {
                    throw Errors.Of("D3140", function, Errors.Show(value));
                }

                pending.Add(part);
                i += 3;
            }

            if (!TryAppendDecoded(decoded, pending, text.AsSpan(start, i - start), keep))
            {
                throw Errors.Of("D3140", function, Errors.Show(value));
            }
        }

        return JsonataValue.FromString(decoded.ToString());
    }

    private static bool TryAppendDecoded(StringBuilder decoded, List<byte> bytes, ReadOnlySpan<char> source, string keep)
    {
        string characters;
        try
        {
            characters = StrictUtf8.GetString(bytes.ToArray());
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        // Each byte took three characters of the source: where a reserved character stays encoded, copy those.
        var position = 0;
        foreach (var rune in characters.EnumerateRunes())
        {
            var length = rune.Utf8SequenceLength * 3;
            if (rune.IsAscii && keep.Contains((char)rune.Value, StringComparison.Ordinal))
            {
                decoded.Append(source.Slice(position, length));
            }
            else
            {
                decoded.Append(rune.ToString());
            }

            position += length;
        }

        return true;
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Workflows.Engine.Bodies;

/// <summary>
/// Bytes that came with a <c>Content-Type</c> as text: a byte order mark says in which encoding, else the charset, else
/// it is UTF-8. Nothing is replaced on the way: bytes that are no text in that encoding are no text.
/// </summary>
public static class TextBodies
{
    private static readonly (byte[] Mark, Encoding Encoding)[] Marks =
    [
        ([0xEF, 0xBB, 0xBF], Strict(Encoding.UTF8)),
        ([0xFF, 0xFE, 0, 0], Strict(Encoding.UTF32)),
        ([0, 0, 0xFE, 0xFF], Strict(new UTF32Encoding(bigEndian: true, byteOrderMark: true))),
        ([0xFF, 0xFE], Strict(Encoding.Unicode)),
        ([0xFE, 0xFF], Strict(Encoding.BigEndianUnicode)),
    ];

    /// <summary>The text, without its byte order mark; false when the bytes are none, or the charset is not
    /// known.</summary>
    /// <param name="charset">As the header names it; null = UTF-8.</param>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, string? charset, [NotNullWhen(true)] out string? text)
    {
        text = null;
        var encoding = EncodingOf(charset);
        foreach (var (mark, marked) in Marks)
        {
            if (bytes.StartsWith(mark))
            {
                bytes = bytes[mark.Length..];
                encoding = marked;
                break;
            }
        }

        if (encoding is UnicodeEncoding && charset is not null && bytes is [0, not 0, ..]
            && charset.Equals("utf-16", StringComparison.OrdinalIgnoreCase))
        {
            encoding = Strict(Encoding.BigEndianUnicode); // without a mark either order is met; this begins with ASCII
        }

        try
        {
            text = encoding?.GetString(bytes);
            return text is not null;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>
    /// The text as UTF-8, without a byte order mark. Costs nothing where that is what the bytes are; null when they are
    /// no text.
    /// </summary>
    /// <param name="charset">As the header names it; null = UTF-8.</param>
    public static ReadOnlyMemory<byte>? ToUtf8(ReadOnlyMemory<byte> bytes, string? charset)
    {
        var isUtf8 = charset is null || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            || charset.Equals("utf8", StringComparison.OrdinalIgnoreCase)
                || charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase);
        if (isUtf8 && System.Text.Unicode.Utf8.IsValid(bytes.Span))
        {
            return bytes.Span.StartsWith(Marks[0].Mark) ? bytes[Marks[0].Mark.Length..] : bytes;
        }

        if (TryDecode(bytes.Span, charset, out var text))
        {
            return Encoding.UTF8.GetBytes(text);
        }

        return null;
    }

    /// <summary>The encoding of a charset, which refuses what it cannot read or write; null when it is not
    /// known.</summary>
    /// <param name="charset">As a header names it; null = UTF-8.</param>
    public static Encoding? EncodingOf(string? charset)
    {
        if (charset is null)
        {
            return Strict(Encoding.UTF8);
        }

        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(
                charset, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
                ?? Encoding.GetEncoding(
                    charset.Equals("utf8", StringComparison.OrdinalIgnoreCase) ? "utf-8" : charset,
                    EncoderFallback.ExceptionFallback,
                    DecoderFallback.ExceptionFallback);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return null; // not known, or (UTF-7) not to be trusted
        }
    }

    private static Encoding Strict(Encoding encoding) =>
        Encoding.GetEncoding(encoding.CodePage, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
}

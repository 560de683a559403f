using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace Workflows.Engine;

/// <summary>
/// Text of bodies that come from outside, in whichever charset: a byte order mark decides, then the charset that was
/// named, then UTF-8. Guarantees: nothing is replaced by U+FFFD; bytes that are no text in that charset are no text.
/// The result has at most three bytes for each byte given.
/// </summary>
public static class BodyText
{
    private const int LongestCharsetName = 40;

    private static readonly (byte[] Mark, string Charset)[] Marks =
    [
        ([0xEF, 0xBB, 0xBF], "utf-8"), ([0xFF, 0xFE, 0, 0], "utf-32"), ([0, 0, 0xFE, 0xFF], "utf-32BE"),
        ([0xFF, 0xFE], "utf-16"), ([0xFE, 0xFF], "utf-16BE"),
    ];

    /// <summary>The body as UTF-8 without a byte order mark.</summary>
    /// <param name="charset">As the Content-Type names it; null = it names none.</param>
    /// <param name="problem">Why it is no text, for people, without a full stop.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> body,
        string? charset,
        out ReadOnlyMemory<byte> utf8,
        [NotNullWhen(false)] out string? problem)
    {
        (utf8, problem) = (body, null);
        var (encoding, markLength) = Find(body.Span, charset);
        if (encoding is null)
        {
            problem = $"the charset '{Shortened(charset!)}' is not known";
            return false;
        }

        var content = body[markLength..];
        if (encoding.CodePage == Encoding.UTF8.CodePage)
        {
            utf8 = content;
            problem = Utf8.IsValid(content.Span) ? null : "its bytes are not text in UTF-8";
            return problem is null;
        }

        try
        {
            utf8 = Encoding.UTF8.GetBytes(encoding.GetString(content.Span));
            return true;
        }
        catch (DecoderFallbackException)
        {
            problem = $"its bytes are not text in {encoding.WebName}";
            return false;
        }
    }

    /// <summary>
    /// The same for JSON, which may come in UTF-16 without saying so: its first character is always ASCII.
    /// </summary>
    /// <inheritdoc cref="TryRead"/>
    public static bool TryReadJson(
        ReadOnlyMemory<byte> body,
        string? charset,
        out ReadOnlyMemory<byte> utf8,
        [NotNullWhen(false)] out string? problem)
    {
        var bytes = body.Span;
        var hidden = charset is not null || bytes.Length < 2 ? charset
            : bytes[0] == 0 && bytes[1] != 0 ? "utf-16BE"
            : bytes[0] != 0 && bytes[1] == 0 ? "utf-16"
            : null;
        return TryRead(body, hidden, out utf8, out problem);
    }

    /// <summary>Text in a charset, for a body of ours.</summary>
    /// <param name="charset">As a Content-Type names it; null = UTF-8.</param>
    /// <param name="problem">Why it cannot be written so, for people, without a full stop.</param>
    public static bool TryWrite(
        ReadOnlyMemory<byte> utf8,
        string? charset,
        out ReadOnlyMemory<byte> body,
        [NotNullWhen(false)] out string? problem)
    {
        (body, problem) = (utf8, null);
        if (charset is null)
        {
            return true;
        }

        if (Named(charset) is not { } encoding)
        {
            problem = $"the charset '{Shortened(charset)}' is not known";
            return false;
        }

        if (encoding.CodePage == Encoding.UTF8.CodePage)
        {
            return true;
        }

        try
        {
            body = encoding.GetBytes(Encoding.UTF8.GetString(utf8.Span));
            return true;
        }
        catch (EncoderFallbackException exception)
        {
            problem = $"{encoding.WebName} has no U+{(int)exception.CharUnknown:X4}";
            return false;
        }
    }

    /// <summary>
    /// The encoding of a charset, which refuses what it cannot read or write; null when it is not known.
    /// </summary>
    /// <param name="charset">As a Content-Type names it; null = UTF-8.</param>
    public static Encoding? EncodingOf(string? charset) => Named(charset ?? "utf-8");

    private static (Encoding? Encoding, int MarkLength) Find(ReadOnlySpan<byte> body, string? charset)
    {
        foreach (var (mark, name) in Marks)
        {
            if (body.StartsWith(mark))
            {
                return (Named(name), mark.Length);
            }
        }

        // Without a mark UTF-16 is what its first character says (RFC 2781 and practice differ on which is the rule).
        return charset is null ? (Encoding.UTF8, 0)
            : charset.Equals("utf-16", StringComparison.OrdinalIgnoreCase) && body is [0, not 0, ..]
                ? (Named("utf-16BE"), 0)
            : (Named(charset), 0);
    }

    private static Encoding? Named(string charset)
    {
        if (charset.Length > LongestCharsetName)
        {
            return null;
        }

        // "utf8" and the like are no registered names, and common.
        var name = charset.ToLowerInvariant() switch
        {
            "utf8" => "utf-8",
            "utf16" => "utf-16",
            "latin1" or "latin-1" => "iso-8859-1",
            "cp1252" => "windows-1252",
            var other => other,
        };
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(
                    name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
                ?? Encoding.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return null; // no such charset, or one that is refused for its dangers (UTF-7)
        }
    }

    private static string Shortened(string text) =>
        text.Length <= LongestCharsetName ? text : text[..LongestCharsetName] + "…";
}

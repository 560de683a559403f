using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Workflows.Connectors;

/// <summary>
/// PostgreSQL's timestamps (DateStyle ISO) as RFC 3339. What that has no form for, <c>infinity</c> and years outside 1
/// to 9999, stays the text it is.
/// </summary>
internal static class SqlTime
{
    /// <summary><c>2026-01-02 03:04:05.1+01</c> to <c>2026-01-02T02:04:05.1Z</c>; null = no such form.</summary>
    public static string? Instant(ReadOnlySpan<byte> text)
    {
        if (!TryLocal(text, out var local, out var length) || !TryOffset(text[length..], out var offset))
        {
            return null;
        }

        var ticks = local.Ticks - offset.Ticks;
        return ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks
            ? null
            : new DateTime(ticks).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
    }

    /// <summary><c>2026-01-02 03:04:05.1</c> to <c>2026-01-02T03:04:05.1</c>; null = no such form.</summary>
    public static string? Local(ReadOnlySpan<byte> text) =>
        TryLocal(text, out var local, out var length) && length == text.Length
        ? local.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture)
        : null;

    private static bool TryLocal(ReadOnlySpan<byte> text, out DateTime local, out int length)
    {
        (local, length) = (default, "2026-01-02 03:04:05".Length);
        if (text.Length < length)
        {
            return false;
        }

        if (text.Length > length && text[length] == '.')
        {
            length++;
            while (length < text.Length && text[length] is >= (byte)'0' and <= (byte)'9')
            {
                length++;
            }
        }

        return DateTime.TryParseExact(
            Encoding.ASCII.GetString(text[..length]),
            "yyyy-MM-dd HH:mm:ss.FFFFFF",
            CultureInfo.InvariantCulture,
            DateTimeStyles.None, out local);
    }

    // +02, -05:30, +00:19:32.
    private static bool TryOffset(ReadOnlySpan<byte> text, out TimeSpan offset)
    {
        offset = default;
        if (text.Length < 3 || text[0] is not ((byte)'+' or (byte)'-'))
        {
            return false;
        }

        var sign = text[0] == '-' ? -1 : 1;
        var seconds = 0;
        var (unit, at) = (3_600, 1);
        while (true)
        {
            if (unit == 0 || at + 2 > text.Length || !Utf8Parser.TryParse(
                text.Slice(at, 2), out int part, out var used) || used != 2)
            {
                return false;
            }

            seconds += part * unit;
            (unit, at) = (unit / 60, at + 2);
            if (at == text.Length)
            {
                offset = TimeSpan.FromSeconds(sign * seconds);
                return true;
            }

            if (text[at++] != ':')
            {
                return false;
            }
        }
    }
}

using System.IO.Compression;
using Microsoft.Extensions.Primitives;

namespace Workflows.Api.Http.Calls;

/// <summary>Undoes the <c>Content-Encoding</c> of a call from outside, up to a bound: a small body may stand for a huge
/// one.</summary>
internal static class CallEncodings
{
    private const int MostEncodings = 3;

    /// <summary>The body as it was before it was encoded.</summary>
    /// <param name="most">Bytes that it may have.</param>
    public static async Task<(ReadOnlyMemory<byte> Body, Problem? Problem)> DecodeAsync(
        ReadOnlyMemory<byte> body, StringValues contentEncoding, int most, CancellationToken cancellationToken)
    {
        var encodings = contentEncoding.ToString().Split(
            ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (encodings.Length > MostEncodings)
        {
            return (default, new Problem(
                Errors.UnsupportedMediaType, $"A body is encoded at most {MostEncodings} times."));
        }

        foreach (var encoding in encodings.Reverse().Where(_ => !body.IsEmpty))
        {
            if (Open(encoding.ToLowerInvariant(), body) is not { } stream)
            {
                return (default, new Problem(
                    Errors.UnsupportedMediaType,
                    $"The Content-Encoding '{Shown(encoding)}' is not known here: gzip, deflate, br."));
            }

            await using (stream)
            {
                (body, var problem) = await ReadAsync(stream, most, cancellationToken);
                if (problem is not null)
                {
                    return (default, problem);
                }
            }
        }

        return (body, null);
    }

    private static string Shown(string encoding) => encoding.Length > 40 ? encoding[..40] : encoding;

    private static Stream? Open(string encoding, ReadOnlyMemory<byte> body)
    {
        var bytes = new MemoryStream(body.ToArray(), writable: false);
        return encoding switch
        {
            "identity" => bytes,
            "gzip" or "x-gzip" => new GZipStream(bytes, CompressionMode.Decompress),
            "br" => new BrotliStream(bytes, CompressionMode.Decompress),
            "deflate" when HasZlibHeader(body.Span) => new ZLibStream(bytes, CompressionMode.Decompress),
            "deflate" => new DeflateStream(bytes, CompressionMode.Decompress), // what some send, against RFC 9110
            _ => null,
        };
    }

    private static bool HasZlibHeader(ReadOnlySpan<byte> body) =>
        body.Length > 1 && (body[0] & 0x0F) == 8 && ((body[0] << 8) | body[1]) % 31 == 0;

    private static async Task<(ReadOnlyMemory<byte> Body, Problem? Problem)> ReadAsync(
        Stream stream, int most, CancellationToken cancellationToken)
    {
        using var decoded = new MemoryStream();
        var piece = new byte[16 * 1024];
        try
        {
            while (await stream.ReadAsync(piece, cancellationToken) is var read and > 0)
            {
                if (decoded.Length + read > most)
                {
                    return (default, new Problem(
                        Errors.PayloadTooLarge, $"The body has, decoded, at most {most} bytes."));
                }

                decoded.Write(piece, 0, read);
            }
        }
        catch (InvalidDataException)
        {
            return (default, new Problem(Errors.BadRequest, "The body is not encoded as its Content-Encoding says."));
        }

        return (decoded.ToArray(), null);
    }
}

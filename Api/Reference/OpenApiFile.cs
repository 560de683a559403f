using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace Workflows.Api.Reference;

/// <summary>
/// <c>/openapi/v1.json</c>: made from the routes once, at the first request, and kept with its compressed form. Nothing
/// in it depends on the request, least of all on its <c>Host</c>: the server is the one of <c>Api:PublicUrl</c>, or
/// left out, which means the one it was fetched from.
/// </summary>
internal sealed class OpenApiFile([FromKeyedServices(OpenApiDocument.Name)] IOpenApiDocumentProvider provider,
    TimeProvider clock)
{
    private const string Gzip = "gzip";
    private const string MediaType = "application/json";

    private static readonly TimeSpan MakingTime = TimeSpan.FromSeconds(60);

    private volatile Made? _made;

    private SemaphoreSlim Gate { get; } = new(1, 1);

    public async Task WriteAsync(HttpContext context)
    {
        var made = _made ?? await MakeAsync(context.RequestAborted);
        var response = context.Response;
        response.Headers.ETag = made.Tag;
        response.Headers.CacheControl = "no-cache"; // kept by the client, and asked for again by its tag
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (context.Request.Headers.IfNoneMatch.ToString().Contains(made.Tag, StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var isCompressed = context.Request.Headers.AcceptEncoding.ToString()
            .Contains(Gzip, StringComparison.OrdinalIgnoreCase);
        var bytes = isCompressed ? made.Compressed : made.Plain;
        response.ContentType = MediaType;
        response.ContentLength = bytes.Length;
        if (isCompressed)
        {
            response.Headers.ContentEncoding = Gzip;
        }

        await response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    private async Task<Made> MakeAsync(CancellationToken cancellationToken)
    {
        await Gate.WaitAsync(cancellationToken);
        try
        {
            if (_made is { } earlier)
            {
                return earlier;
            }

            using var limit = new CancellationTokenSource(MakingTime, clock);
            var document = await provider.GetOpenApiDocumentAsync(limit.Token);
            using var plain = new MemoryStream();
            await using (var text = new StreamWriter(plain, leaveOpen: true))
            {
                // Without line breaks and indentation, which are half of it.
                document.SerializeAsV31(new OpenApiJsonWriter(text, new OpenApiJsonWriterSettings { Terse = true }));
            }

            using var compressed = new MemoryStream();
            await using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
            {
                plain.Position = 0;
                await plain.CopyToAsync(gzip, limit.Token);
            }

            var bytes = plain.ToArray();
            return _made = new Made(bytes, compressed.ToArray(),
                $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8))}\"");
        }
        finally
        {
            Gate.Release();
        }
    }

    private sealed record Made(byte[] Plain, byte[] Compressed, string Tag);
}

using System.Security.Cryptography;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Reference;

/// <summary>
/// The JSON Schema of definitions, for editors: anonymous, since it is of the release and of no tenant. The version in
/// the address is that of the format, so that a client may write the address down for good.
/// </summary>
internal static class DefinitionSchemaFile
{
    public const string Path = "/schemas/definition-v1.json";

    private const string MediaType = "application/schema+json";

    private static readonly Lazy<string> Tag = new(() =>
        $"\"{Convert.ToHexStringLower(SHA256.HashData(DefinitionSchema.Utf8.Span).AsSpan(0, 8))}\"");

    public static async Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        response.Headers.ETag = Tag.Value;
        response.Headers.CacheControl = "no-cache"; // kept by the client, and asked for again by its tag
        if (context.Request.Headers.IfNoneMatch.ToString().Contains(Tag.Value, StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = MediaType;
        response.ContentLength = DefinitionSchema.Utf8.Length;
        await response.Body.WriteAsync(DefinitionSchema.Utf8, context.RequestAborted);
    }
}

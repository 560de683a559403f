using System.IO.Compression;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.Options;

namespace Workflows.Api.Http;

/// <summary>
/// Compresses answers in JSON for whom asks for it. Answers that hold a secret beside what the request said stay as
/// they
/// are: their length would tell of the secret.
/// </summary>
internal static class AnswerCompression
{
    private static readonly PathString[] Secretive =
        ["/api/v1/auth", "/api/v1/users/me/second-factor", "/api/v1/secrets", "/api/v1/api-keys"];

    public static void AddAnswerCompression(this IServiceCollection services)
    {
        services.AddResponseCompression(options =>
        {
            options.EnableForHttps = true;
            options.Providers.Add<BrotliCompressionProvider>();
            options.Providers.Add<GzipCompressionProvider>();
            options.MimeTypes = [Envelope.MediaType, "application/problem+json", "text/csv"];
        });
        services.Configure<BrotliCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
        services.Configure<GzipCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
        services.AddSingleton<IResponseCompressionProvider, LongAnswersOnly>();
    }

    public static void UseAnswerCompression(this WebApplication app) => app.UseWhen(
        context => !Array.Exists(Secretive, path => context.Request.Path.StartsWithSegments(path)),
        branch => branch.UseResponseCompression());

    private sealed class LongAnswersOnly(
        IServiceProvider services, IOptions<ResponseCompressionOptions> options)
        : ResponseCompressionProvider(services, options)
    {
        public override bool ShouldCompressResponse(HttpContext context) =>
            !(context.Response.ContentLength < Limits.CompressedFromBytes) && base.ShouldCompressResponse(context);
    }
}

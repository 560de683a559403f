using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace Workflows.Api.WebConsole;

/// <summary>
/// Serves the console: its files under their names, its page for every other path that a browser opens and no route
/// has. Everything is of this origin, and the policy lets the page call nobody else.
/// </summary>
internal sealed class ConsolePages(RequestDelegate next, ConsoleFiles files)
{
    // In the page, where the nonce of one response goes.
    private const string NoncePlace = "__CSP_NONCE__";
    private const int NonceDigits = 32;
    private const string Immutable = "public, max-age=31536000, immutable";

    private static readonly PathString Assets = "/assets";
    private static readonly PathString[] Reserved =
        ["/api", "/openapi", "/schemas", "/reference", "/health", "/alive", "/metrics", "/ws", Assets];

    private static readonly CompositeFormat Policy = CompositeFormat.Parse(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{0}'; img-src 'self' data:; font-src 'self'; "
        + "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'");

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (files.Index is not { } index || !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)))
        {
            return next(context);
        }

        if (request.Path == "/")
        {
            return WritePageAsync(context, index);
        }

        if (context.GetEndpoint() is not null)
        {
            return next(context);
        }

        return files.Find(request.Path) is { } file ? WriteFileAsync(context, file)
            : WantsPage(request) && !Array.Exists(Reserved, path => request.Path.StartsWithSegments(path))
                ? WritePageAsync(context, index)
                : next(context);
    }

    private static bool WantsPage(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(type => type.MediaType == "text/html");

    private static Task WritePageAsync(HttpContext context, string index)
    {
        var nonce = RandomNumberGenerator.GetHexString(NonceDigits, lowercase: true);
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = string.Format(CultureInfo.InvariantCulture, Policy, nonce);
        headers.CacheControl = "no-store";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        var page = index.Replace(NoncePlace, nonce, StringComparison.Ordinal);
        return Results.Content(page, "text/html; charset=utf-8").ExecuteAsync(context);
    }

    private static Task WriteFileAsync(HttpContext context, ConsoleFile file)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = context.Request.Path.StartsWithSegments(Assets) ? Immutable : "no-cache";
        var (path, tag) = (file.Path, file.Tag);
        if (file.Encodings.Count > 0)
        {
            headers.Vary = HeaderNames.AcceptEncoding;
            var accepted = context.Request.GetTypedHeaders().AcceptEncoding;
            if (file.Encodings.FirstOrDefault(form => accepted.Any(one => one.Value == form.Name && one.Quality != 0))
                is { Path: not null } form)
            {
                headers.ContentEncoding = form.Name;
                (path, tag) = (form.Path, $"{file.Tag[..^1]}-{form.Name}\"");
            }
        }

        return Results.File(path, file.MediaType, entityTag: new EntityTagHeaderValue(tag)).ExecuteAsync(context);
    }
}

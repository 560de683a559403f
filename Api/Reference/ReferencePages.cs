namespace Workflows.Api.Reference;

/// <summary>The start page and the interactive reference: files of this assembly that need nothing from anywhere else.</summary>
internal static class ReferencePages
{
    // Own scripts and styles stand in the page itself, hence 'unsafe-inline'; nothing else may be loaded, nor the page framed.
    private const string Policy =
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void MapApiReference(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        MapPage(routes, "/", "start.html");
        MapPage(routes, "/reference", "reference.html");
    }

    private static void MapPage(IEndpointRouteBuilder routes, string path, string file)
    {
        using var stream = typeof(ReferencePages).Assembly.GetManifestResourceStream($"Workflows.Api.Reference.{file}")
            ?? throw new InvalidOperationException($"The page {file} is not part of the assembly.");
        using var reader = new StreamReader(stream);
        var html = reader.ReadToEnd();
        routes.MapGet(path, (HttpContext context) =>
        {
            context.Response.Headers.ContentSecurityPolicy = Policy;
            return Results.Content(html, "text/html; charset=utf-8");
        }).AllowAnonymous().ExcludeFromDescription();
    }
}

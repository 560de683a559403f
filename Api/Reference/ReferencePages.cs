using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Scalar.AspNetCore;

namespace Workflows.Api.Reference;

/// <summary>
/// The start page and the interactive reference: both are of assemblies and load nothing from elsewhere.
/// </summary>
internal static class ReferencePages
{
    private const string StartPage = "Workflows.Api.Reference.start.html";

    // 128 bits, which nobody guesses within the life of a page.
    private const int NonceDigits = 32;

    private const string StartPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // The reference holds the key that a person types in. A script is of this origin or bears the nonce of this one
    // response, and it may call nobody but this API. Scalar writes style elements as it renders; they have no nonce.
    private static readonly CompositeFormat ReferencePolicy = CompositeFormat.Parse(
        "default-src 'none'; script-src 'self' 'nonce-{0}'; style-src 'unsafe-inline'; connect-src 'self'; "
        + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");

    public static void MapApiReference(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/openapi/v1.json", (HttpContext context, OpenApiFile file) => file.WriteAsync(context))
            .AllowAnonymous().ExcludeFromDescription();
        routes.MapGet(DefinitionSchemaFile.Path, DefinitionSchemaFile.WriteAsync)
            .AllowAnonymous().ExcludeFromDescription();
        MapStartPage(routes);
        routes.MapScalarApiReference("/reference", Configure).AllowAnonymous().ExcludeFromDescription();
    }

    private static void MapStartPage(IEndpointRouteBuilder routes)
    {
        using var stream = typeof(ReferencePages).Assembly.GetManifestResourceStream(StartPage)
            ?? throw new InvalidOperationException($"{StartPage} is not part of the assembly.");
        using var reader = new StreamReader(stream);
        var html = reader.ReadToEnd();
        routes.MapGet("/", (HttpContext context) =>
        {
            context.Response.Headers.ContentSecurityPolicy = StartPolicy;
            return Results.Content(html, "text/html; charset=utf-8");
        }).AllowAnonymous().ExcludeFromDescription();
    }

    private static void Configure(ScalarOptions options, HttpContext context)
    {
        var nonce = RandomNumberGenerator.GetHexString(NonceDigits);
        context.Response.Headers.ContentSecurityPolicy =
            string.Format(CultureInfo.InvariantCulture, ReferencePolicy, nonce);
        options.WithNonce(nonce);
        options.Title = "Workflows: HTTP interface";
        options.AddDocument(OpenApiDocument.Name);
        options.AddPreferredSecuritySchemes([OpenApiDocument.BearerScheme]);

        // What would load from another host, send there, or lead a key there.
        options.DefaultFonts = false;
        options.DisableTelemetry();
        options.DisableAgent();
        options.DisableMcp();
        options.HideClientButton();
        options.HideDeveloperTools();
    }
}

namespace Workflows.Api.Auth;

/// <summary>The two routes of a login by an identity provider. A provider adds parameters of its own to the second, so
/// unknown ones are no error there.</summary>
internal static class ProviderLogins
{
    public static void MapProviderLogins(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup($"{ProviderAddresses.Route}/{{tenant}}/{{provider}}").WithTags("Authentication")
            .AllowAnonymous();
        group.MapGet("/start", (string tenant, string provider, HttpContext context, ProviderLoginEndpoints logins) =>
                logins.StartAsync(tenant, provider, context))
            .Produces(StatusCodes.Status302Found)
            .WithSummary("Begin a login by an identity provider: leads the browser there");
        group.MapGet(
                "/callback", (string tenant, string provider, HttpContext context, ProviderLoginEndpoints logins) =>
                    logins.CompleteAsync(tenant, provider, context))
            .WithSummary("Complete a login by an identity provider: where it sends the browser back to");
    }
}

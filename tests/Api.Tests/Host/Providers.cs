using System.Net;
using System.Text.Json;

namespace Workflows.Api.Tests.Host;

/// <summary>Identity providers, and what happened at them.</summary>
internal static class Providers
{
    private static int _slugs;

    /// <summary>Adds a provider that is the server of the tests.</summary>
    public static async Task<(Guid Id, string Slug)> AddProviderAsync(
        this OpenIdApi api, ApiClient client, object? more = null)
    {
        var slug = $"p-{Interlocked.Increment(ref _slugs)}";
        var body = new Dictionary<string, object?>
        {
            ["slug"] = slug,
            ["name"] = $"Provider {slug}",
            ["issuer"] = api.Server.Issuer,
            ["clientId"] = OpenIdServer.ClientId,
            ["clientSecret"] = OpenIdServer.ClientSecret,
        };
        foreach (var property in JsonSerializer.SerializeToElement(more ?? new { }).EnumerateObject())
        {
            body[property.Name] = property.Value;
        }

        var made = (await client.PostAsync("identity-providers", body)).Ok(HttpStatusCode.Created);
        return (made.Id, slug);
    }

    /// <summary>Why the last login by the provider came to nothing, as the activity tells it.</summary>
    public static Task<string> ReasonAsync(this ApiHost host, Guid provider) => host.ScalarAsync<string>(
        """
        select after ->> 'reason' from user_activity
        where object_id = $1 and action in ('auth.provider_refused', 'auth.provider_failed') order by id desc limit 1
        """, provider);

    /// <summary>Somebody whom nothing here knows.</summary>
    public static AtBrowser Stranger(params string[] groups)
    {
        var id = Guid.CreateVersion7().ToString("N");
        return new AtBrowser(id, $"{id}@company.example", true, "Ada of the Company", groups);
    }
}

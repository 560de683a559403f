using System.Net;
using System.Text;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Auth;

/// <summary>Identity providers as a tenant manages them.</summary>
public sealed class IdentityProviderTests(OpenIdApi api) : IClassFixture<OpenIdApi>
{
    [Fact]
    public async Task A_secret_goes_in_and_never_comes_out()
    {
        using var owner = api.Host.Owner();
        const string Secret = "never-to-be-seen-again";
        var (id, slug) = await api.AddProviderAsync(owner, new { clientSecret = Secret });
        var made = (await owner.GetAsync($"identity-providers/{id}")).Ok();

        Assert.True(made.Data.GetProperty("hasSecret").GetBoolean());
        Assert.Equal(
            $"{OpenIdApi.PublicUrl}/api/v1/auth/oidc/default/{slug}/callback",
            made.Data.GetProperty("redirectUri").GetString());
        Assert.DoesNotContain(Secret, (await owner.GetAsync("identity-providers")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, made.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, (await owner.GetAsync("activity")).Ok().Text, StringComparison.Ordinal);
        var bytes = await api.Host.ScalarAsync<byte[]>("select sealed from identity_providers where id = $1", id);
        Assert.DoesNotContain(Secret, Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);

        var changed = (await owner.PatchAsync($"identity-providers/{id}", made.ETag, new { name = "Other" })).Ok();
        Assert.True(changed.Data.GetProperty("hasSecret").GetBoolean());
        (await owner.PatchAsync($"identity-providers/{id}", made.ETag, new { name = "x" }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        var open = (await owner.PatchAsync(
            $"identity-providers/{id}", changed.ETag, new { clientSecret = "" })).Ok();
        Assert.False(open.Data.GetProperty("hasSecret").GetBoolean());
        (await owner.PatchAsync($"identity-providers/{id}", open.ETag, new { issuer = "https://other.example" }))
            .Fails(HttpStatusCode.BadRequest, "UNKNOWN_FIELD");
    }

    [Fact]
    public async Task What_cannot_be_used_is_named()
    {
        using var owner = api.Host.Owner();
        var answer = (await owner.PostAsync("identity-providers", new
        {
            slug = "Not A Slug",
            name = "",
            issuer = "http://login.example/",
            clientId = "ü",
            scopes = new[] { "email", "a b" },
        })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        foreach (var pointer in new[] { "/slug", "/name", "/issuer", "/clientId", "/scopes", "/scopes/1" })
        {
            Assert.Contains($"\"{pointer}\"", answer.Text, StringComparison.Ordinal);
        }

        var grants = (await owner.PostAsync("identity-providers", new
        {
            slug = "grants",
            name = "x",
            issuer = "https://login.example/",
            clientId = "x",
            defaultRoles = new[] { "owner", "no such role" },
            mappings = new object[] { new { value = "g", groups = new[] { "no such group" } } },
        })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        Assert.Contains("/defaultRoles/1", grants.Text, StringComparison.Ordinal);
        var (_, slug) = await api.AddProviderAsync(owner);
        (await owner.PostAsync("identity-providers", new
        {
            slug, name = "x", issuer = "https://login.example/", clientId = "x",
        })).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.PostAsync("identity-providers", new
        {
            slug = "owners", name = "x", issuer = "https://login.example/", clientId = "x",
            mappings = new object[] { new { value = "g", roles = new[] { "owner" } } },
        })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Only_who_manages_the_tenant_touches_providers_and_gives_no_more_than_they_may()
    {
        using var owner = api.Host.Owner();
        var (id, _) = await api.AddProviderAsync(owner);
        using var admin = api.Host.Client((await api.Host.AddPersonAsync("admin")).Token);
        (await admin.GetAsync($"identity-providers/{id}")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        using var narrow = api.Host.Client((await owner.CreateKeyAsync("tenant.manage")).Key);

        var answer = (await narrow.PostAsync("identity-providers", new
        {
            slug = "narrow", name = "x", issuer = "https://login.example/", clientId = "x",
            defaultRoles = new[] { "viewer" },
        })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        Assert.Contains("NOT_YOURS", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_tells_what_is_wrong_with_a_provider()
    {
        using var owner = api.Host.Owner();
        var (good, _) = await api.AddProviderAsync(owner);
        var (other, _) = await api.AddProviderAsync(owner, new { issuer = api.Server.Issuer.TrimEnd('/') });
        var (none, noneSlug) = await api.AddProviderAsync(owner, new { issuer = "http://127.0.0.1:9/" });
        var (inside, insideSlug) = await api.AddProviderAsync(owner, new { issuer = "https://10.1.2.3/" });

        Assert.Equal((true, "The provider describes itself, and has keys that sign."), await TestAsync(good));
        Assert.Contains("another issuer", (await TestAsync(other)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be reached", (await TestAsync(none)).Message, StringComparison.Ordinal);
        Assert.Contains("not a public address", (await TestAsync(inside)).Message, StringComparison.Ordinal);
        // Who only wants to log in learns that it failed, not why.
        using var anybody = api.Host.Client();
        foreach (var slug in new[] { noneSlug, insideSlug })
        {
            var answer = (await anybody.GetAsync($"auth/oidc/default/{slug}/start"))
                .Fails(HttpStatusCode.BadGateway, "IDENTITY_PROVIDER_FAILED");
            Assert.DoesNotContain("10.1.2.3", answer.Text, StringComparison.Ordinal);
        }

        async Task<(bool Succeeded, string Message)> TestAsync(Guid id)
        {
            var data = (await owner.PostAsync($"identity-providers/{id}/test")).Ok().Data;
            return (data.GetProperty("succeeded").GetBoolean(), data.GetProperty("message").GetString()!);
        }
    }

    [Fact]
    public async Task A_provider_that_is_deleted_takes_the_sessions_of_its_people_along()
    {
        using var owner = api.Host.Owner();
        var (id, slug) = await api.AddProviderAsync(
            owner, new { provision = true, defaultRoles = new[] { "viewer" } });
        api.Server.Person = Providers.Stranger();
        using var browser = new Browser(api.Host);
        var tokens = (await browser.LogInAsync(slug)).Ok().Data;
        using var client = api.Host.Client(tokens.GetProperty("accessToken").GetString());
        using var bystander = api.Host.Client((await api.Host.AddPersonAsync("viewer")).Token);
        (await client.GetAsync("auth/me")).Ok();
        (await bystander.GetAsync("auth/me")).Ok();

        var etag = (await owner.GetAsync($"identity-providers/{id}")).Ok().ETag;
        (await owner.DeleteAsync($"identity-providers/{id}", etag)).Ok();

        (await client.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await client.PostAsync("auth/refresh", new { refreshToken = tokens.GetProperty("refreshToken").GetString() }))
            .Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await bystander.GetAsync("auth/me")).Ok();
        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from user_identities where provider_id = $1", id));
    }

    [Fact]
    public async Task A_person_who_is_deleted_is_nobody_of_the_provider_any_more()
    {
        using var owner = api.Host.Owner();
        var (id, slug) = await api.AddProviderAsync(owner, new { provision = true });
        api.Server.Person = Providers.Stranger();
        using var browser = new Browser(api.Host);
        using var client = api.Host.Client(
            (await browser.LogInAsync(slug)).Ok().Data.GetProperty("accessToken").GetString());
        var me = (await client.GetAsync("users/me")).Ok().Id;
        var export = await owner.DownloadAsync($"users/{me}/export");
        Assert.Contains(api.Server.Person.Subject, Encoding.UTF8.GetString(export), StringComparison.Ordinal);

        var user = (await owner.GetAsync($"users/{me}")).Ok();
        (await owner.DeleteAsync($"users/{me}", user.ETag)).Ok();

        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from user_identities where provider_id = $1", id));
    }
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Auth;

/// <summary>Logins by an identity provider, from the browser's first step to the session.</summary>
public sealed class ProviderLoginTests(OpenIdApi api) : IClassFixture<OpenIdApi>
{
    [Fact]
    public async Task Somebody_new_gets_an_account_and_the_same_one_the_next_time()
    {
        using var owner = api.Host.Owner();
        var (_, slug) = await api.AddProviderAsync(
            owner, new { provision = true, defaultRoles = new[] { "viewer" } });
        var person = api.Server.Person = Providers.Stranger();

        using var browser = new Browser(api.Host);
        var tokens = (await browser.LogInAsync(slug)).Ok().Data;
        using var client = api.Host.Client(tokens.GetProperty("accessToken").GetString());
        var me = (await client.GetAsync("users/me")).Ok().Data;
        using var elsewhere = new Browser(api.Host);
        var again = (await elsewhere.LogInAsync(slug)).Ok().Data;

        Assert.Equal(person.Email, me.GetProperty("email").GetString());
        Assert.Equal("Ada of the Company", me.GetProperty("name").GetString());
        Assert.True(me.GetProperty("emailVerified").GetBoolean());
        (await client.GetAsync("workflows")).Ok();
        (await client.PostAsync("workflows", new { name = "x" })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await client.PostAsync(
            "auth/refresh", new { refreshToken = again.GetProperty("refreshToken").GetString() })).Ok();
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from users where email = $1", person.Email!));
        Assert.Equal(2, await api.Host.ScalarAsync<long>(
            "select count(*) from user_activity where action = 'auth.login' and after ->> 'provider' = $1", slug));
        Assert.Equal("secret", api.Server.AuthenticatedBy);
        (await client.PostAsync("auth/login", new { email = person.Email, password = "" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
    }

    [Fact]
    public async Task The_browser_goes_with_state_nonce_and_proof_key_and_keeps_its_half_out_of_scripts()
    {
        using var owner = api.Host.Owner();
        var (_, slug) = await api.AddProviderAsync(owner);
        using var browser = new Browser(api.Host);

        var address = (await browser.BeginAsync(slug)).Query;

        Assert.Contains("code_challenge_method=S256", address, StringComparison.Ordinal);
        Assert.Contains("response_type=code", address, StringComparison.Ordinal);
        foreach (var parameter in new[] { "state=", "nonce=", "code_challenge=", "scope=openid" })
        {
            Assert.Contains(parameter, address, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("verifier", address, StringComparison.Ordinal);
        foreach (var attribute in new[] { "httponly", "secure", "samesite=lax", "path=/api/v1/auth/oidc" })
        {
            Assert.Contains(attribute, browser.Cookie!, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Nothing_tells_whether_an_address_has_an_account()
    {
        using var owner = api.Host.Owner();
        var (id, slug) = await api.AddProviderAsync(owner);
        var known = await api.Host.AddPersonAsync("viewer");
        api.Server.Person = new AtBrowser("k", known.Email);
        var ofKnown = await LogInAsync(slug);
        var whyKnown = await api.Host.ReasonAsync(id);
        api.Server.Person = Providers.Stranger();
        var ofUnknown = await LogInAsync(slug);

        Assert.Equal(Said(ofKnown.Fails(HttpStatusCode.Unauthorized, "LOGIN_REFUSED")), Said(ofUnknown));
        Assert.NotEqual(whyKnown, await api.Host.ReasonAsync(id)); // who manages the tenant is told

        static string Said(Answer answer) => answer.Json.GetProperty("error").GetRawText();
    }

    [Fact]
    public async Task A_verified_address_leads_to_its_account_for_one_person_of_the_provider()
    {
        using var owner = api.Host.Owner();
        var (id, slug) = await api.AddProviderAsync(owner, new { linkByEmail = true });
        var person = await api.Host.AddPersonAsync("viewer");
        api.Server.Person = new AtBrowser("sub-1", person.Email, EmailVerified: false);
        (await LogInAsync(slug)).Fails(HttpStatusCode.Unauthorized, "LOGIN_REFUSED");
        api.Server.Person = new AtBrowser("sub-1", person.Email, EmailVerified: null);
        (await LogInAsync(slug)).Fails(HttpStatusCode.Unauthorized, "LOGIN_REFUSED");

        api.Server.Person = new AtBrowser("sub-1", person.Email!.ToUpperInvariant());
        var tokens = (await LogInAsync(slug)).Ok().Data;
        using var client = api.Host.Client(tokens.GetProperty("accessToken").GetString());
        Assert.Equal(person.Id, (await client.GetAsync("users/me")).Ok().Id);

        // From now on the subject counts, whatever the address; and nobody else gets in by the address.
        api.Server.Person = new AtBrowser("sub-1", "other@company.example");
        Assert.Equal(person.Id, await UserOfAsync((await LogInAsync(slug)).Ok()));
        api.Server.Person = new AtBrowser("sub-2", person.Email);
        (await LogInAsync(slug)).Fails(HttpStatusCode.Unauthorized, "LOGIN_REFUSED");
        Assert.Contains("somebody else", await api.Host.ReasonAsync(id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_is_trusted_need_not_say_that_it_verified_an_address()
    {
        using var owner = api.Host.Owner();
        var (_, slug) = await api.AddProviderAsync(owner, new { linkByEmail = true, trustEmail = true });
        var person = await api.Host.AddPersonAsync("viewer");
        api.Server.Person = new AtBrowser("s", person.Email, EmailVerified: false);
        (await LogInAsync(slug)).Fails(HttpStatusCode.Unauthorized, "LOGIN_REFUSED");
        api.Server.Person = new AtBrowser("s", person.Email, EmailVerified: null);

        Assert.Equal(person.Id, await UserOfAsync((await LogInAsync(slug)).Ok()));
    }

    [Fact]
    public async Task Nobody_becomes_an_operator_of_the_platform_by_an_address()
    {
        using var owner = api.Host.Owner();
        var (_, slug) = await api.AddProviderAsync(owner, new { linkByEmail = true, provision = true });
        api.Server.Person = new AtBrowser("o", "somebody@operators.invalid");

        (await LogInAsync(slug)).Fails(HttpStatusCode.Unauthorized, "LOGIN_REFUSED");
    }

    [Fact]
    public async Task Groups_at_the_provider_give_and_take_what_mappings_name_and_nothing_else()
    {
        using var owner = api.Host.Owner();
        var group = (await owner.PostAsync("groups", new { name = Samples.Name("group") })).Ok(HttpStatusCode.Created);
        var name = group.Data.GetProperty("name").GetString()!;
        var (_, slug) = await api.AddProviderAsync(owner, new
        {
            provision = true,
            groupsClaim = "groups",
            mappings = new object[]
            {
                new { value = "builders", roles = new[] { "editor" }, groups = new[] { name } },
                new { value = "watchers", roles = new[] { "operator" } },
            },
        });
        var person = api.Server.Person = Providers.Stranger("builders", "others");
        var first = (await LogInAsync(slug)).Ok();
        var id = await UserOfAsync(first);
        Assert.Equal(["editor"], await RolesAsync());
        var members = (await owner.GetAsync($"groups/{group.Id}/members")).Ok().Data;
        Assert.Equal(id, members[0].GetProperty("userId").GetGuid());

        var user = (await owner.GetAsync($"users/{id}")).Ok();
        (await owner.PatchAsync($"users/{id}", user.ETag, new { roles = new[] { "editor", "viewer" } })).Ok();
        api.Server.Person = person with { Groups = ["watchers"] };
        using var open = api.Host.Client(first.Data.GetProperty("accessToken").GetString());
        (await open.GetAsync("workflows")).Ok();
        (await LogInAsync(slug)).Ok();

        Assert.Equal(["operator", "viewer"], await RolesAsync());
        Assert.Equal(0, (await owner.GetAsync($"groups/{group.Id}/members")).Ok().Data.GetArrayLength());
        // At once, in sessions that are open, too.
        (await open.PostAsync("workflows", new { name = "x", definition = Samples.Definition() }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");

        async Task<string[]> RolesAsync() => [.. (await owner.GetAsync($"users/{id}")).Ok().Data.GetProperty("roles")
            .EnumerateArray().Select(role => role.GetString()!).Order()];
    }

    [Fact]
    public async Task A_login_ends_in_the_browser_that_began_it_and_once()
    {
        using var owner = api.Host.Owner();
        var (_, slug) = await api.AddProviderAsync(owner, new { provision = true });
        var (_, other) = await api.AddProviderAsync(owner, new { provision = true });
        api.Server.Person = Providers.Stranger();
        using var browser = new Browser(api.Host);
        using var attacker = new Browser(api.Host);
        var callback = await browser.VisitAsync(await browser.BeginAsync(slug));
        await attacker.BeginAsync(slug);

        (await attacker.CompleteAsync(callback)).Fails(HttpStatusCode.BadRequest, "LOGIN_EXPIRED");
        var elsewhere = new Uri(callback.AbsoluteUri.Replace($"/{slug}/", $"/{other}/", StringComparison.Ordinal));
        (await browser.CompleteAsync(elsewhere)).Fails(HttpStatusCode.BadRequest, "LOGIN_EXPIRED");
        var guessed = new Uri(callback.AbsoluteUri.Replace("state=", "state=A", StringComparison.Ordinal));
        (await browser.CompleteAsync(guessed)).Fails(HttpStatusCode.BadRequest, "LOGIN_EXPIRED");
        var both = await Task.WhenAll(browser.CompleteAsync(callback), browser.CompleteAsync(callback));

        Assert.Single(both, answer => answer.Status == HttpStatusCode.OK);
        Assert.Single(both, answer => answer.ErrorCode == "LOGIN_EXPIRED");
    }

    [Fact]
    public async Task Who_takes_too_long_begins_again_and_what_was_begun_is_removed()
    {
        using var owner = api.Host.Owner();
        var (id, slug) = await api.AddProviderAsync(owner, new { provision = true });
        api.Server.Person = Providers.Stranger();
        using var browser = new Browser(api.Host);
        var callback = await browser.VisitAsync(await browser.BeginAsync(slug));
        await api.Host.ExecuteAsync("update provider_logins set expires_at = now() where provider_id = $1", id);

        (await browser.CompleteAsync(callback)).Fails(HttpStatusCode.BadRequest, "LOGIN_EXPIRED");

        var store = api.Host.Services.GetRequiredService<Data.Identity.IdentityProviderStore>();
        Assert.True(await store.ForgetLoginsAsync(10_000, TestContext.Current.CancellationToken) >= 1);
        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from provider_logins where provider_id = $1", id));
    }

    [Fact]
    public async Task Two_logins_of_somebody_new_at_once_make_one_account()
    {
        using var owner = api.Host.Owner();
        var (_, slug) = await api.AddProviderAsync(owner, new { provision = true });
        var person = api.Server.Person = Providers.Stranger();
        var browsers = Enumerable.Range(0, 4).Select(_ => new Browser(api.Host)).ToList();
        var callbacks = new List<Uri>();
        foreach (var browser in browsers)
        {
            callbacks.Add(await browser.VisitAsync(await browser.BeginAsync(slug)));
        }

        var answers = await Task.WhenAll(browsers.Zip(callbacks, (browser, at) => browser.CompleteAsync(at)));

        Assert.All(answers, answer => answer.Ok());
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from users where email = $1", person.Email!));
        browsers.ForEach(browser => browser.Dispose());
    }

    [Fact]
    public async Task A_person_who_says_no_at_the_provider_is_nobody_here()
    {
        using var owner = api.Host.Owner();
        var (_, slug) = await api.AddProviderAsync(owner, new { provision = true });
        api.Server.Person = null;

        (await LogInAsync(slug)).Fails(HttpStatusCode.Unauthorized, "LOGIN_REFUSED");
    }

    [Fact]
    public async Task Who_is_not_active_and_whose_tenant_is_suspended_stays_out()
    {
        var tenant = await api.Host.CreateTenantAsync($"t{Guid.CreateVersion7():N}"[..20]);
        var tenantSlug = await api.Host.ScalarAsync<string>(
            "select slug from tenants where tenant_id = $1", tenant.TenantId);
        using var owner = api.Host.Client(tenant.ApiKey);
        var (id, slug) = await api.AddProviderAsync(owner, new { provision = true });
        api.Server.Person = Providers.Stranger();
        using var browser = new Browser(api.Host);
        (await browser.LogInAsync(slug, tenantSlug)).Ok();
        await api.Host.ExecuteAsync(
            "update users set active = false where tenant_id = $1 and email = $2", tenant.TenantId,
            api.Server.Person.Email!);
        (await browser.LogInAsync(slug, tenantSlug)).Fails(HttpStatusCode.Unauthorized, "LOGIN_REFUSED");

        var callback = await browser.VisitAsync(await browser.BeginAsync(slug, tenantSlug));
        await api.Host.ExecuteAsync("update tenants set status = 'suspended' where tenant_id = $1", tenant.TenantId);
        (await browser.CompleteAsync(callback)).Fails(HttpStatusCode.NotFound, "IDENTITY_PROVIDER_NOT_FOUND");
        using var anybody = api.Host.Client();
        (await anybody.GetAsync($"auth/oidc/{tenantSlug}/{slug}/start"))
            .Fails(HttpStatusCode.NotFound, "IDENTITY_PROVIDER_NOT_FOUND");
        await api.Host.ExecuteAsync("update tenants set status = 'active' where tenant_id = $1", tenant.TenantId);
        await api.Host.ExecuteAsync("update identity_providers set enabled = false where id = $1", id);
        foreach (var path in new[]
        {
            $"{tenantSlug}/{slug}", $"{tenantSlug}/none", "no-such-tenant/none", "Bad%20Slug/x", "default/" + slug,
        })
        {
            (await anybody.GetAsync($"auth/oidc/{path}/start"))
                .Fails(HttpStatusCode.NotFound, "IDENTITY_PROVIDER_NOT_FOUND");
        }
    }

    [Fact]
    public async Task A_second_factor_is_asked_for_as_after_a_password_and_one_is_got_without_a_password()
    {
        using var owner = api.Host.Owner();
        var (_, slug) = await api.AddProviderAsync(owner, new { provision = true });
        api.Server.Person = Providers.Stranger();
        using var client = api.Host.Client(
            (await LogInAsync(slug)).Ok().Data.GetProperty("accessToken").GetString());
        var email = api.Server.Person.Email!;
        await api.Host.ExecuteAsync(
            "update user_sessions set created_at = now() - interval '6 minutes' where user_id = "
                + "(select id from users where email = $1)", email);
        (await client.PostAsync("users/me/second-factor", new { password = "" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        await api.Host.ExecuteAsync(
            "update user_sessions set created_at = now() where user_id = (select id from users where email = $1)",
            email);

        var secret = OtpNet.Base32Encoding.ToBytes(
            (await client.PostAsync("users/me/second-factor", new { password = "" })).Ok().Data
                .GetProperty("secret").GetString());
        var code = new OtpNet.Totp(secret).ComputeTotp(TimeProvider.System.GetUtcNow().UtcDateTime);
        var codes = (await client.PostAsync("users/me/second-factor/confirm", new { code })).Ok().Data
            .GetProperty("codes");

        var asked = (await LogInAsync(slug)).Fails(HttpStatusCode.Unauthorized, "SECOND_FACTOR_REQUIRED");
        var challenge = asked.Json.GetProperty("error").GetProperty("details")[0].GetProperty("message").GetString();
        using var anybody = api.Host.Client();
        (await anybody.PostAsync("auth/second-factor", new { challenge, code = codes[0].GetString() })).Ok();
        using var another = await PasswordlessWithoutIdentityAsync();
        (await another.PostAsync("users/me/second-factor", new { password = "" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
    }

    // As an operator of the platform is in a tenant: without a password, and without a provider.
    private async Task<ApiClient> PasswordlessWithoutIdentityAsync()
    {
        var person = await api.Host.AddPersonAsync("viewer");
        await api.Host.ExecuteAsync("update users set password_hash = null where id = $1", person.Id);
        return person.Client;
    }

    private async Task<Answer> LogInAsync(string slug)
    {
        using var browser = new Browser(api.Host);
        return await browser.LogInAsync(slug);
    }

    private async Task<Guid> UserOfAsync(Answer login)
    {
        using var client = api.Host.Client(login.Data.GetProperty("accessToken").GetString());
        return (await client.GetAsync("users/me")).Ok().Id;
    }
}

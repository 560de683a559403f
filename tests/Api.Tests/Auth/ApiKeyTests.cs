using System.Net;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Auth;

public sealed class ApiKeyTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_key_is_shown_once_and_stored_as_a_hash()
    {
        using var owner = api.Host.Owner();
        var (id, key) = await owner.CreateKeyAsync("workflows.read");

        var listed = (await owner.GetAsync("api-keys")).Ok();

        Assert.DoesNotContain(key, listed.Text, StringComparison.Ordinal);
        Assert.StartsWith("wfk_", key, StringComparison.Ordinal);
        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from (select a::text as t from api_keys a union all select u::text from user_activity u) r where t like '%' || $1 || '%'", key));
        Assert.Equal(key[..12], await api.Host.ScalarAsync<string>("select prefix from api_keys where id = $1", id));
    }

    [Fact]
    public async Task A_key_may_what_its_scopes_say_by_either_header()
    {
        using var owner = api.Host.Owner();
        var (_, key) = await owner.CreateKeyAsync("workflows.read");
        using var caller = api.Host.Client(key);
        using var anonymous = api.Host.Client();

        (await caller.GetAsync("workflows")).Ok();
        (await anonymous.GetAsync("workflows", ("X-Api-Key", key))).Ok();
        (await caller.GetAsync("users")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task A_revoked_key_is_refused_at_once_also_by_another_instance()
    {
        var twin = await api.Host.StartTwinAsync(api.Redis);
        using var owner = api.Host.Owner();
        var (id, key) = await owner.CreateKeyAsync("workflows.read");
        using var here = api.Host.Client(key);
        using var there = twin.Client(key);
        (await here.GetAsync("workflows")).Ok();
        (await there.GetAsync("workflows")).Ok();

        (await owner.DeleteAsync($"api-keys/{id}")).Ok();

        (await here.GetAsync("workflows")).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        await Eventually.TrueAsync(async () => (await there.GetAsync("workflows")).Status == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        (await owner.DeleteAsync($"api-keys/{id}")).Fails(HttpStatusCode.NotFound, "API_KEY_NOT_FOUND");
    }

    [Fact]
    public async Task An_expired_key_says_so()
    {
        using var owner = api.Host.Owner();
        var (id, key) = await owner.CreateKeyAsync("workflows.read");
        await api.Host.ExecuteAsync("update api_keys set expires_at = now() - interval '1 second' where id = $1", id);
        using var caller = api.Host.Client(key);

        (await caller.GetAsync("workflows")).Fails(HttpStatusCode.Unauthorized, "TOKEN_EXPIRED");
    }

    [Fact]
    public async Task A_key_of_a_suspended_tenant_is_refused()
    {
        var tenant = await api.Host.CreateTenantAsync("suspended");
        await api.Host.ExecuteAsync("update tenants set status = 'suspended' where tenant_id = $1", tenant.TenantId);
        using var caller = api.Host.Client(tenant.ApiKey);

        (await caller.GetAsync("workflows")).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Theory]
    [InlineData("wfk_")]
    [InlineData("wfk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task A_key_that_was_never_issued_is_refused(string key)
    {
        using var caller = api.Host.Client();
        (await caller.GetAsync("workflows", ("X-Api-Key", key))).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task Nobody_gives_away_more_than_they_have()
    {
        using var owner = api.Host.Owner();
        var (_, key) = await owner.CreateKeyAsync("apikeys.manage", "users.manage", "users.read");
        using var limited = api.Host.Client(key);

        (await limited.PostAsync("api-keys", new { name = "more", scopes = new[] { "workflows.write" } })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await limited.PostAsync("api-keys", new { name = "unknown", scopes = new[] { "everything" } })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await limited.PostAsync("users", new { email = "x@example.com", name = "x", password = "correct horse battery", roles = new[] { "owner" } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var ownerId = await api.Host.ScalarAsync<Guid>("select id from users where email = $1", api.Host.First.OwnerEmail);
        (await limited.PatchAsync($"users/{ownerId}", "*", new { active = false })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task The_last_owner_stays()
    {
        using var owner = api.Host.Owner();
        var ownerId = await api.Host.ScalarAsync<Guid>("select id from users where email = $1", api.Host.First.OwnerEmail);

        (await owner.PatchAsync($"users/{ownerId}", "*", new { active = false })).Fails(HttpStatusCode.Conflict, "LAST_OWNER");
        (await owner.PatchAsync($"users/{ownerId}", "*", new { roles = new[] { "admin" } })).Fails(HttpStatusCode.Conflict, "LAST_OWNER");
    }
}

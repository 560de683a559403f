using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Auth;

/// <summary>Programs with API keys of their own.</summary>
public sealed class ServiceAccountTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Its_keys_work_while_the_account_is_active_and_end_with_it()
    {
        using var owner = api.Host.Owner();
        var account = (await owner.PostAsync("service-accounts", new { name = Samples.Name("shop") }))
            .Ok(HttpStatusCode.Created);
        var key = await AddKeyAsync(owner, account.Id, "workflows.read");
        using var program = api.Host.Client(key.Secret);
        (await program.GetAsync("workflows")).Ok();
        (await program.GetAsync("users")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");

        var off = (await owner.PatchAsync($"service-accounts/{account.Id}", account.ETag, new { active = false })).Ok();
        (await program.GetAsync("workflows")).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await owner.PatchAsync($"service-accounts/{account.Id}", account.ETag, new { active = true }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        var on = (await owner.PatchAsync($"service-accounts/{account.Id}", off.ETag, new { active = true })).Ok();
        (await program.GetAsync("workflows")).Ok();
        Assert.Equal(1, on.Data.GetProperty("apiKeys").GetInt32());

        (await owner.DeleteAsync($"service-accounts/{account.Id}", on.ETag)).Ok();
        (await program.GetAsync("workflows")).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await owner.GetAsync($"service-accounts/{account.Id}"))
            .Fails(HttpStatusCode.NotFound, "SERVICE_ACCOUNT_NOT_FOUND");
        (await owner.PostAsync(
            "api-keys", new { name = "k", scopes = new[] { "workflows.read" }, serviceAccountId = account.Id }))
            .Fails(HttpStatusCode.NotFound, "SERVICE_ACCOUNT_NOT_FOUND");
    }

    [Fact]
    public async Task Its_keys_stay_when_whoever_made_them_leaves()
    {
        using var owner = api.Host.Owner();
        var person = await api.Host.AddPersonAsync("admin");
        var account = (await person.Client.PostAsync("service-accounts", new { name = Samples.Name("shop") }))
            .Ok(HttpStatusCode.Created);
        var key = await AddKeyAsync(person.Client, account.Id, "workflows.read");
        var own = await person.Client.CreateKeyAsync("workflows.read");
        using var program = api.Host.Client(key.Secret);
        using var script = api.Host.Client(own.Key);
        var user = (await owner.GetAsync($"users/{person.Id}")).Ok();
        Assert.Equal(1, user.Data.GetProperty("apiKeys").GetInt32());

        var kept = (await owner.PatchAsync(
            $"users/{person.Id}", user.ETag, new { active = false, revokeApiKeys = true })).Ok();
        (await script.GetAsync("workflows")).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await program.GetAsync("workflows")).Ok();
        var deleted = (await owner.DeleteAsync($"users/{person.Id}", kept.ETag)).Ok();

        Assert.Equal(0, deleted.Data.GetProperty("apiKeys").GetInt32());
        (await program.GetAsync("workflows")).Ok();
    }

    [Fact]
    public async Task A_key_that_its_key_makes_and_one_that_takes_its_place_are_its_own_too()
    {
        using var owner = api.Host.Owner();
        var account = (await owner.PostAsync("service-accounts", new { name = Samples.Name("shop") }))
            .Ok(HttpStatusCode.Created);
        var first = await AddKeyAsync(owner, account.Id, "apikeys.manage", "workflows.read");
        using var program = api.Host.Client(first.Secret);
        var second = await program.CreateKeyAsync("workflows.read");
        (await owner.PostAsync($"api-keys/{second.Id}/rotate")).Ok(HttpStatusCode.Created);

        var keys = (await owner.GetAsync($"api-keys?serviceAccount={account.Id}")).Ok().Data;

        Assert.Equal(3, keys.GetArrayLength());
        Assert.All(keys.EnumerateArray(), key =>
            Assert.Equal(account.Id, key.GetProperty("serviceAccountId").GetGuid()));
    }

    [Fact]
    public async Task Nobody_switches_off_or_deletes_one_that_may_more_than_they_do()
    {
        using var owner = api.Host.Owner();
        var account = (await owner.PostAsync("service-accounts", new { name = Samples.Name("strong") }))
            .Ok(HttpStatusCode.Created);
        await AddKeyAsync(owner, account.Id, "tenant.manage");
        var admin = (await api.Host.AddPersonAsync("admin")).Client;
        (await admin.PatchAsync($"service-accounts/{account.Id}", account.ETag, new { active = false }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await admin.DeleteAsync($"service-accounts/{account.Id}", account.ETag))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await admin.PostAsync(
            "api-keys", new { name = "k", scopes = new[] { "tenant.manage" }, serviceAccountId = account.Id }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await admin.PatchAsync($"service-accounts/{account.Id}", account.ETag, new { description = "seen" })).Ok();
    }

    [Fact]
    public async Task Names_differ_and_it_is_no_user()
    {
        using var owner = api.Host.Owner();
        var name = Samples.Name("shop");
        var account = (await owner.PostAsync("service-accounts", new { name, description = "the web shop" }))
            .Ok(HttpStatusCode.Created);
        (await owner.PostAsync("service-accounts", new { name = name.ToUpperInvariant() }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.GetAsync($"users/{account.Id}")).Fails(HttpStatusCode.NotFound, "USER_NOT_FOUND");
        (await owner.PostAsync($"users/{account.Id}/password", new { password = "correct horse battery" }))
            .Fails(HttpStatusCode.NotFound, "USER_NOT_FOUND");
        var stranger = await api.Host.CreateTenantAsync($"t{Guid.CreateVersion7():N}"[..20]);
        using var other = api.Host.Client(stranger.ApiKey);
        (await other.PostAsync(
            "api-keys", new { name = "k", scopes = new[] { "workflows.read" }, serviceAccountId = account.Id }))
            .Fails(HttpStatusCode.NotFound, "SERVICE_ACCOUNT_NOT_FOUND");
        Assert.Contains(
            (await owner.GetAsync("service-accounts?active=true&per_page=100")).Ok().Data.EnumerateArray(),
            row => row.GetProperty("id").GetGuid() == account.Id);
    }

    private static async Task<(Guid Id, string Secret)> AddKeyAsync(
        ApiClient client, Guid account, params string[] scopes)
    {
        var made = (await client.PostAsync(
            "api-keys", new { name = Samples.Name("key"), scopes, serviceAccountId = account }))
            .Ok(HttpStatusCode.Created);
        return (made.Id, made.Data.GetProperty("key").GetString()!);
    }
}

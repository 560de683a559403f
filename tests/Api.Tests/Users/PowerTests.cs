using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Users;

/// <summary>Ways in which who manages users could take more than they have: by substitution, by keys of others, by keys
/// that outlive their maker.</summary>
public sealed class PowerTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static DateTimeOffset Tomorrow => TimeProvider.System.GetUtcNow().AddDays(1);

    [Fact]
    public async Task An_admin_names_no_substitute_for_the_owner_and_never_themselves()
    {
        var (admin, editor, other) =
            (await api.Host.AddPersonAsync("admin"), await api.Host.AddPersonAsync("editor"),
            await api.Host.AddPersonAsync("editor"));
        var owner = await OwnerIdAsync();

        (await admin.Client.PostAsync($"users/{owner}/substitutions",
            new { substituteId = admin.Id, endsAt = Tomorrow })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await admin.Client.PostAsync($"users/{owner}/substitutions",
            new { substituteId = other.Id, endsAt = Tomorrow })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await admin.Client.PostAsync($"users/{editor.Id}/substitutions",
            new { substituteId = admin.Id, endsAt = Tomorrow })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");

        var made = (await admin.Client.PostAsync($"users/{editor.Id}/substitutions",
            new { substituteId = other.Id, endsAt = Tomorrow })).Ok(HttpStatusCode.Created);
        var told = Assert.Single((await editor.Client.GetAsync("notifications")).Ok().Data.EnumerateArray());
        Assert.Contains("in your place", told.GetProperty("title").GetString(), StringComparison.Ordinal);
        (await editor.Client.DeleteAsync($"users/me/substitutions/{made.Id}")).Ok();
    }

    [Fact]
    public async Task A_key_of_the_admin_is_the_admin_also_by_way_of_another_key()
    {
        var (admin, editor) = (await api.Host.AddPersonAsync("admin"), await api.Host.AddPersonAsync("editor"));
        var (_, key) = await admin.Client.CreateKeyAsync("users.manage", "apikeys.manage");
        using var byKey = api.Host.Client(key);
        var (_, second) = await byKey.CreateKeyAsync("users.manage");
        using var bySecond = api.Host.Client(second);

        (await byKey.PostAsync($"users/{editor.Id}/substitutions", new { substituteId = admin.Id, endsAt = Tomorrow }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await bySecond.PostAsync($"users/{editor.Id}/substitutions",
            new { substituteId = admin.Id, endsAt = Tomorrow })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task An_admin_ends_no_substitution_of_the_owner()
    {
        using var owner = api.Host.Owner();
        var (admin, other) = (await api.Host.AddPersonAsync("admin"), await api.Host.AddPersonAsync("editor"));
        var ownerId = await OwnerIdAsync();
        var made = (await owner.PostAsync($"users/{ownerId}/substitutions",
            new { substituteId = other.Id, endsAt = Tomorrow })).Ok(HttpStatusCode.Created);

        (await admin.Client.DeleteAsync($"users/{ownerId}/substitutions/{made.Id}"))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await owner.DeleteAsync($"users/{ownerId}/substitutions/{made.Id}")).Ok();
    }

    [Fact]
    public async Task The_keys_of_who_leaves_are_shown_and_end_if_one_says_so()
    {
        using var owner = api.Host.Owner();
        var admin = await api.Host.AddPersonAsync("admin");
        var (kept, key) = await admin.Client.CreateKeyAsync("users.read");
        using var byKey = api.Host.Client(key);

        var before = (await owner.GetAsync($"users/{admin.Id}")).Ok();
        Assert.Equal(1, before.Data.GetProperty("apiKeys").GetInt32());
        var left = (await owner.PatchAsync($"users/{admin.Id}", before.ETag, new { active = false })).Ok();
        Assert.Equal(1, left.Data.GetProperty("apiKeys").GetInt32());
        (await byKey.GetAsync("users")).Ok();
        var maker = Assert.Single((await owner.GetAsync($"api-keys?createdBy={admin.Id}")).Ok().Data.EnumerateArray())
            .GetProperty("createdBy");
        Assert.Equal((admin.Id, admin.Email, false),
            (maker.GetProperty("id").GetGuid(), maker.GetProperty("email").GetString(),
            maker.GetProperty("active").GetBoolean()));

        var ended = (await owner.PatchAsync($"users/{admin.Id}", left.ETag, new { revokeApiKeys = true })).Ok();
        Assert.Equal(0, ended.Data.GetProperty("apiKeys").GetInt32());
        (await byKey.GetAsync("users")).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await owner.DeleteAsync($"api-keys/{kept}")).Fails(HttpStatusCode.NotFound, "API_KEY_NOT_FOUND");
    }

    [Fact]
    public async Task A_key_that_may_more_is_not_revoked_by_who_may_less()
    {
        using var owner = api.Host.Owner();
        var (strong, key) = await owner.CreateKeyAsync("tenant.manage");
        var (own, _) = await owner.CreateKeyAsync("workflows.read");
        var admin = await api.Host.AddPersonAsync("admin");

        (await admin.Client.DeleteAsync($"api-keys/{strong}")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await admin.Client.DeleteAsync($"api-keys/{own}")).Ok();
        using var byKey = api.Host.Client(key);
        (await byKey.GetAsync("auth/me")).Ok();
        var (mine, _) = await admin.Client.CreateKeyAsync("users.read");
        var foreign = await api.Host.CreateTenantAsync($"t{Guid.CreateVersion7():N}"[..20]);
        using var stranger = api.Host.Client(foreign.ApiKey);
        (await stranger.DeleteAsync($"api-keys/{mine}")).Fails(HttpStatusCode.NotFound, "API_KEY_NOT_FOUND");
        (await stranger.PostAsync($"users/{admin.Id}/substitutions",
            new { substituteId = admin.Id, endsAt = Tomorrow.AddDays(1) }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        Assert.Empty((await stranger.GetAsync($"api-keys?createdBy={admin.Id}")).Ok().Data.EnumerateArray());
    }

    private Task<Guid> OwnerIdAsync() =>
        api.Host.ScalarAsync<Guid>("select id from users where tenant_id = $1 and email = $2", api.Host.First.TenantId,
            api.Host.First.OwnerEmail);
}

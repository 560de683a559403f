using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Auth;

/// <summary>A new API key in the place of an old one.</summary>
public sealed class ApiKeyRotationTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Both_keys_work_until_the_overlap_is_over()
    {
        using var owner = api.Host.Owner();
        var old = await owner.CreateKeyAsync("workflows.read");

        var made = (await owner.PostAsync($"api-keys/{old.Id}/rotate")).Ok(HttpStatusCode.Created).Data;

        using var before = api.Host.Client(old.Key);
        using var after = api.Host.Client(made.GetProperty("key").GetString());
        (await before.GetAsync("workflows")).Ok();
        (await after.GetAsync("workflows")).Ok();
        (await after.GetAsync("users")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        var left = made.GetProperty("replacedWorksUntil").GetDateTimeOffset() - TimeProvider.System.GetUtcNow();
        Assert.InRange(left.TotalMinutes, 1439 - 1, 1440 + 1);

        var id = made.GetProperty("id").GetGuid();
        var next = (await owner.PostAsync($"api-keys/{id}/rotate", new { overlapMinutes = 0 }))
            .Ok(HttpStatusCode.Created).Data;
        (await after.GetAsync("workflows")).Fails(HttpStatusCode.Unauthorized, "TOKEN_EXPIRED");
        using var last = api.Host.Client(next.GetProperty("key").GetString());
        (await last.GetAsync("workflows")).Ok();
        (await owner.PostAsync($"api-keys/{id}/rotate"))
            .Fails(HttpStatusCode.NotFound, "API_KEY_NOT_FOUND");
    }

    [Fact]
    public async Task An_overlap_gives_no_key_more_time_than_it_had_and_has_a_bound()
    {
        using var owner = api.Host.Owner();
        var expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(10);
        var id = (await owner.PostAsync(
            "api-keys", new { name = "short", scopes = new[] { "workflows.read" }, expiresAt }))
            .Ok(HttpStatusCode.Created).Id;

        var made = (await owner.PostAsync($"api-keys/{id}/rotate", new { expiresAt = expiresAt.AddDays(90) }))
            .Ok(HttpStatusCode.Created).Data;

        Assert.True(made.GetProperty("replacedWorksUntil").GetDateTimeOffset() <= expiresAt);
        (await owner.PostAsync($"api-keys/{id}/rotate", new { overlapMinutes = 43_201 }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync($"api-keys/{id}/rotate", new { expiresAt = expiresAt.AddDays(-90) }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Nobody_gets_by_rotation_what_they_lack_nor_a_key_of_another_tenant()
    {
        using var owner = api.Host.Owner();
        var strong = await owner.CreateKeyAsync("tenant.manage");
        using var admin = api.Host.Client(await owner.LogInNewUserAsync("admin"));
        (await admin.PostAsync($"api-keys/{strong.Id}/rotate")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        var foreign = await api.Host.CreateTenantAsync($"t{Guid.CreateVersion7():N}"[..20]);
        using var stranger = api.Host.Client(foreign.ApiKey);
        (await stranger.PostAsync($"api-keys/{strong.Id}/rotate"))
            .Fails(HttpStatusCode.NotFound, "API_KEY_NOT_FOUND");
    }
}

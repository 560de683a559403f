using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Tenants;

/// <summary>Operators of the platform, from outside: they manage tenants and see figures of them, and nothing
/// else.</summary>
public sealed class PlatformTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_tenant_is_made_whole_its_secrets_are_shown_once_and_both_sides_have_it_in_their_activity()
    {
        using var boss = await api.Host.OperatorAsync();
        var body = new
        {
            slug = "acme", name = "Acme", ownerEmail = "boss@acme.example", plan = "team",
            settings = new { limits = new { maxQueued = 5 }, httpAllow = new[] { "10.0.0.0/8" } },
            metadata = new { customer = 4711 },
        };

        var made = (await boss.PostAsync("tenants", body, ("Idempotency-Key", "acme"))).Ok(HttpStatusCode.Created);

        var tenant = made.Data.GetProperty("tenant");
        Assert.Equal("team", tenant.GetProperty("plan").GetString());
        Assert.Equal(5, tenant.GetProperty("settings").GetProperty("limits").GetProperty("maxQueued").GetInt32());
        Assert.Equal(4711, tenant.GetProperty("metadata").GetProperty("customer").GetInt32());
        Assert.Equal(1, tenant.GetProperty("figures").GetProperty("users").GetInt32());
        var again = (await boss.PostAsync("tenants", body, ("Idempotency-Key", "acme"))).Ok(HttpStatusCode.Created);
        Assert.Equal(JsonValueKind.Null, again.Data.GetProperty("ownerPassword").ValueKind);
        Assert.Equal(JsonValueKind.Null, again.Data.GetProperty("apiKey").ValueKind);
        (await boss.PostAsync("tenants", body)).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");

        using var owner = api.Host.Client(made.Data.GetProperty("apiKey").GetString());
        await owner.CreatePublishedAsync();
        var id = tenant.GetProperty("id").GetGuid();
        var figures = (await boss.GetAsync($"tenants/{id}")).Ok().Data.GetProperty("figures");
        Assert.Equal(1, figures.GetProperty("workflows").GetInt32());
        using var anybody = api.Host.Client();
        (await anybody.PostAsync("auth/login", new
        {
            email = "boss@acme.example", password = made.Data.GetProperty("ownerPassword").GetString(),
        })).Ok();
        Assert.Contains("tenant.create", await ActionsAsync(boss));
        Assert.Contains("tenant.create", await ActionsAsync(owner));
    }

    [Fact]
    public async Task What_an_operator_changes_holds_and_the_tenant_sees_it_but_not_the_operators_notes()
    {
        var (boss, owner, id) = await TenantAsync("changed");
        using var _ = boss;
        using var __ = owner;
        var etag = (await boss.GetAsync($"tenants/{id}")).Ok().ETag;

        var changed = (await boss.PatchAsync($"tenants/{id}", etag, new
        {
            name = "Changed", plan = "enterprise", settings = new { limits = new { maxQueued = 0 } },
            metadata = new { note = "pays late" },
        })).Ok();

        Assert.Equal("enterprise", changed.Data.GetProperty("plan").GetString());
        (await boss.PatchAsync($"tenants/{id}", etag, new { plan = "free" }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        var own = (await owner.GetAsync("tenant")).Ok();
        Assert.Equal("Changed", own.Data.GetProperty("name").GetString());
        Assert.DoesNotContain("pays late", own.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("pays late", (await owner.GetAsync("activity")).Text, StringComparison.Ordinal);
        var workflow = await owner.CreatePublishedAsync();
        await Eventually.TrueAsync(
            async () => (await owner.PostAsync($"workflows/{workflow}/execute")).Status
                == HttpStatusCode.TooManyRequests, cancellationToken: Token);
        (await owner.PatchAsync("tenant", own.ETag, new { name = "Our own name" })).Ok();
        Assert.Equal(
            "Our own name", (await boss.GetAsync($"tenants/{id}")).Ok().Data.GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_suspended_tenant_is_refused_and_a_resumed_one_goes_on()
    {
        var (boss, owner, id) = await TenantAsync("sleeping");
        using var _ = boss;
        using var __ = owner;

        var suspended = (await boss.PostAsync($"tenants/{id}/suspend", new { reason = "unpaid" })).Ok();

        Assert.Equal("suspended", suspended.Data.GetProperty("status").GetString());
        Assert.Equal("unpaid", suspended.Data.GetProperty("statusReason").GetString());
        await BecomesAsync(owner, HttpStatusCode.Unauthorized);
        (await boss.PostAsync($"tenants/{id}/reopen")).Fails(HttpStatusCode.Conflict, "TENANT_STATE");
        (await boss.PostAsync($"tenants/{id}/resume")).Ok();
        await BecomesAsync(owner, HttpStatusCode.OK);
        Assert.Contains("tenant.suspend", await ActionsAsync(owner));
    }

    [Fact]
    public async Task Tenants_are_listed_by_slug_in_pages_filtered_and_without_the_platforms_own()
    {
        using var boss = await api.Host.OperatorAsync();
        foreach (var slug in new[] { "list-a", "list-b", "list-c" })
        {
            (await boss.PostAsync(
                "tenants", new { slug, name = slug, ownerEmail = $"o@{slug}.example", plan = "listed" }))
                .Ok(HttpStatusCode.Created);
        }

        var page = (await boss.GetAsync("tenants?plan=listed&per_page=2")).Ok();
        Assert.Equal(["list-a", "list-b"], Slugs(page));
        var cursor = page.Pagination.GetProperty("nextCursor").GetString()!;
        Assert.Equal(
            ["list-c"], Slugs((await boss.GetAsync($"tenants?plan=listed&per_page=2&cursor={cursor}")).Ok()));
        Assert.Equal(["list-b"], Slugs((await boss.GetAsync("tenants?q=T-B")).Ok()));
        Assert.DoesNotContain("platform", Slugs((await boss.GetAsync("tenants?per_page=100")).Ok()));
        (await boss.GetAsync("tenants?status=asleep")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task Queues_of_all_tenants_are_seen_as_numbers()
    {
        var (boss, owner, id) = await TenantAsync("busy");
        using var _ = boss;
        using var __ = owner;
        var workflow = await owner.CreatePublishedAsync();
        (await owner.PostAsync($"workflows/{workflow}/execute", new { input = new { secret = "hush" } }))
            .Ok(HttpStatusCode.Accepted);

        var queues = (await boss.GetAsync("platform/queues")).Ok();

        var own = queues.Data.EnumerateArray().Single(row => row.GetProperty("tenantId").GetGuid() == id);
        Assert.Equal(1, own.GetProperty("depth").GetInt32());
        Assert.DoesNotContain("hush", queues.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("platform", "a@b.example", "{}", "NAME_TAKEN")]
    [InlineData("Not A Slug", "a@b.example", "{}", "VALIDATION_FAILED")]
    [InlineData("ok", "nobody", "{}", "VALIDATION_FAILED")]
    [InlineData("ok", "a@operators.invalid", "{}", "VALIDATION_FAILED")]
    [InlineData("ok", "a@b.example", """{"limits": {"maxQueued": -1}}""", "VALIDATION_FAILED")]
    [InlineData("ok", "a@b.example", """{"httpAllow": ["not an address!"]}""", "VALIDATION_FAILED")]
    [InlineData("ok", "a@b.example", """{"unheard": "of"}""", "UNKNOWN_FIELD")]
    public async Task What_cannot_be_a_tenant_is_refused(string slug, string ownerEmail, string settings, string code)
    {
        using var boss = await api.Host.OperatorAsync();
        var body = new { slug, name = "x", ownerEmail, settings = JsonDocument.Parse(settings).RootElement };

        Assert.Equal(code, (await boss.PostAsync("tenants", body)).ErrorCode);
        Assert.DoesNotContain("ok", Slugs((await boss.GetAsync("tenants?per_page=100")).Ok()));
    }

    [Fact]
    public async Task Nobody_gets_above_tenants_by_a_role_or_a_key()
    {
        using var owner = api.Host.Owner();
        (await owner.PostAsync("roles", new { name = "above", permissions = new[] { "platform.manage" } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("api-keys", new { name = "above", scopes = new[] { "platform.read" } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        // Not even by the database: what is stored counts only in the platform's own tenant.
        var key = await owner.CreateKeyAsync("workflows.read");
        await api.Host.ExecuteAsync(
            "update api_keys set scopes = array['platform.manage', 'platform.read'] where id = $1", key.Id);
        using var above = api.Host.Client(key.Key);
        (await above.GetAsync("tenants")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task The_platforms_own_tenant_cannot_be_managed_as_one()
    {
        using var boss = await api.Host.OperatorAsync();
        var own = Data.Identity.PlatformTenant.Id;

        (await boss.GetAsync($"tenants/{own}")).Fails(HttpStatusCode.NotFound, "TENANT_NOT_FOUND");
        (await boss.PostAsync($"tenants/{own}/suspend", new { reason = "x" }))
            .Fails(HttpStatusCode.NotFound, "TENANT_NOT_FOUND");
        (await boss.PostAsync($"tenants/{own}/close", new { reason = "x" }))
            .Fails(HttpStatusCode.NotFound, "TENANT_NOT_FOUND");
        (await boss.PostAsync($"tenants/{own}/enter", new { reason = "x" }))
            .Fails(HttpStatusCode.NotFound, "TENANT_NOT_FOUND");
    }

    private async Task<(ApiClient Boss, ApiClient Owner, Guid Id)> TenantAsync(string slug)
    {
        var boss = await api.Host.OperatorAsync();
        var made = (await boss.PostAsync("tenants", new { slug, name = slug, ownerEmail = $"o@{slug}.example" }))
            .Ok(HttpStatusCode.Created).Data;
        return (boss, api.Host.Client(made.GetProperty("apiKey").GetString()),
            made.GetProperty("tenant").GetProperty("id").GetGuid());
    }

    private static IEnumerable<string?> Slugs(Answer page) =>
        page.Data.EnumerateArray().Select(row => row.GetProperty("slug").GetString());

    private static async Task<List<string?>> ActionsAsync(ApiClient client) =>
        [.. (await client.GetAsync("activity")).Ok().Data.EnumerateArray()
            .Select(row => row.GetProperty("action").GetString())];

    private static Task BecomesAsync(ApiClient client, HttpStatusCode status) => Eventually.TrueAsync(
        async () => (await client.GetAsync("workflows")).Status == status, cancellationToken: Token);
}

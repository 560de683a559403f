using System.Net;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Tenants;

/// <summary>Companies that register themselves.</summary>
public sealed class RegistrationTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private const string Password = "a trip to the mountains";

    private readonly MailedApi _api = new(postgres, redis)
    {
        Extra = { ["Registration:Enabled"] = "true",
        ["Registration:Plan"] = "trial" }
    };

    public ValueTask InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_mailed_link_makes_a_tenant_with_its_owner_once()
    {
        using var anybody = _api.Host.Client();
        var email = Address();
        (await anybody.PostAsync("auth/register", new { email })).Ok(HttpStatusCode.Accepted);
        var token = await _api.TokenAsync(email, "register");
        var slug = $"c-{Guid.CreateVersion7():N}"[..20];
        foreach (var bad in new object[]
        {
            new { token, company = "Red", slug = "Not A Slug", name = "Ana", password = Password },
            new { token, company = "", slug, name = "Ana", password = Password },
            new { token, company = "Red", slug, name = "Ana", password = email },
        })
        {
            (await anybody.PostAsync("auth/register/complete", bad)).Fails(HttpStatusCode.BadRequest,
                "VALIDATION_FAILED");
        }

        (await CompleteAsync(anybody, token, "default")).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        var made = (await CompleteAsync(anybody, token, slug)).Ok(HttpStatusCode.Created);
        Assert.Equal(email, made.Data.GetProperty("ownerEmail").GetString());
        (await CompleteAsync(anybody, token, $"{slug}-2")).Fails(HttpStatusCode.Gone, "LINK_GONE");

        var login = (await anybody.PostAsync("auth/login", new { email, password = Password, tenant = slug })).Ok();
        using var owner = _api.Host.Client(login.Data.GetProperty("accessToken").GetString());
        Assert.Equal("trial", (await owner.GetAsync("tenant")).Ok().Data.GetProperty("plan").GetString());
        Assert.True((await owner.GetAsync("users/me")).Ok().Data.GetProperty("emailVerified").GetBoolean());
        Assert.Equal(0, (await owner.GetAsync("api-keys")).Ok().Data.GetArrayLength());
        await owner.CreatePublishedAsync();
        using var boss = await _api.Host.OperatorAsync();
        (await boss.GetAsync($"tenants/{made.Data.GetProperty("tenantId").GetGuid()}")).Ok();
    }

    [Fact]
    public async Task Of_requests_at_once_with_one_link_one_makes_a_tenant()
    {
        using var anybody = _api.Host.Client();
        var email = Address();
        (await anybody.PostAsync("auth/register", new { email })).Ok(HttpStatusCode.Accepted);
        var token = await _api.TokenAsync(email, "register");

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(number => CompleteAsync(anybody, token,
            $"at-once-{number}")));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.Equal(3, answers.Count(answer => answer.ErrorCode == "LINK_GONE"));
        Assert.Equal(1, await _api.Host.ScalarAsync<long>("select count(*) from tenants where slug like 'at-once-%'"));
    }

    [Fact]
    public async Task An_address_gets_a_few_mails_an_hour_and_the_answer_does_not_tell()
    {
        using var anybody = _api.Host.Client();
        var email = Address();
        for (var number = 0; number < Limits.LinksPerHour + 2; number++)
        {
            (await anybody.PostAsync("auth/register",
                new { email = number % 2 == 0 ? email : email.ToUpperInvariant() }))
                .Ok(HttpStatusCode.Accepted);
        }

        Assert.Equal(
            (long)Limits.LinksPerHour,
            await _api.Host.ScalarAsync<long>("select count(*) from account_links where lower(email) = lower($1)",
                email));
        (await anybody.PostAsync("auth/register", new { email = "nobody" })).Fails(HttpStatusCode.BadRequest,
            "VALIDATION_FAILED");
    }

    [Fact]
    public async Task It_is_off_unless_the_configuration_says_otherwise()
    {
        await using var closed = await ApiHost.StartAsync(postgres, redis, MailedApi.SettingsFor(_api.Mail.Port));
        using var anybody = closed.Client();

        (await anybody.PostAsync("auth/register", new { email = Address() })).Fails(HttpStatusCode.Forbidden,
            "REGISTRATION_CLOSED");
        (await CompleteAsync(anybody, "wfl_x", "red")).Fails(HttpStatusCode.Forbidden, "REGISTRATION_CLOSED");
    }

    private static string Address() => $"{Guid.CreateVersion7():N}@example.com";

    private static Task<Answer> CompleteAsync(ApiClient anybody, string token, string slug) => anybody.PostAsync(
        "auth/register/complete", new { token, company = "Red", slug, name = "Ana", password = Password });
}

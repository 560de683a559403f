using System.Net;
using Workflows.Api.Http;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Auth;

/// <summary>Guessing at logins: it must cost the guesser, and not the owner of the account.</summary>
public sealed class LockTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Password = "correct horse battery";

    private static readonly IPAddress Attacker = IPAddress.Parse("127.0.0.66");
    private static readonly IPAddress Stranger = IPAddress.Parse("127.0.0.77");

    [Fact]
    public async Task Who_guesses_at_one_address_locks_nobody_out_at_another()
    {
        using var owner = api.Host.Owner();
        var email = await CreateUserAsync(owner);
        for (var attempt = 0; attempt < Limits.FailedLogins + 3; attempt++)
        {
            (await LogInAsync(email, "not the password", Attacker))
                .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        }

        (await LogInAsync(email, Password, Attacker)).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await LogInAsync(email, Password)).Ok();
    }

    [Fact]
    public async Task Guesses_from_many_addresses_lock_those_that_the_account_does_not_know()
    {
        using var owner = api.Host.Owner();
        var email = await CreateUserAsync(owner);
        (await LogInAsync(email, Password)).Ok(); // from here on this address is known
        await api.Host.ExecuteAsync("update users set failed_logins = $2 where email = $1", email,
            Limits.FailedLoginsAnywhere);
        (await LogInAsync(email, "not the password", Attacker))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");

        (await LogInAsync(email, Password, Stranger)).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await LogInAsync(email, Password)).Ok();

        Assert.Equal(0, await api.Host.ScalarAsync<int>("select failed_logins from users where email = $1", email));
        (await LogInAsync(email, Password, Stranger)).Ok();
    }

    [Fact]
    public async Task Who_manages_users_unlocks_an_account_and_gives_it_a_new_password()
    {
        using var owner = api.Host.Owner();
        var email = await CreateUserAsync(owner);
        var id = await api.Host.ScalarAsync<Guid>("select id from users where email = $1", email);
        await api.Host.ExecuteAsync(
            "update users set failed_logins = 500, locked_until = now() + interval '1 hour' where email = $1", email);
        for (var attempt = 0; attempt < Limits.FailedLogins; attempt++)
        {
            await api.Host.ExecuteAsync("update users set locked_until = null where email = $1", email);
            await LogInAsync(email, "not the password");
        }

        (await LogInAsync(email, Password)).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        Assert.NotEqual(System.Text.Json.JsonValueKind.Null,
            (await owner.GetAsync($"users/{id}")).Ok().Data.GetProperty("lockedUntil").ValueKind);
        (await owner.PostAsync($"users/{id}/unlock")).Ok();
        var session = (await LogInAsync(email, Password)).Ok().Data.GetProperty("accessToken").GetString();

        (await owner.PostAsync($"users/{id}/password", new { password = email }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync($"users/{id}/password", new { password = "staple battery horse" })).Ok();
        using var user = api.Host.Client(session);
        (await user.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await LogInAsync(email, Password)).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await LogInAsync(email, "staple battery horse")).Ok();
    }

    [Fact]
    public async Task Nobody_resets_who_may_more_nor_anybody_of_another_tenant()
    {
        using var owner = api.Host.Owner();
        var ownerId = await api.Host.ScalarAsync<Guid>("select id from users where tenant_id = $1 and email = $2",
            api.Host.First.TenantId, api.Host.First.OwnerEmail);
        var foreign = await api.Host.CreateTenantAsync($"t{Guid.CreateVersion7():N}"[..20]);
        var foreignId = await api.Host.ScalarAsync<Guid>("select id from users where tenant_id = $1", foreign.TenantId);
        using var admin = api.Host.Client(await owner.LogInNewUserAsync("admin"));
        foreach (var (path, body) in new (string, object?)[] { ("unlock", null),
            ("password", new { password = "staple battery horse" }) })
        {
            (await admin.PostAsync($"users/{ownerId}/{path}", body)).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
            (await admin.PostAsync($"users/{foreignId}/{path}", body)).Fails(HttpStatusCode.NotFound, "USER_NOT_FOUND");
            foreach (var role in new[] { "viewer", "operator", "editor" })
            {
                using var person = api.Host.Client(await owner.LogInNewUserAsync(role));
                (await person.PostAsync($"users/{foreignId}/{path}", body))
                    .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
            }
        }
    }

    [Fact]
    public async Task Without_redis_logins_are_limited_all_the_same()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(
            api.Postgres, redis, new() { ["RateLimits:LoginsPerSecond"] = "0.01", ["RateLimits:LoginBurst"] = "3" });
        await redis.KillAsync();
        using var nobody = host.Client();
        var answers = new List<HttpStatusCode>();
        for (var attempt = 0; attempt < 8; attempt++)
        {
            answers.Add((await nobody.PostAsync("auth/login", new { email = "x@example.com", password = "x" })).Status);
        }

        Assert.Equal(3, answers.Count(status => status == HttpStatusCode.Unauthorized));
        Assert.Equal(5, answers.Count(status => status == HttpStatusCode.TooManyRequests));
    }

    [Fact]
    public async Task What_a_known_proxy_says_of_the_caller_is_believed_and_nobody_else()
    {
        await using var behind = await ApiHost.StartAsync(api.Postgres, api.Redis, new()
        {
            [$"{KnownProxies.Setting}:0"] = "127.0.0.1",
            ["RateLimits:LoginsPerSecond"] = "0.01",
            ["RateLimits:LoginBurst"] = "2",
        });
        using var proxy = behind.Client();
        using var forger = new ApiClient(behind.BaseAddress, null, IPAddress.Parse("127.0.0.88"));

        // Each caller behind the proxy has a bucket of its own; what it says itself before the proxy does is not
        // believed.
        foreach (var caller in new[] { "203.0.113.7", "203.0.113.8", "198.51.100.1, 203.0.113.9" })
        {
            Assert.Equal([401, 401, 429], await TryAsync(proxy, 3, _ => caller));
        }

        Assert.Equal([401, 401, 429], await TryAsync(forger, 3, attempt => $"203.0.113.{100 + attempt}"));
    }

    [Fact]
    public async Task An_idempotency_key_keeps_no_tokens_and_hides_no_reuse()
    {
        using var owner = api.Host.Owner();
        using var nobody = api.Host.Client();
        var email = await CreateUserAsync(owner);
        var key = ("Idempotency-Key", $"login-{Guid.CreateVersion7():N}");
        var first = (await nobody.PostAsync("auth/login", new { email, password = Password }, key)).Ok().Data;
        var refreshToken = first.GetProperty("refreshToken").GetString();
        var second = (await nobody.PostAsync("auth/refresh", new { refreshToken }, key)).Ok().Data;

        Assert.Equal(0, await api.Host.ScalarAsync<long>("select count(*) from idempotency_keys where key = $1",
            key.Item2));
        (await nobody.PostAsync("auth/refresh", new { refreshToken }, key))
            .Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        using var thief = api.Host.Client(second.GetProperty("accessToken").GetString());
        (await thief.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
    }

    private static async Task<List<int>> TryAsync(ApiClient client, int times, Func<int, string> forwarded)
    {
        var statuses = new List<int>();
        for (var attempt = 0; attempt < times; attempt++)
        {
            statuses.Add((int)(await client.PostAsync(
                "auth/login", new { email = "x@example.com", password = "x" },
                ("X-Forwarded-For", forwarded(attempt)))).Status);
        }

        return statuses;
    }

    private static async Task<string> CreateUserAsync(ApiClient owner)
    {
        var email = $"{Guid.CreateVersion7():N}@example.com";
        (await owner.PostAsync("users",
            new { email, name = "somebody", password = Password, roles = new[] { "viewer" } }))
            .Ok(HttpStatusCode.Created);
        return email;
    }

    private async Task<Answer> LogInAsync(string email, string password, IPAddress? from = null)
    {
        using var anybody = new ApiClient(api.Host.BaseAddress, null, from);
        return await anybody.PostAsync("auth/login", new { email, password });
    }
}

using System.Net;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Workflows.Api.Http.Security;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Auth;

public sealed class LoginTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task A_wrong_password_and_an_unknown_account_get_the_same_answer()
    {
        using var anybody = api.Host.Client();
        var email = await CreateUserAsync();

        var wrong = (await LogInAsync(email, "not the password")).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        var unknown = (await LogInAsync("nobody@example.com", "not the password")).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");

        Assert.Equal(wrong.Json.GetProperty("error").GetRawText(), unknown.Json.GetProperty("error").GetRawText());
    }

    [Fact]
    public async Task Five_wrong_passwords_from_an_address_lock_the_account_there_also_for_the_right_one()
    {
        var email = await CreateUserAsync();
        for (var attempt = 0; attempt < Limits.FailedLogins; attempt++)
        {
            (await LogInAsync(email, "not the password")).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        }

        (await LogInAsync(email, Password)).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");

        await api.Host.ExecuteAsync(
            "update login_failures set locked_until = now() - interval '1 second' where user_id = (select id from users where email = $1)", email);
        (await LogInAsync(email, Password)).Ok();
        Assert.Equal(0, await api.Host.ScalarAsync<int>("select failed_logins from users where email = $1", email));
        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from login_failures f join users u on u.id = f.user_id where u.email = $1", email));
    }

    [Fact]
    public async Task A_lock_doubles_with_each_further_wrong_password_up_to_its_limit()
    {
        var email = await CreateUserAsync();
        const string Failures = "login_failures set failures = {0}, locked_until = null where user_id = (select id from users where email = $1)";
        const string Lock = "select locked_until - now() from login_failures where user_id = (select id from users where email = $1)";
        await LogInAsync(email, "not the password");
        await api.Host.ExecuteAsync("update " + Failures.Replace("{0}", "6", StringComparison.Ordinal), email);
        await LogInAsync(email, "not the password");
        var second = await api.Host.ScalarAsync<TimeSpan>(Lock, email);
        await api.Host.ExecuteAsync("update " + Failures.Replace("{0}", "60", StringComparison.Ordinal), email);
        await LogInAsync(email, "not the password");
        var longest = await api.Host.ScalarAsync<TimeSpan>(Lock, email);

        Assert.InRange(second, TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(120));
        Assert.InRange(longest, Limits.LongestLock - TimeSpan.FromSeconds(30), Limits.LongestLock);
    }

    [Fact]
    public async Task A_hash_of_fewer_iterations_is_renewed_by_the_next_right_password_only()
    {
        var email = await CreateUserAsync();
        var old = await GiveOldHashAsync(email, new PasswordHasherOptions { IterationCount = 100_000 });

        (await LogInAsync(email, "not the password")).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        Assert.Equal(old, await HashOfAsync(email));
        (await LogInAsync(email, Password)).Ok();
        var renewed = await HashOfAsync(email);
        (await LogInAsync(email, Password)).Ok();

        Assert.Equal((110_000, 0), (Passwords.IterationsShort(old), Passwords.IterationsShort(renewed)));
        Assert.Equal(renewed, await HashOfAsync(email));
    }

    [Fact]
    public async Task Logins_at_once_with_an_old_hash_all_succeed_and_leave_one_that_verifies()
    {
        var email = await CreateUserAsync();
        await GiveOldHashAsync(email, new PasswordHasherOptions { IterationCount = 100_000 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => LogInAsync(email, Password)));

        Assert.All(answers, answer => answer.Ok());

        Assert.Equal(0, Passwords.IterationsShort(await HashOfAsync(email)));
        (await LogInAsync(email, Password)).Ok();
        (await LogInAsync(email, "not the password")).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
    }

    [Fact]
    public async Task A_hash_in_a_form_of_long_ago_is_renewed_as_well()
    {
        var email = await CreateUserAsync();
        await GiveOldHashAsync(
            email, new PasswordHasherOptions { CompatibilityMode = PasswordHasherCompatibilityMode.IdentityV2 });
        Assert.Equal(Limits.PasswordIterations, Passwords.IterationsShort(await HashOfAsync(email)));

        (await LogInAsync(email, Password)).Ok();

        Assert.Equal(0, Passwords.IterationsShort(await HashOfAsync(email)));
    }

    [Fact]
    public async Task A_refresh_token_is_exchanged_once_and_its_second_use_ends_the_session()
    {
        using var anybody = api.Host.Client();
        var first = (await LogInAsync(await CreateUserAsync(), Password)).Ok().Data;
        var second = (await RefreshAsync(first)).Ok().Data;
        using var caller = api.Host.Client(second.GetProperty("accessToken").GetString());
        (await caller.GetAsync("auth/me")).Ok();

        (await RefreshAsync(first)).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");

        (await RefreshAsync(second)).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await caller.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
    }

    [Fact]
    public async Task A_refresh_token_used_long_ago_still_gives_the_thief_away()
    {
        var first = (await LogInAsync(await CreateUserAsync(), Password)).Ok().Data;
        var second = (await RefreshAsync(first)).Ok().Data;
        var third = (await RefreshAsync(second)).Ok().Data;
        var fourth = (await RefreshAsync(third)).Ok().Data;

        (await RefreshAsync(first)).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");

        (await RefreshAsync(fourth)).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
    }

    [Fact]
    public async Task Of_concurrent_exchanges_of_one_refresh_token_at_most_one_succeeds()
    {
        var first = (await LogInAsync(await CreateUserAsync(), Password)).Ok().Data;

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RefreshAsync(first)));

        Assert.Equal(1, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), answer => answer.Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED"));
    }

    [Theory]
    [InlineData("wfr_")]
    [InlineData("wfr_AAAA")]
    [InlineData("nonsense")]
    [InlineData("")]
    public async Task A_token_that_is_not_ours_is_refused(string token)
    {
        using var anybody = api.Host.Client();
        (await anybody.PostAsync("auth/refresh", new { refreshToken = token })).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        using var caller = api.Host.Client(token.Length == 0 ? "wfa_" : token);
        (await caller.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task A_changed_access_token_is_refused()
    {
        var token = (await LogInAsync(await CreateUserAsync(), Password)).Ok().Data.GetProperty("accessToken").GetString()!;
        for (var index = 4; index < token.Length; index += 13)
        {
            using var caller = api.Host.Client(token[..index] + (token[index] == 'A' ? 'B' : 'A') + token[(index + 1)..]);
            (await caller.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        }
    }

    [Fact]
    public async Task An_expired_access_token_says_so()
    {
        var login = (await LogInAsync(await CreateUserAsync(), Password)).Ok().Data;
        var expired = api.Host.Services.GetRequiredService<Tokens>().NewAccessToken(
            new AccessToken(api.Host.First.TenantId, login.GetProperty("sessionId").GetGuid(), TimeProvider.System.GetUtcNow().AddSeconds(-1)));
        using var caller = api.Host.Client(expired);

        (await caller.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "TOKEN_EXPIRED");
    }

    [Fact]
    public async Task Sessions_are_listed_ended_and_gone_at_once()
    {
        var email = await CreateUserAsync();
        using var here = api.Host.Client((await LogInAsync(email, Password)).Ok().Data.GetProperty("accessToken").GetString());
        var other = (await LogInAsync(email, Password)).Ok().Data;
        using var there = api.Host.Client(other.GetProperty("accessToken").GetString());
        (await there.GetAsync("auth/me")).Ok();

        var sessions = (await here.GetAsync("auth/sessions")).Ok().Data.EnumerateArray().ToList();
        (await here.DeleteAsync($"auth/sessions/{other.GetProperty("sessionId").GetString()}")).Ok();

        Assert.Equal(2, sessions.Count);
        Assert.Single(sessions, session => session.GetProperty("current").GetBoolean());
        (await there.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await here.PostAsync("auth/logout")).Ok();
        (await here.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
    }

    [Fact]
    public async Task A_new_password_ends_all_other_sessions()
    {
        var email = await CreateUserAsync();
        using var here = api.Host.Client((await LogInAsync(email, Password)).Ok().Data.GetProperty("accessToken").GetString());
        using var there = api.Host.Client((await LogInAsync(email, Password)).Ok().Data.GetProperty("accessToken").GetString());

        (await here.PostAsync("auth/password", new { currentPassword = "not it, really not", newPassword = "a much better one" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await here.PostAsync("auth/password", new { currentPassword = Password, newPassword = "short" })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await here.PostAsync("auth/password", new { currentPassword = Password, newPassword = "a much better one" })).Ok();

        (await here.GetAsync("auth/me")).Ok();
        (await there.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await LogInAsync(email, Password)).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await LogInAsync(email, "a much better one")).Ok();
    }

    [Fact]
    public async Task A_deactivated_user_is_out_at_once()
    {
        using var owner = api.Host.Owner();
        var email = await CreateUserAsync();
        using var user = api.Host.Client((await LogInAsync(email, Password)).Ok().Data.GetProperty("accessToken").GetString());
        (await user.GetAsync("auth/me")).Ok();
        var userId = await api.Host.ScalarAsync<Guid>("select id from users where email = $1", email);

        (await owner.PatchAsync($"users/{userId}", "\"1\"", new { active = false })).Ok();

        (await user.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await LogInAsync(email, Password)).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
    }

    [Fact]
    public async Task Who_has_one_address_and_password_in_two_tenants_names_the_tenant()
    {
        var other = await api.Host.CreateTenantAsync("second");
        var email = await CreateUserAsync();
        using var otherOwner = api.Host.Client(other.ApiKey);
        (await otherOwner.PostAsync("users", new { email, name = "twin", password = Password, roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);

        (await LogInAsync(email, Password)).Fails(HttpStatusCode.Conflict, "CONFLICT");

        using var anybody = api.Host.Client();
        var login = (await anybody.PostAsync("auth/login", new { email, password = Password, tenant = "second" })).Ok();
        Assert.Equal(other.TenantId, login.Data.GetProperty("tenantId").GetGuid());
    }

    private async Task<string> CreateUserAsync()
    {
        using var owner = api.Host.Owner();
        var email = $"{Guid.CreateVersion7():N}@example.com";
        (await owner.PostAsync("users", new { email, name = "somebody", password = Password, roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);
        return email;
    }

    private async Task<string> GiveOldHashAsync(string email, PasswordHasherOptions options)
    {
        var hash = new PasswordHasher<object>(Options.Create(options)).HashPassword(email, Password);
        await api.Host.ExecuteAsync("update users set password_hash = $2 where email = $1", email, hash);
        return hash;
    }

    private Task<string> HashOfAsync(string email) =>
        api.Host.ScalarAsync<string>("select password_hash from users where email = $1", email);

    private async Task<Answer> LogInAsync(string email, string password)
    {
        using var anybody = api.Host.Client();
        return await anybody.PostAsync("auth/login", new { email, password });
    }

    private async Task<Answer> RefreshAsync(System.Text.Json.JsonElement tokens)
    {
        using var anybody = api.Host.Client();
        return await anybody.PostAsync("auth/refresh", new { refreshToken = tokens.GetProperty("refreshToken").GetString() });
    }
}

using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using OtpNet;
using Workflows.Api.Http.Security;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Auth;

/// <summary>Logins in two steps.</summary>
public sealed partial class SecondFactorTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Password = "correct horse battery";

    /// <summary>RFC 6238, appendix B, of SHA-1.</summary>
    [Theory]
    [InlineData(59, "94287082")]
    [InlineData(1111111109, "07081804")]
    [InlineData(1111111111, "14050471")]
    [InlineData(1234567890, "89005924")]
    [InlineData(2000000000, "69279037")]
    [InlineData(20000000000, "65353130")]
    public void Codes_are_those_of_the_standard(long seconds, string code)
    {
        var secret = Encoding.ASCII.GetBytes("12345678901234567890");
        var at = DateTimeOffset.FromUnixTimeSeconds(seconds);

        Assert.True(OneTimeCodes.TryFind(secret, code[2..], at, after: 0, out var step));
        Assert.Equal(seconds / 30, step);
        Assert.True(OneTimeCodes.TryFind(secret, $"{code[2..5]} {code[5..]}", at, after: 0, out _));
        Assert.False(OneTimeCodes.TryFind(secret, code, at, after: 0, out _));
        Assert.True(OneTimeCodes.TryFind(secret, code[2..], at.AddSeconds(30), after: 0, out _));
        Assert.False(OneTimeCodes.TryFind(secret, code[2..], at.AddSeconds(90), after: 0, out _));
        Assert.False(OneTimeCodes.TryFind(secret, code[2..], at, after: step, out _));
    }

    /// <summary>What apps read, as Google's Key Uri Format writes it; the secret as RFC 4648 does, without
    /// padding.</summary>
    [Fact]
    public void An_app_is_given_issuer_account_and_secret()
    {
        var secret = Encoding.ASCII.GetBytes("12345678901234567890");

        Assert.Equal("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", OneTimeCodes.TextOf(secret));
        Assert.Equal(
            "otpauth://totp/A%20%26%20B:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                + "&issuer=A%20%26%20B&algorithm=SHA1&digits=6&period=30",
            OneTimeCodes.AddressOf("A & B", "ada@example.com", secret));
    }

    [Fact]
    public async Task A_login_takes_password_and_code_and_no_code_twice()
    {
        var (person, secret, _) = await EnrolledAsync();
        using var anybody = api.Host.Client();
        var challenge = await ChallengeAsync(anybody, person);
        var code = await FreshCodeAsync(person, secret);

        (await anybody.PostAsync("auth/second-factor", new { challenge, code = "000000" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        var login = (await anybody.PostAsync("auth/second-factor", new { challenge, code })).Ok().Data;
        using var client = api.Host.Client(login.GetProperty("accessToken").GetString());
        (await client.GetAsync("auth/me")).Ok();
        (await anybody.PostAsync("auth/second-factor", new { challenge, code }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await anybody.PostAsync("auth/login", new { email = person.Email, password = "not the password" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
    }

    [Fact]
    public async Task One_code_at_two_places_at_once_logs_in_once()
    {
        var (person, secret, _) = await EnrolledAsync();
        using var anybody = api.Host.Client();
        var challenge = await ChallengeAsync(anybody, person);
        var code = await FreshCodeAsync(person, secret);

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(
            _ => anybody.PostAsync("auth/second-factor", new { challenge, code })));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_recovery_code_stands_in_once()
    {
        var (person, _, codes) = await EnrolledAsync();
        using var anybody = api.Host.Client();
        Assert.Equal(Limits.RecoveryCodes, codes.Distinct().Count());
        var challenge = await ChallengeAsync(anybody, person);

        (await anybody.PostAsync("auth/second-factor", new { challenge, code = codes[0].ToUpperInvariant() })).Ok();
        (await anybody.PostAsync("auth/second-factor", new { challenge, code = codes[0] }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");

        Assert.Equal(
            Limits.RecoveryCodes - 1,
            (await person.Client.GetAsync("users/me/second-factor"))
                .Ok().Data.GetProperty("recoveryCodesLeft").GetInt32());
    }

    [Fact]
    public async Task New_recovery_codes_take_the_place_of_all_that_were()
    {
        var (person, _, codes) = await EnrolledAsync();
        using var anybody = api.Host.Client();
        const string Path = "users/me/second-factor/recovery-codes";
        (await person.Client.PostAsync(Path, new { password = "not it", code = codes[0] }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await person.Client.PostAsync(Path, new { password = Password, code = "000000" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");

        var answer = (await person.Client.PostAsync(Path, new { password = Password, code = codes[0] })).Ok();

        var anew = answer.Data.GetProperty("codes").EnumerateArray().Select(one => one.GetString()!).ToList();
        Assert.Equal(Limits.RecoveryCodes, anew.Distinct().Count());
        Assert.Empty(anew.Intersect(codes));
        var challenge = await ChallengeAsync(anybody, person);
        (await anybody.PostAsync("auth/second-factor", new { challenge, code = codes[1] }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await anybody.PostAsync("auth/second-factor", new { challenge, code = anew[1] })).Ok();
        Assert.Equal(
            Limits.RecoveryCodes - 1,
            (await person.Client.GetAsync("users/me/second-factor"))
                .Ok().Data.GetProperty("recoveryCodesLeft").GetInt32());

        var without = await api.Host.AddPersonAsync("viewer");
        (await without.Client.PostAsync(Path, new { password = Password, code = codes[2] }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        using var owner = api.Host.Owner();
        (await owner.PostAsync(Path, new { password = Password, code = codes[2] }))
            .Fails(HttpStatusCode.Conflict, "CONFLICT");
    }

    [Fact]
    public async Task Wrong_codes_lock_and_a_right_password_in_between_does_not_help()
    {
        var (person, secret, codes) = await EnrolledAsync();
        using var attacker = new ApiClient(api.Host.BaseAddress, null, IPAddress.Parse("127.0.0.71"));
        for (var attempt = 0; attempt < Limits.FailedLogins; attempt++)
        {
            var challenge = await ChallengeAsync(attacker, person);
            (await attacker.PostAsync("auth/second-factor", new { challenge, code = "000000" }))
                .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        }

        (await attacker.PostAsync("auth/login", new { email = person.Email, password = Password }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");

        // The owner of the account, elsewhere, is not locked out; the attacker's challenge is of no use there.
        using var home = api.Host.Client();
        var own = await ChallengeAsync(home, person);
        (await home.PostAsync("auth/second-factor", new { challenge = own, code = codes[0] })).Ok();
        Assert.NotEmpty(secret);
    }

    [Fact]
    public async Task A_challenge_ends_with_the_password_and_is_no_token_of_another_kind()
    {
        var (person, secret, _) = await EnrolledAsync();
        using var anybody = api.Host.Client();
        using var owner = api.Host.Owner();
        var challenge = await ChallengeAsync(anybody, person);
        using var forged = api.Host.Client(challenge);
        (await forged.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await anybody.PostAsync("auth/refresh", new { refreshToken = challenge }))
            .Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");

        (await owner.PostAsync($"users/{person.Id}/password", new { password = "staple battery horse" })).Ok();

        var code = await FreshCodeAsync(person, secret);
        (await anybody.PostAsync("auth/second-factor", new { challenge, code }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
    }

    [Fact]
    public async Task A_factor_goes_with_password_and_code_or_by_who_manages_users()
    {
        var (person, _, codes) = await EnrolledAsync();
        using var owner = api.Host.Owner();
        using var anybody = api.Host.Client();
        (await person.Client.PostAsync("users/me/second-factor", new { password = Password }))
            .Fails(HttpStatusCode.Conflict, "CONFLICT");
        (await person.Client.PostAsync("users/me/second-factor/remove", new { password = Password, code = "000000" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await person.Client.PostAsync("users/me/second-factor/remove", new { password = "not it", code = codes[0] }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await person.Client.PostAsync("users/me/second-factor/remove", new { password = Password, code = codes[0] }))
            .Ok();
        (await anybody.PostAsync("auth/login", new { email = person.Email, password = Password })).Ok();

        var (other, _, _) = await EnrolledAsync();
        (await owner.DeleteAsync($"users/{other.Id}/second-factor")).Ok();
        (await other.Client.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await anybody.PostAsync("auth/login", new { email = other.Email, password = Password })).Ok();
        (await owner.DeleteAsync($"users/{other.Id}/second-factor")).Fails(HttpStatusCode.Conflict, "CONFLICT");
    }

    [Fact]
    public async Task Where_the_tenant_wants_it_of_all_who_has_none_may_only_get_one()
    {
        var tenant = await api.Host.CreateTenantAsync($"t{Guid.CreateVersion7():N}"[..20]);
        using var anybody = api.Host.Client();
        using var key = api.Host.Client(tenant.ApiKey);
        const string Email = "without@example.com";
        (await key.PostAsync(
            "users", new { email = Email, name = "x", password = Password, roles = new[] { "editor" } }))
            .Ok(HttpStatusCode.Created);
        (await key.PostAsync(
            "users", new { email = "op@example.com", name = "op", password = Password, roles = new[] { "editor" } }))
            .Ok(HttpStatusCode.Created);
        const string Operator = "op@operators.invalid";
        await api.Host.ExecuteAsync(
            "update users set email = $2 where tenant_id = $1 and email = 'op@example.com'", tenant.TenantId, Operator);
        using var owner = await LogInAsync(tenant.OwnerEmail, tenant.OwnerPassword);
        using var without = await LogInAsync(Email, Password);
        var policy = (await owner.GetAsync("security-policy")).Ok();
        Assert.Equal(3, policy.Data.GetProperty("usersWithout").GetInt32());
        (await PutAsync(owner, policy.ETag)).Fails(HttpStatusCode.Conflict, "CONFLICT"); // has none

        await EnrolAsync(owner, tenant.OwnerPassword);
        (await PutAsync(without, policy.ETag)).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await PutAsync(owner, "\"99\"")).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await PutAsync(owner, policy.ETag)).Ok();

        (await without.GetAsync("workflows")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await owner.GetAsync("workflows")).Ok();
        (await key.GetAsync("workflows")).Ok();
        using var later = await LogInAsync(Email, Password);
        (await later.GetAsync("workflows")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        await EnrolAsync(later, Password);
        (await later.GetAsync("workflows")).Ok();
        // Operators whom the tenant lets in have no password here, and so no factor.
        using var letIn = await LogInAsync(Operator, Password);
        (await letIn.GetAsync("workflows")).Ok();
        // Another tenant goes on as before.
        using var first = api.Host.Client((await api.Host.AddPersonAsync("viewer")).Token);
        (await first.GetAsync("workflows")).Ok();

        async Task<ApiClient> LogInAsync(string email, string password) => api.Host.Client(
            (await anybody.PostAsync("auth/login", new { email, password })).Ok().Data.GetProperty("accessToken")
                .GetString());

        static Task<Answer> PutAsync(ApiClient client, string etag) => client.SendAsync(
            HttpMethod.Put, "security-policy", ApiClient.Json(new { requireSecondFactor = true }), ("If-Match", etag));
    }

    [Fact]
    public async Task The_secret_is_stored_sealed_and_codes_as_hashes()
    {
        var (person, secret, codes) = await EnrolledAsync();
        var text = await api.Host.ScalarAsync<string>(
            "select encode(sealed, 'hex') from second_factors where user_id = $1", person.Id);
        Assert.DoesNotContain(Convert.ToHexString(secret), text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from user_activity a where strpos(a::text, $1) > 0", codes[0]));
    }

    // What was confirmed with is used up: the next step's code is good already, since clocks may be off by one.
    private async Task<string> FreshCodeAsync(Person person, byte[] secret)
    {
        var last = await api.Host.ScalarAsync<long>("select last_step from second_factors where user_id = $1",
            person.Id);
        var step = Math.Max(last + 1, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 30);
        return App(secret, step);
    }

    private async Task<(Person Person, byte[] Secret, List<string> Codes)> EnrolledAsync()
    {
        var person = await api.Host.AddPersonAsync("viewer");
        var (secret, codes) = await EnrolAsync(person.Client, Password);
        return (person, secret, codes);
    }

    private static async Task<(byte[] Secret, List<string> Codes)> EnrolAsync(ApiClient client, string password)
    {
        (await client.PostAsync("users/me/second-factor", new { password = "not the password" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        var enrolment = (await client.PostAsync("users/me/second-factor", new { password })).Ok().Data;
        var text = SecretOf().Match(enrolment.GetProperty("uri").GetString()!).Groups[1].Value;
        Assert.Equal(enrolment.GetProperty("secret").GetString(), text);
        var secret = Base32Encoding.ToBytes(text);
        (await client.PostAsync("users/me/second-factor/confirm", new { code = "12345" }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var code = App(secret, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 30);
        var codes = (await client.PostAsync("users/me/second-factor/confirm", new { code }))
            .Ok().Data.GetProperty("codes");
        return (secret, [.. codes.EnumerateArray().Select(one => one.GetString()!)]);
    }

    private static async Task<string> ChallengeAsync(ApiClient client, Person person)
    {
        var answer = (await client.PostAsync("auth/login", new { email = person.Email, password = Password }))
            .Fails(HttpStatusCode.Unauthorized, "SECOND_FACTOR_REQUIRED");
        return answer.Json.GetProperty("error").GetProperty("details")[0].GetProperty("message").GetString()!;
    }

    private static string App(byte[] secret, long step) =>
        new Totp(secret).ComputeTotp(DateTimeOffset.FromUnixTimeSeconds(step * 30).UtcDateTime);

    [GeneratedRegex("secret=([A-Z2-7]+)&")]
    private static partial Regex SecretOf();
}

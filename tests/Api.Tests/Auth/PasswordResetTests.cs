using System.Diagnostics;
using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Auth;

/// <summary>The way back in for people who forgot their password, and what it must not tell.</summary>
public sealed class PasswordResetTests(MailedApi api) : IClassFixture<MailedApi>
{
    private const string NewPassword = "staple battery horse";

    [Fact]
    public async Task A_mailed_link_sets_a_new_password_once_ends_all_sessions_and_unlocks()
    {
        using var anybody = api.Host.Client();
        var person = await api.Host.AddPersonAsync("viewer");
        await api.Host.ExecuteAsync(
            "update users set failed_logins = 500, locked_until = now() + interval '1 hour' where id = $1", person.Id);

        await RequestAsync(anybody, person.Email.ToUpperInvariant());
        var token = await api.TokenAsync(person.Email, "reset-password");
        (await anybody.PostAsync("auth/reset-password", new { token, password = person.Email }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await anybody.PostAsync("auth/reset-password", new { token, password = NewPassword })).Ok();

        (await person.Client.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await anybody.PostAsync("auth/login", new { email = person.Email, password = "correct horse battery" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        var login = (await anybody.PostAsync("auth/login", new { email = person.Email, password = NewPassword })).Ok();
        using var again = api.Host.Client(login.Data.GetProperty("accessToken").GetString());
        Assert.True((await again.GetAsync("users/me")).Ok().Data.GetProperty("emailVerified").GetBoolean());
        (await anybody.PostAsync("auth/reset-password", new { token, password = NewPassword }))
            .Fails(HttpStatusCode.Gone, "LINK_GONE");
        Assert.Contains(
            "A new password was set", (await api.MailsToAsync(person.Email, 2))[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Neither_answer_nor_time_tells_whether_there_is_an_account()
    {
        using var anybody = api.Host.Client();
        var person = await api.Host.AddPersonAsync("viewer");
        var known = new List<TimeSpan>();
        var unknown = new List<TimeSpan>();
        string? answer = null;
        for (var attempt = 0; attempt < 3; attempt++)
        {
            known.Add(await TimeAsync(person.Email));
            unknown.Add(await TimeAsync($"{Guid.CreateVersion7():N}@example.com"));
        }

        // Timers count whole ticks of the system's clock, which a stopwatch may find a part of one early.
        var least = Limits.PasswordResetAnswer - TimeSpan.FromMilliseconds(5);
        Assert.All(known.Concat(unknown), time => Assert.True(time >= least, $"{time}"));
        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from account_links where kind = 'password_reset' and email like '%nobody%'"));

        async Task<TimeSpan> TimeAsync(string email)
        {
            var began = Stopwatch.GetTimestamp();
            var got = (await anybody.PostAsync("auth/request-password-reset", new { email }))
                .Ok(HttpStatusCode.Accepted).Data.GetRawText();
            Assert.Equal(answer ??= got, got);
            return Stopwatch.GetElapsedTime(began);
        }
    }

    [Fact]
    public async Task An_account_gets_so_many_links_an_hour_and_only_the_last_one_works()
    {
        using var anybody = api.Host.Client();
        var person = await api.Host.AddPersonAsync("viewer");
        for (var attempt = 0; attempt < Limits.LinksPerHour + 2; attempt++)
        {
            await RequestAsync(anybody, person.Email);
        }

        var first = await api.TokenAsync(person.Email, "reset-password");
        Assert.Equal(Limits.LinksPerHour, await api.Host.ScalarAsync<long>(
            "select count(*) from mails where recipient = $1", person.Email));
        Assert.Equal(1, await api.Host.ScalarAsync<long>(
            "select count(*) from account_links where user_id = $1 and ended_at is null", person.Id));
        (await anybody.PostAsync("auth/reset-password", new { token = first, password = NewPassword }))
            .Fails(HttpStatusCode.Gone, "LINK_GONE");
    }

    [Fact]
    public async Task A_link_opens_nothing_when_its_time_is_over_its_account_closed_or_the_password_changed()
    {
        using var anybody = api.Host.Client();
        using var owner = api.Host.Owner();
        var late = await LinkAsync();
        await api.Host.ExecuteAsync("update account_links set expires_at = now() where user_id = $1", late.Person.Id);
        var closed = await LinkAsync();
        (await owner.PatchAsync($"users/{closed.Person.Id}", "*", new { active = false })).Ok();
        var changed = await LinkAsync();
        (await changed.Person.Client.PostAsync(
            "auth/password", new { currentPassword = "correct horse battery", newPassword = "horse battery staple" }))
                .Ok();

        foreach (var token in new[] { late.Token, closed.Token, changed.Token })
        {
            (await anybody.PostAsync("auth/reset-password", new { token, password = NewPassword }))
                .Fails(HttpStatusCode.Gone, "LINK_GONE");
        }

        async Task<(Person Person, string Token)> LinkAsync()
        {
            var person = await api.Host.AddPersonAsync("viewer");
            await RequestAsync(anybody, person.Email);
            return (person, await api.TokenAsync(person.Email, "reset-password"));
        }
    }

    [Fact]
    public async Task Requests_from_one_address_are_limited()
    {
        await using var mail = await Testing.MailServer.StartAsync();
        var settings = MailedApi.SettingsFor(mail.Port);
        settings["RateLimits:LoginsPerSecond"] = "0.01";
        settings["RateLimits:LoginBurst"] = "2";
        await using var host = await ApiHost.StartAsync(api.Postgres, api.Redis, settings);
        using var anybody = new ApiClient(host.BaseAddress, null, IPAddress.Parse("127.0.0.99"));
        await RequestAsync(anybody, "a@example.com");
        await RequestAsync(anybody, "b@example.com");

        (await anybody.PostAsync("auth/request-password-reset", new { email = "c@example.com" }))
            .Fails(HttpStatusCode.TooManyRequests, "RATE_LIMITED");
    }

    private static async Task RequestAsync(ApiClient anybody, string email) =>
        (await anybody.PostAsync("auth/request-password-reset", new { email })).Ok(HttpStatusCode.Accepted);
}

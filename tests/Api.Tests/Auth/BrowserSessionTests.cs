using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Auth;

/// <summary>Sessions of the console: the refresh token is in a cookie, and nowhere a script could read it.</summary>
public sealed class BrowserSessionTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Name = "__Secure-wf-refresh";

    private string Origin => api.Host.BaseAddress.GetLeftPart(UriPartial.Authority);

    [Fact]
    public async Task The_refresh_token_comes_as_a_cookie_for_the_routes_of_logins_only()
    {
        var login = (await LogInAsync()).Ok();

        Assert.Null(login.Data.GetProperty("refreshToken").GetString());
        var cookie = login.Headers.GetValues("Set-Cookie").Single();
        Assert.StartsWith($"{Name}=wfr_", cookie, StringComparison.Ordinal);
        Assert.All(
            ["; path=/api/v1/auth", "; secure", "; samesite=strict", "; httponly", "; max-age=2592000"],
            part => Assert.Contains(part, cookie, StringComparison.OrdinalIgnoreCase));
        using var caller = api.Host.Client(login.Data.GetProperty("accessToken").GetString());
        var me = (await caller.GetAsync("auth/me")).Ok().Data;
        Assert.NotEmpty(me.GetProperty("tenantName").GetString()!);
        Assert.Matches("^[a-z0-9-]+$", me.GetProperty("tenantSlug").GetString());
    }

    [Fact]
    public async Task A_cookie_is_exchanged_and_its_successor_is_good()
    {
        var first = TokenOf(await LogInAsync());

        var second = TokenOf((await RefreshAsync(first)).Ok());
        var third = TokenOf((await RefreshAsync(second)).Ok());

        Assert.Equal(3, new[] { first, second, third }.Distinct().Count());
    }

    [Fact]
    public async Task Tabs_that_refresh_at_once_all_get_the_same_successor()
    {
        var first = TokenOf(await LogInAsync());

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RefreshAsync(first)));

        Assert.Single(answers.Select(answer => TokenOf(answer.Ok())).Distinct());
        (await RefreshAsync(TokenOf(answers[0]))).Ok();
    }

    [Fact]
    public async Task After_the_grace_a_used_token_ends_the_session_and_the_cookie()
    {
        var first = TokenOf(await LogInAsync());
        var second = TokenOf((await RefreshAsync(first)).Ok());
        await api.Host.ExecuteAsync(
            """
            update user_sessions set refreshed_at = refreshed_at - interval '11 seconds' where previous_hash is not null
            """);

        var refused = (await RefreshAsync(first)).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");

        Assert.StartsWith($"{Name}=;", refused.Headers.GetValues("Set-Cookie").Single(), StringComparison.Ordinal);
        (await RefreshAsync(second)).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
    }

    [Fact]
    public async Task A_token_two_exchanges_old_ends_the_session_at_once()
    {
        var first = TokenOf(await LogInAsync());
        var second = TokenOf((await RefreshAsync(first)).Ok());
        var third = TokenOf((await RefreshAsync(second)).Ok());

        (await RefreshAsync(first)).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");

        (await RefreshAsync(third)).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData(null)]
    public async Task Another_origin_opens_and_refreshes_nothing(string? origin)
    {
        var token = TokenOf(await LogInAsync());

        (await LogInAsync(origin ?? "")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await RefreshAsync(token, origin ?? "")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");

        (await RefreshAsync(token)).Ok();
    }

    [Fact]
    public async Task Without_the_header_of_the_console_the_cookie_is_not_read()
    {
        var token = TokenOf(await LogInAsync());
        using var anybody = api.Host.Client();

        (await anybody.PostAsync("auth/refresh", new { }, ("Cookie", $"{Name}={token}")))
            .Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task A_token_is_good_only_where_it_is_kept()
    {
        var inCookie = TokenOf(await LogInAsync());
        using var anybody = api.Host.Client();
        var inBody = (await anybody.PostAsync("auth/login", Password())).Ok().Data.GetProperty("refreshToken")
            .GetString()!;

        (await anybody.PostAsync("auth/refresh", new { refreshToken = inCookie }))
            .Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await RefreshAsync(inBody)).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");

        (await RefreshAsync(inCookie)).Ok();
        (await anybody.PostAsync("auth/refresh", new { refreshToken = inBody })).Ok();
    }

    [Fact]
    public async Task A_logout_takes_the_cookie_away_and_ends_the_session()
    {
        var login = (await LogInAsync()).Ok();
        using var caller = api.Host.Client(login.Data.GetProperty("accessToken").GetString());

        var logout = (await caller.PostAsync("auth/logout", null, ("X-Workflows-Console", "1"))).Ok();

        Assert.StartsWith($"{Name}=;", logout.Headers.GetValues("Set-Cookie").Single(), StringComparison.Ordinal);
        (await RefreshAsync(TokenOf(login))).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
    }

    private object Password() => new { email = api.Host.First.OwnerEmail, password = api.Host.First.OwnerPassword };

    private async Task<Answer> LogInAsync(string? origin = null)
    {
        using var anybody = api.Host.Client();
        return await anybody.PostAsync(
            "auth/login", Password(), ("X-Workflows-Console", "1"), ("Origin", origin ?? Origin));
    }

    private async Task<Answer> RefreshAsync(string token, string? origin = null)
    {
        using var anybody = api.Host.Client();
        return await anybody.PostAsync(
            "auth/refresh", null, ("X-Workflows-Console", "1"), ("Origin", origin ?? Origin),
                ("Cookie", $"{Name}={token}"));
    }

    private static string TokenOf(Answer answer)
    {
        var cookie = answer.Ok().Headers.GetValues("Set-Cookie").Single();
        return cookie[(cookie.IndexOf('=', StringComparison.Ordinal) + 1)..cookie.IndexOf(';',
            StringComparison.Ordinal)];
    }
}

using Workflows.Api.Http;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Http;

/// <summary>Headers that every answer bears for browsers.</summary>
public sealed class HeaderTests(PostgresServer postgres, RedisServer redis)
{
    [Theory]
    [InlineData("/api/v1/workspaces")]
    [InlineData("/nothing/here")]
    [InlineData("/")]
    public async Task Browsers_stay_with_https_where_they_came_by_it_and_tell_nobody_where_they_were(string path)
    {
        await using var host = await ApiHost.StartAsync(postgres, redis,
            new() { [$"{KnownProxies.Setting}:0"] = "127.0.0.0/8" });
        using var nobody = host.Client();

        var secure = await nobody.GetAsync(path, ("X-Forwarded-Proto", "https"));
        var plain = await nobody.GetAsync(path);

        Assert.StartsWith("max-age=", secure.Headers.GetValues("Strict-Transport-Security").Single(),
            StringComparison.Ordinal);
        Assert.False(plain.Headers.Contains("Strict-Transport-Security"));
        Assert.All([secure, plain], answer =>
            Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single()));
        Assert.All([secure, plain], answer =>
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single()));
    }
}

using System.Net;

namespace StackExchange.Redis.Tests;

public sealed class ConfigurationTests
{
    [Fact]
    public void A_connection_string_is_endpoints_and_options()
    {
        var options = ConfigurationOptions.Parse(
            "redis.example:7000, 10.0.0.1 ,[::1]:7001,password=a=b c,user=me,ssl=true,sslHost=other,abortConnect=false,"
            + "connectRetry=5,connectTimeout=100,syncTimeout=200,asyncTimeout=300,keepAlive=15,name=client,defaultDatabase=3,"
            + "allowAdmin=true,protocol=resp3,tiebreaker=ignored");
        Assert.Equal(
            [new DnsEndPoint("redis.example", 7000), new IPEndPoint(IPAddress.Parse("10.0.0.1"), 0), new IPEndPoint(IPAddress.IPv6Loopback, 7001)],
            options.EndPoints);
        Assert.Equal(("a=b c", "me", true, "other", false), (options.Password, options.User, options.Ssl, options.SslHost, options.AbortOnConnectFail));
        Assert.Equal((5, 100, 200, 300, 15), (options.ConnectRetry, options.ConnectTimeout, options.SyncTimeout, options.AsyncTimeout, options.KeepAlive));
        Assert.Equal(("client", 3, true, RedisProtocol.Resp3), (options.ClientName, options.DefaultDatabase!.Value, options.AllowAdmin, options.Protocol!.Value));
        options.SetDefaultPorts();
        Assert.Equal(6380, ((IPEndPoint)options.EndPoints[1]).Port);
    }

    [Fact]
    public void Options_become_the_connection_string_they_came_from()
    {
        const string Text = "redis.example:7000,password=secret,abortConnect=False,connectRetry=9,protocol=resp3";
        var options = ConfigurationOptions.Parse(Text);
        Assert.Equal(Text, options.ToString());
        Assert.Equal(Text, options.Clone().ToString());
        Assert.DoesNotContain("secret", options.ToString(includePassword: false), StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_are_those_documented()
    {
        var options = new ConfigurationOptions();
        Assert.Equal((true, 3, 5_000, 5_000, 5_000), (options.AbortOnConnectFail, options.ConnectRetry, options.ConnectTimeout, options.SyncTimeout, options.AsyncTimeout));
        Assert.True(options.BacklogPolicy.QueueWhileDisconnected);
        Assert.IsType<ExponentialRetry>(options.ReconnectRetryPolicy);
        Assert.Null(options.Protocol);
        Assert.Equal(700, new ConfigurationOptions { SyncTimeout = 700 }.AsyncTimeout);
    }

    [Theory]
    [InlineData("host,ssl=perhaps", typeof(ArgumentOutOfRangeException))]
    [InlineData("host,connectRetry=many", typeof(ArgumentOutOfRangeException))]
    [InlineData("host,noSuchOption=1", typeof(ArgumentException))]
    [InlineData("host:port", typeof(ArgumentException))]
    [InlineData("host,proxy=Twemproxy", typeof(NotSupportedException))]
    [InlineData("host,serviceName=main", typeof(NotSupportedException))]
    public void What_is_not_understood_is_refused(string text, Type error) =>
        Assert.Throws(error, () => ConfigurationOptions.Parse(text));

    [Fact]
    public void Unknown_options_can_be_ignored_when_asked() =>
        Assert.Single(ConfigurationOptions.Parse("host,noSuchOption=1", ignoreUnknown: true).EndPoints);

    [Fact]
    public void Retry_policies_wait_as_told()
    {
        var linear = new LinearRetry(100);
        Assert.False(linear.ShouldRetry(0, 99));
        Assert.True(linear.ShouldRetry(50, 100));
        var exponential = new ExponentialRetry(100, 1_000);
        Assert.False(exponential.ShouldRetry(100, 99));
        Assert.True(exponential.ShouldRetry(0, 101));
        Assert.True(exponential.ShouldRetry(1_000, 1_001));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ExponentialRetry(100, 50));
    }
}

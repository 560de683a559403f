namespace StackExchange.Redis.Tests;

public sealed class ServerTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    public static TheoryData<RedisProtocol> Protocols => RedisFixture.Protocols;

    [Theory, MemberData(nameof(Protocols))]
    public async Task A_server_tells_of_itself(RedisProtocol protocol)
    {
        var server = redis[protocol].GetServer("127.0.0.1", redis.Server.Port);
        Assert.True(server.IsConnected);
        Assert.Equal(protocol, server.Protocol);
        Assert.True(server.Version.Major >= 7);
        Assert.False(server.IsReplica);
        Assert.True(await server.PingAsync() > TimeSpan.Zero);
        var info = await server.InfoAsync("server");
        Assert.Equal(server.Version.ToString(), Assert.Single(info, group => group.Key == "Server").Single(pair => pair.Key == "redis_version").Value);
        Assert.StartsWith("# Memory", await server.InfoRawAsync("memory"), StringComparison.Ordinal);
        Assert.Equal(TimeProvider.System.GetUtcNow().UtcDateTime, await server.TimeAsync(), TimeSpan.FromSeconds(5));
        await server.ConfigSetAsync("maxmemory-samples", 7);
        Assert.Equal([new("maxmemory-samples", "7")], await server.ConfigGetAsync("maxmemory-samples"));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Databases_are_apart_and_flushed_apart(RedisProtocol protocol)
    {
        var number = protocol == RedisProtocol.Resp2 ? 4 : 5;
        var multiplexer = redis[protocol];
        var (here, there) = (multiplexer.GetDatabase(number), multiplexer.GetDatabase(number + 4));
        var server = multiplexer.GetServers()[0];
        await Task.WhenAll(Enumerable.Range(0, 600).Select(i => (i % 2 == 0 ? here : there).StringSetAsync($"key:{i}", i)));
        Assert.Equal(300, await server.DatabaseSizeAsync(number));
        Assert.Equal("10", await here.StringGetAsync("key:10"));
        Assert.True((await there.StringGetAsync("key:10")).IsNull);

        var found = new HashSet<string>();
        await foreach (var key in server.KeysAsync(number, "key:1*", pageSize: 20))
        {
            found.Add(key.ToString());
        }

        Assert.Equal(Enumerable.Range(0, 600).Where(i => i % 2 == 0).Select(i => $"key:{i}").Where(key => key.StartsWith("key:1", StringComparison.Ordinal)).Order(), found.Order());
        Assert.Equal(300, server.Keys(number).Distinct().Count());
        await server.FlushDatabaseAsync(number);
        Assert.Equal(0, await server.DatabaseSizeAsync(number));
        Assert.Equal(300, await server.DatabaseSizeAsync(number + 4));
    }

    [Fact]
    public async Task Administration_needs_to_be_allowed()
    {
        await using var multiplexer = await redis.Server.ConnectAsync(options => options.AllowAdmin = false);
        var server = multiplexer.GetServers()[0];
        Assert.Throws<RedisCommandException>(() => server.FlushAllDatabases());
        Assert.Throws<RedisCommandException>(() => server.ConfigGet());
        Assert.NotEqual(TimeSpan.Zero, server.Ping());
    }
}

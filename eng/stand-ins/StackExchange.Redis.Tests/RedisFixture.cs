namespace StackExchange.Redis.Tests;

/// <summary>One server for tests that only need data of their own; a connection in each protocol.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    private readonly Dictionary<RedisProtocol, ConnectionMultiplexer> _connections = [];

    public static TheoryData<RedisProtocol> Protocols => [RedisProtocol.Resp2, RedisProtocol.Resp3];

    public RedisProcess Server { get; private set; } = null!;

    public ConnectionMultiplexer this[RedisProtocol protocol] => _connections[protocol];

    public async ValueTask InitializeAsync()
    {
        Server = await RedisProcess.StartAsync();
        foreach (var protocol in (RedisProtocol[])[RedisProtocol.Resp2, RedisProtocol.Resp3])
        {
            _connections[protocol] = await Server.ConnectAsync(options => options.Protocol = protocol);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections.Values)
        {
            await connection.DisposeAsync();
        }

        await Server.DisposeAsync();
    }

    public IDatabase Database(RedisProtocol protocol) => _connections[protocol].GetDatabase();

    /// <summary>A key nobody else uses.</summary>
    public static RedisKey NewKey(string name = "key") => $"{name}:{Guid.CreateVersion7()}";
}

namespace StackExchange.Redis;

/// <summary>What databases, batches and transactions and servers have in common.</summary>
public interface IRedisAsync
{
    IConnectionMultiplexer Multiplexer { get; }

    Task<TimeSpan> PingAsync(CommandFlags flags = CommandFlags.None);

    bool TryWait(Task task);

    void Wait(Task task);

    T Wait<T>(Task<T> task);

    void WaitAll(params Task[] tasks);
}

/// <summary>The commands of a database, asynchronous. See the documentation of Redis for each.</summary>
public partial interface IDatabaseAsync : IRedisAsync
{
    bool IsConnected(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<long> PublishAsync(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None);

    Task<RedisResult> ExecuteAsync(string command, params object[] args);

    Task<RedisResult> ExecuteAsync(string command, ICollection<object>? args, CommandFlags flags = CommandFlags.None);
}

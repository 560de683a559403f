namespace StackExchange.Redis;

public interface IRedis : IRedisAsync
{
    TimeSpan Ping(CommandFlags flags = CommandFlags.None);
}

/// <summary>The commands of a database. Those without Async block; prefer the others.</summary>
public partial interface IDatabase : IRedis, IDatabaseAsync
{
    int Database { get; }

    IBatch CreateBatch(object? asyncState = null);

    ITransaction CreateTransaction(object? asyncState = null);

    long Publish(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None);

    RedisResult Execute(string command, params object[] args);

    RedisResult Execute(string command, ICollection<object>? args, CommandFlags flags = CommandFlags.None);
}

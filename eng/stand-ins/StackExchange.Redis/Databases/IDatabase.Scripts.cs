namespace StackExchange.Redis;

public partial interface IDatabase
{
    /// <summary>Sends the script's hash, and its text only when the server does not know it (yet, or any more).</summary>
    RedisResult ScriptEvaluate(
        string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None);

    RedisResult ScriptEvaluate(
        byte[] hash, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None);

    bool LockExtend(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None);

    RedisValue LockQuery(RedisKey key, CommandFlags flags = CommandFlags.None);

    bool LockRelease(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);

    /// <summary>True when nobody held the lock. The value says who holds it and must be unique to the holder.</summary>
    bool LockTake(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None);
}

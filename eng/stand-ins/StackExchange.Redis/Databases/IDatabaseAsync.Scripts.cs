namespace StackExchange.Redis;

public partial interface IDatabaseAsync
{
    /// <summary>Sends the script's hash, and its text only when the server does not know it (yet, or any more).</summary>
    Task<RedisResult> ScriptEvaluateAsync(
        string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None);

    Task<RedisResult> ScriptEvaluateAsync(
        byte[] hash, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None);

    Task<bool> LockExtendAsync(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> LockQueryAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<bool> LockReleaseAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);

    /// <summary>True when nobody held the lock. The value says who holds it and must be unique to the holder.</summary>
    Task<bool> LockTakeAsync(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None);
}

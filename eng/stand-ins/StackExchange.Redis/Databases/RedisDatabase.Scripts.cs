namespace StackExchange.Redis;

internal sealed partial class RedisDatabase
{
    public RedisResult ScriptEvaluate(
        string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None) =>
        Wait(ScriptEvaluateAsync(script, keys, values, flags));

    public RedisResult ScriptEvaluate(
        byte[] hash, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None) =>
        Wait(ScriptEvaluateAsync(hash, keys, values, flags));

    public bool LockExtend(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None) =>
        Wait(LockExtendAsync(key, value, expiry, flags));

    public RedisValue LockQuery(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Wait(LockQueryAsync(key, flags));

    public bool LockRelease(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Wait(LockReleaseAsync(key, value, flags));

    public bool LockTake(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None) =>
        Wait(LockTakeAsync(key, value, expiry, flags));
}

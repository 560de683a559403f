namespace StackExchange.Redis;

public partial interface IDatabaseAsync
{
    Task<long> StringAppendAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);

    Task<long> StringDecrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None);

    Task<double> StringDecrementAsync(RedisKey key, double value, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> StringGetAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> StringGetAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> StringGetDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> StringGetRangeAsync(RedisKey key, long start, long end, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> StringGetSetAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> StringGetSetExpiryAsync(RedisKey key, TimeSpan? expiry, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> StringGetSetExpiryAsync(RedisKey key, DateTime expiry, CommandFlags flags = CommandFlags.None);

    Task<long> StringIncrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None);

    Task<double> StringIncrementAsync(RedisKey key, double value, CommandFlags flags = CommandFlags.None);

    Task<long> StringLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<bool> StringSetAsync(RedisKey key, RedisValue value, TimeSpan? expiry, When when);

    Task<bool> StringSetAsync(RedisKey key, RedisValue value, TimeSpan? expiry, When when, CommandFlags flags);

    Task<bool> StringSetAsync(
        RedisKey key,
        RedisValue value,
        TimeSpan? expiry,
        bool keepTtl,
        When when = When.Always,
        CommandFlags flags = CommandFlags.None);

    Task<bool> StringSetAsync(
        RedisKey key,
        RedisValue value,
        Expiration expiry = default,
        ValueCondition when = default,
        CommandFlags flags = CommandFlags.None);

    Task<bool> StringSetAsync(KeyValuePair<RedisKey, RedisValue>[] values, When when, CommandFlags flags);

    /// <summary>All or, with <see cref="When.NotExists"/>, none. An expiry for many keys at once needs a newer server.</summary>
    Task<bool> StringSetAsync(
        KeyValuePair<RedisKey, RedisValue>[] values,
        When when = When.Always,
        Expiration expiry = default,
        CommandFlags flags = CommandFlags.None);

    Task<RedisValue> StringSetAndGetAsync(
        RedisKey key,
        RedisValue value,
        TimeSpan? expiry = null,
        bool keepTtl = false,
        When when = When.Always,
        CommandFlags flags = CommandFlags.None);

    Task<RedisValue> StringSetAndGetAsync(
        RedisKey key, RedisValue value, TimeSpan? expiry, When when, CommandFlags flags);

    Task<RedisValue> StringSetRangeAsync(
        RedisKey key, long offset, RedisValue value, CommandFlags flags = CommandFlags.None);
}

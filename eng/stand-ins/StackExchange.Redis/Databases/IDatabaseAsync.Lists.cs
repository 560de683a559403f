namespace StackExchange.Redis;

public partial interface IDatabaseAsync
{
    Task<RedisValue> ListGetByIndexAsync(RedisKey key, long index, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> ListLeftPopAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> ListLeftPopAsync(RedisKey key, long count, CommandFlags flags = CommandFlags.None);

    Task<long> ListLeftPushAsync(
        RedisKey key, RedisValue value, When when = When.Always, CommandFlags flags = CommandFlags.None);

    Task<long> ListLeftPushAsync(RedisKey key, RedisValue[] values, CommandFlags flags);

    Task<long> ListLeftPushAsync(
        RedisKey key, RedisValue[] values, When when = When.Always, CommandFlags flags = CommandFlags.None);

    Task<long> ListLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> ListRangeAsync(
        RedisKey key, long start = 0, long stop = -1, CommandFlags flags = CommandFlags.None);

    Task<long> ListRemoveAsync(RedisKey key, RedisValue value, long count = 0, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> ListRightPopAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> ListRightPopAsync(RedisKey key, long count, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> ListRightPopLeftPushAsync(
        RedisKey source, RedisKey destination, CommandFlags flags = CommandFlags.None);

    Task<long> ListRightPushAsync(
        RedisKey key, RedisValue value, When when = When.Always, CommandFlags flags = CommandFlags.None);

    Task<long> ListRightPushAsync(RedisKey key, RedisValue[] values, CommandFlags flags);

    Task<long> ListRightPushAsync(
        RedisKey key, RedisValue[] values, When when = When.Always, CommandFlags flags = CommandFlags.None);

    Task ListSetByIndexAsync(RedisKey key, long index, RedisValue value, CommandFlags flags = CommandFlags.None);

    Task ListTrimAsync(RedisKey key, long start, long stop, CommandFlags flags = CommandFlags.None);
}

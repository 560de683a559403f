namespace StackExchange.Redis;

public partial interface IDatabaseAsync
{
    Task<bool> SetAddAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);

    Task<long> SetAddAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> SetCombineAsync(
        SetOperation operation, RedisKey first, RedisKey second, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> SetCombineAsync(SetOperation operation, RedisKey[] keys, CommandFlags flags = CommandFlags.None);

    Task<bool> SetContainsAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);

    Task<bool[]> SetContainsAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None);

    Task<long> SetLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> SetMembersAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<bool> SetMoveAsync(
        RedisKey source, RedisKey destination, RedisValue value, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> SetPopAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> SetPopAsync(RedisKey key, long count, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> SetRandomMemberAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<bool> SetRemoveAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);

    Task<long> SetRemoveAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None);
}

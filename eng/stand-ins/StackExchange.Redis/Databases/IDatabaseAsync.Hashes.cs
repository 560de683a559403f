namespace StackExchange.Redis;

public partial interface IDatabaseAsync
{
    Task<long> HashDecrementAsync(
        RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None);

    Task<double> HashDecrementAsync(
        RedisKey key, RedisValue hashField, double value, CommandFlags flags = CommandFlags.None);

    Task<bool> HashDeleteAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None);

    Task<long> HashDeleteAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None);

    Task<bool> HashExistsAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> HashGetAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> HashGetAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None);

    Task<HashEntry[]> HashGetAllAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<long> HashIncrementAsync(
        RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None);

    Task<double> HashIncrementAsync(
        RedisKey key, RedisValue hashField, double value, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> HashKeysAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<long> HashLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task HashSetAsync(RedisKey key, HashEntry[] hashFields, CommandFlags flags = CommandFlags.None);

    /// <summary>True when the field is new. A null value deletes the field.</summary>
    Task<bool> HashSetAsync(
        RedisKey key,
        RedisValue hashField,
        RedisValue value,
        When when = When.Always,
        CommandFlags flags = CommandFlags.None);

    Task<long> HashStringLengthAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> HashValuesAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
}

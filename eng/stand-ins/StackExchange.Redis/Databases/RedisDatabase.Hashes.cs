namespace StackExchange.Redis;

internal sealed partial class RedisDatabase
{
    public long HashDecrement(
        RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None) =>
        Wait(HashDecrementAsync(key, hashField, value, flags));

    public double HashDecrement(
        RedisKey key, RedisValue hashField, double value, CommandFlags flags = CommandFlags.None) =>
        Wait(HashDecrementAsync(key, hashField, value, flags));

    public bool HashDelete(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Wait(HashDeleteAsync(key, hashField, flags));

    public long HashDelete(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None) =>
        Wait(HashDeleteAsync(key, hashFields, flags));

    public bool HashExists(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Wait(HashExistsAsync(key, hashField, flags));

    public RedisValue HashGet(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Wait(HashGetAsync(key, hashField, flags));

    public RedisValue[] HashGet(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None) =>
        Wait(HashGetAsync(key, hashFields, flags));

    public HashEntry[] HashGetAll(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Wait(HashGetAllAsync(key, flags));

    public long HashIncrement(
        RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None) =>
        Wait(HashIncrementAsync(key, hashField, value, flags));

    public double HashIncrement(
        RedisKey key, RedisValue hashField, double value, CommandFlags flags = CommandFlags.None) =>
        Wait(HashIncrementAsync(key, hashField, value, flags));

    public RedisValue[] HashKeys(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Wait(HashKeysAsync(key, flags));

    public long HashLength(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(HashLengthAsync(key, flags));

    public void HashSet(RedisKey key, HashEntry[] hashFields, CommandFlags flags = CommandFlags.None) =>
        Wait(HashSetAsync(key, hashFields, flags));

    public bool HashSet(
        RedisKey key,
        RedisValue hashField,
        RedisValue value,
        When when = When.Always,
        CommandFlags flags = CommandFlags.None) =>
        Wait(HashSetAsync(key, hashField, value, when, flags));

    public long HashStringLength(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Wait(HashStringLengthAsync(key, hashField, flags));

    public RedisValue[] HashValues(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Wait(HashValuesAsync(key, flags));
}

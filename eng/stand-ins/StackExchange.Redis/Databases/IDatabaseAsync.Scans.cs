namespace StackExchange.Redis;

public partial interface IDatabaseAsync
{
    IAsyncEnumerable<HashEntry> HashScanAsync(
        RedisKey key,
        RedisValue pattern = default,
        int pageSize = 250,
        long cursor = 0,
        int pageOffset = 0,
        CommandFlags flags = CommandFlags.None);

    IAsyncEnumerable<RedisValue> SetScanAsync(
        RedisKey key,
        RedisValue pattern = default,
        int pageSize = 250,
        long cursor = 0,
        int pageOffset = 0,
        CommandFlags flags = CommandFlags.None);

    IAsyncEnumerable<SortedSetEntry> SortedSetScanAsync(
        RedisKey key,
        RedisValue pattern = default,
        int pageSize = 250,
        long cursor = 0,
        int pageOffset = 0,
        CommandFlags flags = CommandFlags.None);
}

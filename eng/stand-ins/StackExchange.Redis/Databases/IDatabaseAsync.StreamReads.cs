namespace StackExchange.Redis;

public partial interface IDatabaseAsync
{
    Task<StreamEntry[]> StreamRangeAsync(
        RedisKey key,
        RedisValue? minId = null,
        RedisValue? maxId = null,
        int? count = null,
        Order messageOrder = Order.Ascending,
        CommandFlags flags = CommandFlags.None);

    Task<StreamEntry[]> StreamReadAsync(
        RedisKey key, RedisValue position, int? count = null, CommandFlags flags = CommandFlags.None);

    Task<RedisStream[]> StreamReadAsync(
        StreamPosition[] streamPositions, int? countPerStream = null, CommandFlags flags = CommandFlags.None);

    Task<StreamEntry[]> StreamReadGroupAsync(
        RedisKey key,
        RedisValue groupName,
        RedisValue consumerName,
        RedisValue? position,
        int? count,
        CommandFlags flags);

    Task<StreamEntry[]> StreamReadGroupAsync(
        RedisKey key,
        RedisValue groupName,
        RedisValue consumerName,
        RedisValue? position,
        int? count,
        bool noAck,
        CommandFlags flags);

    /// <summary>Without a position, entries never delivered to the group.</summary>
    Task<StreamEntry[]> StreamReadGroupAsync(
        RedisKey key,
        RedisValue groupName,
        RedisValue consumerName,
        RedisValue? position = null,
        int? count = null,
        bool noAck = false,
        TimeSpan? claimMinIdleTime = null,
        CommandFlags flags = CommandFlags.None);

    Task<RedisStream[]> StreamReadGroupAsync(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream,
        CommandFlags flags);

    Task<RedisStream[]> StreamReadGroupAsync(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream,
        bool noAck,
        CommandFlags flags);

    Task<RedisStream[]> StreamReadGroupAsync(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream = null,
        bool noAck = false,
        TimeSpan? claimMinIdleTime = null,
        CommandFlags flags = CommandFlags.None);

    Task<long> StreamTrimAsync(RedisKey key, int maxLength, bool useApproximateMaxLength, CommandFlags flags);

    /// <summary>The number of entries removed.</summary>
    Task<long> StreamTrimAsync(
        RedisKey key,
        long maxLength,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode mode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None);

    Task<long> StreamTrimByMinIdAsync(
        RedisKey key,
        RedisValue minId,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode mode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None);
}

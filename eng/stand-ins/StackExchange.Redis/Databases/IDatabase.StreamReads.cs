namespace StackExchange.Redis;

public partial interface IDatabase
{
    StreamEntry[] StreamRange(
        RedisKey key,
        RedisValue? minId = null,
        RedisValue? maxId = null,
        int? count = null,
        Order messageOrder = Order.Ascending,
        CommandFlags flags = CommandFlags.None);

    StreamEntry[] StreamRead(
        RedisKey key, RedisValue position, int? count = null, CommandFlags flags = CommandFlags.None);

    RedisStream[] StreamRead(
        StreamPosition[] streamPositions, int? countPerStream = null, CommandFlags flags = CommandFlags.None);

    StreamEntry[] StreamReadGroup(
        RedisKey key,
        RedisValue groupName,
        RedisValue consumerName,
        RedisValue? position,
        int? count,
        CommandFlags flags);

    StreamEntry[] StreamReadGroup(
        RedisKey key,
        RedisValue groupName,
        RedisValue consumerName,
        RedisValue? position,
        int? count,
        bool noAck,
        CommandFlags flags);

    /// <summary>Without a position, entries never delivered to the group.</summary>
    StreamEntry[] StreamReadGroup(
        RedisKey key,
        RedisValue groupName,
        RedisValue consumerName,
        RedisValue? position = null,
        int? count = null,
        bool noAck = false,
        TimeSpan? claimMinIdleTime = null,
        CommandFlags flags = CommandFlags.None);

    RedisStream[] StreamReadGroup(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream,
        CommandFlags flags);

    RedisStream[] StreamReadGroup(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream,
        bool noAck,
        CommandFlags flags);

    RedisStream[] StreamReadGroup(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream = null,
        bool noAck = false,
        TimeSpan? claimMinIdleTime = null,
        CommandFlags flags = CommandFlags.None);

    long StreamTrim(RedisKey key, int maxLength, bool useApproximateMaxLength, CommandFlags flags);

    /// <summary>The number of entries removed.</summary>
    long StreamTrim(
        RedisKey key,
        long maxLength,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode mode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None);

    long StreamTrimByMinId(
        RedisKey key,
        RedisValue minId,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode mode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None);
}

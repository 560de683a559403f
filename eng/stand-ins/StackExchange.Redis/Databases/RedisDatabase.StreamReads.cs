namespace StackExchange.Redis;

internal sealed partial class RedisDatabase
{
    public StreamEntry[] StreamRange(
        RedisKey key,
        RedisValue? minId = null,
        RedisValue? maxId = null,
        int? count = null,
        Order messageOrder = Order.Ascending,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamRangeAsync(key, minId, maxId, count, messageOrder, flags));

    public StreamEntry[] StreamRead(
        RedisKey key, RedisValue position, int? count = null, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamReadAsync(key, position, count, flags));

    public RedisStream[] StreamRead(
        StreamPosition[] streamPositions, int? countPerStream = null, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamReadAsync(streamPositions, countPerStream, flags));

    public StreamEntry[] StreamReadGroup(
        RedisKey key,
        RedisValue groupName,
        RedisValue consumerName,
        RedisValue? position,
        int? count,
        CommandFlags flags) =>
        Wait(StreamReadGroupAsync(key, groupName, consumerName, position, count, flags));

    public StreamEntry[] StreamReadGroup(
        RedisKey key,
        RedisValue groupName,
        RedisValue consumerName,
        RedisValue? position,
        int? count,
        bool noAck,
        CommandFlags flags) =>
        Wait(StreamReadGroupAsync(key, groupName, consumerName, position, count, noAck, flags));

    public StreamEntry[] StreamReadGroup(
        RedisKey key,
        RedisValue groupName,
        RedisValue consumerName,
        RedisValue? position = null,
        int? count = null,
        bool noAck = false,
        TimeSpan? claimMinIdleTime = null,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamReadGroupAsync(key, groupName, consumerName, position, count, noAck, claimMinIdleTime, flags));

    public RedisStream[] StreamReadGroup(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream,
        CommandFlags flags) =>
        Wait(StreamReadGroupAsync(streamPositions, groupName, consumerName, countPerStream, flags));

    public RedisStream[] StreamReadGroup(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream,
        bool noAck,
        CommandFlags flags) =>
        Wait(StreamReadGroupAsync(streamPositions, groupName, consumerName, countPerStream, noAck, flags));

    public RedisStream[] StreamReadGroup(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream = null,
        bool noAck = false,
        TimeSpan? claimMinIdleTime = null,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamReadGroupAsync(streamPositions, groupName, consumerName, countPerStream, noAck, claimMinIdleTime, flags));

    public long StreamTrim(RedisKey key, int maxLength, bool useApproximateMaxLength, CommandFlags flags) =>
        Wait(StreamTrimAsync(key, maxLength, useApproximateMaxLength, flags));

    public long StreamTrim(
        RedisKey key,
        long maxLength,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode mode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamTrimAsync(key, maxLength, useApproximateMaxLength, limit, mode, flags));

    public long StreamTrimByMinId(
        RedisKey key,
        RedisValue minId,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode mode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamTrimByMinIdAsync(key, minId, useApproximateMaxLength, limit, mode, flags));
}

namespace StackExchange.Redis;

public partial interface IDatabase
{
    long StreamAcknowledge(
        RedisKey key, RedisValue groupName, RedisValue messageId, CommandFlags flags = CommandFlags.None);

    long StreamAcknowledge(
        RedisKey key, RedisValue groupName, RedisValue[] messageIds, CommandFlags flags = CommandFlags.None);

    RedisValue StreamAdd(
        RedisKey key,
        RedisValue streamField,
        RedisValue streamValue,
        RedisValue? messageId,
        int? maxLength,
        bool useApproximateMaxLength,
        CommandFlags flags);

    RedisValue StreamAdd(
        RedisKey key,
        NameValueEntry[] streamPairs,
        RedisValue? messageId,
        int? maxLength,
        bool useApproximateMaxLength,
        CommandFlags flags);

    RedisValue StreamAdd(
        RedisKey key,
        RedisValue streamField,
        RedisValue streamValue,
        RedisValue? messageId = null,
        long? maxLength = null,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode trimMode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None);

    RedisValue StreamAdd(
        RedisKey key,
        NameValueEntry[] streamPairs,
        RedisValue? messageId = null,
        long? maxLength = null,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode trimMode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None);

    StreamAutoClaimResult StreamAutoClaim(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue startAtId,
        int? count = null,
        CommandFlags flags = CommandFlags.None);

    StreamAutoClaimIdsOnlyResult StreamAutoClaimIdsOnly(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue startAtId,
        int? count = null,
        CommandFlags flags = CommandFlags.None);

    StreamEntry[] StreamClaim(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue[] messageIds,
        CommandFlags flags = CommandFlags.None);

    RedisValue[] StreamClaimIdsOnly(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue[] messageIds,
        CommandFlags flags = CommandFlags.None);

    bool StreamConsumerGroupSetPosition(
        RedisKey key, RedisValue groupName, RedisValue position, CommandFlags flags = CommandFlags.None);

    StreamConsumerInfo[] StreamConsumerInfo(RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None);

    bool StreamCreateConsumerGroup(RedisKey key, RedisValue groupName, RedisValue? position, CommandFlags flags);

    /// <summary>From new entries on, unless told otherwise. A group that is there already is a BUSYGROUP server error.</summary>
    bool StreamCreateConsumerGroup(
        RedisKey key,
        RedisValue groupName,
        RedisValue? position = null,
        bool createStream = true,
        CommandFlags flags = CommandFlags.None);

    long StreamDelete(RedisKey key, RedisValue[] messageIds, CommandFlags flags = CommandFlags.None);

    /// <summary>The number of pending entries the consumer had.</summary>
    long StreamDeleteConsumer(
        RedisKey key, RedisValue groupName, RedisValue consumerName, CommandFlags flags = CommandFlags.None);

    bool StreamDeleteConsumerGroup(RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None);

    StreamGroupInfo[] StreamGroupInfo(RedisKey key, CommandFlags flags = CommandFlags.None);

    StreamInfo StreamInfo(RedisKey key, CommandFlags flags = CommandFlags.None);

    long StreamLength(RedisKey key, CommandFlags flags = CommandFlags.None);

    StreamPendingInfo StreamPending(RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None);

    StreamPendingMessageInfo[] StreamPendingMessages(
        RedisKey key,
        RedisValue groupName,
        int count,
        RedisValue consumerName,
        RedisValue? minId,
        RedisValue? maxId,
        CommandFlags flags);

    /// <summary>Pass a null consumer for the messages of all.</summary>
    StreamPendingMessageInfo[] StreamPendingMessages(
        RedisKey key,
        RedisValue groupName,
        int count,
        RedisValue consumerName,
        RedisValue? minId = null,
        RedisValue? maxId = null,
        long? minIdleTimeInMs = null,
        CommandFlags flags = CommandFlags.None);
}

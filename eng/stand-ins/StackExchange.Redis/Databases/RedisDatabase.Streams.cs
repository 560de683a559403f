namespace StackExchange.Redis;

internal sealed partial class RedisDatabase
{
    public long StreamAcknowledge(
        RedisKey key, RedisValue groupName, RedisValue messageId, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamAcknowledgeAsync(key, groupName, messageId, flags));

    public long StreamAcknowledge(
        RedisKey key, RedisValue groupName, RedisValue[] messageIds, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamAcknowledgeAsync(key, groupName, messageIds, flags));

    public RedisValue StreamAdd(
        RedisKey key,
        RedisValue streamField,
        RedisValue streamValue,
        RedisValue? messageId,
        int? maxLength,
        bool useApproximateMaxLength,
        CommandFlags flags) =>
        Wait(StreamAddAsync(key, streamField, streamValue, messageId, maxLength, useApproximateMaxLength, flags));

    public RedisValue StreamAdd(
        RedisKey key,
        NameValueEntry[] streamPairs,
        RedisValue? messageId,
        int? maxLength,
        bool useApproximateMaxLength,
        CommandFlags flags) =>
        Wait(StreamAddAsync(key, streamPairs, messageId, maxLength, useApproximateMaxLength, flags));

    public RedisValue StreamAdd(
        RedisKey key,
        RedisValue streamField,
        RedisValue streamValue,
        RedisValue? messageId = null,
        long? maxLength = null,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode trimMode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamAddAsync(key, streamField, streamValue, messageId, maxLength, useApproximateMaxLength, limit, trimMode, flags));

    public RedisValue StreamAdd(
        RedisKey key,
        NameValueEntry[] streamPairs,
        RedisValue? messageId = null,
        long? maxLength = null,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode trimMode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamAddAsync(key, streamPairs, messageId, maxLength, useApproximateMaxLength, limit, trimMode, flags));

    public StreamAutoClaimResult StreamAutoClaim(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue startAtId,
        int? count = null,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamAutoClaimAsync(key, consumerGroup, claimingConsumer, minIdleTimeInMs, startAtId, count, flags));

    public StreamAutoClaimIdsOnlyResult StreamAutoClaimIdsOnly(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue startAtId,
        int? count = null,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamAutoClaimIdsOnlyAsync(key, consumerGroup, claimingConsumer, minIdleTimeInMs, startAtId, count, flags));

    public StreamEntry[] StreamClaim(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue[] messageIds,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamClaimAsync(key, consumerGroup, claimingConsumer, minIdleTimeInMs, messageIds, flags));

    public RedisValue[] StreamClaimIdsOnly(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue[] messageIds,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamClaimIdsOnlyAsync(key, consumerGroup, claimingConsumer, minIdleTimeInMs, messageIds, flags));

    public bool StreamConsumerGroupSetPosition(
        RedisKey key, RedisValue groupName, RedisValue position, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamConsumerGroupSetPositionAsync(key, groupName, position, flags));

    public StreamConsumerInfo[] StreamConsumerInfo(
        RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamConsumerInfoAsync(key, groupName, flags));

    public bool StreamCreateConsumerGroup(
        RedisKey key, RedisValue groupName, RedisValue? position, CommandFlags flags) =>
        Wait(StreamCreateConsumerGroupAsync(key, groupName, position, flags));

    public bool StreamCreateConsumerGroup(
        RedisKey key,
        RedisValue groupName,
        RedisValue? position = null,
        bool createStream = true,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamCreateConsumerGroupAsync(key, groupName, position, createStream, flags));

    public long StreamDelete(RedisKey key, RedisValue[] messageIds, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamDeleteAsync(key, messageIds, flags));

    public long StreamDeleteConsumer(
        RedisKey key, RedisValue groupName, RedisValue consumerName, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamDeleteConsumerAsync(key, groupName, consumerName, flags));

    public bool StreamDeleteConsumerGroup(RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamDeleteConsumerGroupAsync(key, groupName, flags));

    public StreamGroupInfo[] StreamGroupInfo(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamGroupInfoAsync(key, flags));

    public StreamInfo StreamInfo(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamInfoAsync(key, flags));

    public long StreamLength(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamLengthAsync(key, flags));

    public StreamPendingInfo StreamPending(
        RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None) =>
        Wait(StreamPendingAsync(key, groupName, flags));

    public StreamPendingMessageInfo[] StreamPendingMessages(
        RedisKey key,
        RedisValue groupName,
        int count,
        RedisValue consumerName,
        RedisValue? minId,
        RedisValue? maxId,
        CommandFlags flags) =>
        Wait(StreamPendingMessagesAsync(key, groupName, count, consumerName, minId, maxId, flags));

    public StreamPendingMessageInfo[] StreamPendingMessages(
        RedisKey key,
        RedisValue groupName,
        int count,
        RedisValue consumerName,
        RedisValue? minId = null,
        RedisValue? maxId = null,
        long? minIdleTimeInMs = null,
        CommandFlags flags = CommandFlags.None) =>
        Wait(StreamPendingMessagesAsync(key, groupName, count, consumerName, minId, maxId, minIdleTimeInMs, flags));
}

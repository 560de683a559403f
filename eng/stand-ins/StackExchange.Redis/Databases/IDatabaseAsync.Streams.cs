namespace StackExchange.Redis;

public partial interface IDatabaseAsync
{
    Task<long> StreamAcknowledgeAsync(
        RedisKey key, RedisValue groupName, RedisValue messageId, CommandFlags flags = CommandFlags.None);

    Task<long> StreamAcknowledgeAsync(
        RedisKey key, RedisValue groupName, RedisValue[] messageIds, CommandFlags flags = CommandFlags.None);

    Task<RedisValue> StreamAddAsync(
        RedisKey key,
        RedisValue streamField,
        RedisValue streamValue,
        RedisValue? messageId,
        int? maxLength,
        bool useApproximateMaxLength,
        CommandFlags flags);

    Task<RedisValue> StreamAddAsync(
        RedisKey key,
        NameValueEntry[] streamPairs,
        RedisValue? messageId,
        int? maxLength,
        bool useApproximateMaxLength,
        CommandFlags flags);

    Task<RedisValue> StreamAddAsync(
        RedisKey key,
        RedisValue streamField,
        RedisValue streamValue,
        RedisValue? messageId = null,
        long? maxLength = null,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode trimMode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None);

    Task<RedisValue> StreamAddAsync(
        RedisKey key,
        NameValueEntry[] streamPairs,
        RedisValue? messageId = null,
        long? maxLength = null,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode trimMode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None);

    Task<StreamAutoClaimResult> StreamAutoClaimAsync(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue startAtId,
        int? count = null,
        CommandFlags flags = CommandFlags.None);

    Task<StreamAutoClaimIdsOnlyResult> StreamAutoClaimIdsOnlyAsync(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue startAtId,
        int? count = null,
        CommandFlags flags = CommandFlags.None);

    Task<StreamEntry[]> StreamClaimAsync(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue[] messageIds,
        CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> StreamClaimIdsOnlyAsync(
        RedisKey key,
        RedisValue consumerGroup,
        RedisValue claimingConsumer,
        long minIdleTimeInMs,
        RedisValue[] messageIds,
        CommandFlags flags = CommandFlags.None);

    Task<bool> StreamConsumerGroupSetPositionAsync(
        RedisKey key, RedisValue groupName, RedisValue position, CommandFlags flags = CommandFlags.None);

    Task<StreamConsumerInfo[]> StreamConsumerInfoAsync(
        RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None);

    Task<bool> StreamCreateConsumerGroupAsync(
        RedisKey key, RedisValue groupName, RedisValue? position, CommandFlags flags);

    /// <summary>From new entries on, unless told otherwise. A group that is there already is a BUSYGROUP server error.</summary>
    Task<bool> StreamCreateConsumerGroupAsync(
        RedisKey key,
        RedisValue groupName,
        RedisValue? position = null,
        bool createStream = true,
        CommandFlags flags = CommandFlags.None);

    Task<long> StreamDeleteAsync(RedisKey key, RedisValue[] messageIds, CommandFlags flags = CommandFlags.None);

    /// <summary>The number of pending entries the consumer had.</summary>
    Task<long> StreamDeleteConsumerAsync(
        RedisKey key, RedisValue groupName, RedisValue consumerName, CommandFlags flags = CommandFlags.None);

    Task<bool> StreamDeleteConsumerGroupAsync(
        RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None);

    Task<StreamGroupInfo[]> StreamGroupInfoAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<StreamInfo> StreamInfoAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<long> StreamLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<StreamPendingInfo> StreamPendingAsync(
        RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None);

    Task<StreamPendingMessageInfo[]> StreamPendingMessagesAsync(
        RedisKey key,
        RedisValue groupName,
        int count,
        RedisValue consumerName,
        RedisValue? minId,
        RedisValue? maxId,
        CommandFlags flags);

    /// <summary>Pass a null consumer for the messages of all.</summary>
    Task<StreamPendingMessageInfo[]> StreamPendingMessagesAsync(
        RedisKey key,
        RedisValue groupName,
        int count,
        RedisValue consumerName,
        RedisValue? minId = null,
        RedisValue? maxId = null,
        long? minIdleTimeInMs = null,
        CommandFlags flags = CommandFlags.None);
}

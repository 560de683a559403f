namespace StackExchange.Redis;

internal abstract partial class DatabaseCommands
{
    public Task<long> StreamAcknowledgeAsync(
        RedisKey key, RedisValue groupName, RedisValue messageId, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Xack, [key.AsArgument(), groupName, messageId], Replies.Integer, flags);

    public Task<long> StreamAcknowledgeAsync(
        RedisKey key, RedisValue groupName, RedisValue[] messageIds, CommandFlags flags = CommandFlags.None)
    {
        RequireSome(messageIds, nameof(messageIds));
        return Send(Commands.Xack, key, [groupName, .. messageIds], Replies.Integer, flags);
    }

    public Task<RedisValue> StreamAddAsync(
        RedisKey key,
        RedisValue streamField,
        RedisValue streamValue,
        RedisValue? messageId,
        int? maxLength,
        bool useApproximateMaxLength,
        CommandFlags flags) =>
        StreamAddAsync(key, streamField, streamValue, messageId, maxLength, useApproximateMaxLength, null, StreamTrimMode.KeepReferences, flags);

    public Task<RedisValue> StreamAddAsync(
        RedisKey key,
        NameValueEntry[] streamPairs,
        RedisValue? messageId,
        int? maxLength,
        bool useApproximateMaxLength,
        CommandFlags flags) =>
        StreamAddAsync(key, streamPairs, messageId, maxLength, useApproximateMaxLength, null, StreamTrimMode.KeepReferences, flags);

    public Task<RedisValue> StreamAddAsync(
        RedisKey key,
        RedisValue streamField,
        RedisValue streamValue,
        RedisValue? messageId = null,
        long? maxLength = null,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode trimMode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None) =>
        StreamAdd(key, [new NameValueEntry(streamField, streamValue)], messageId, maxLength, useApproximateMaxLength, limit, trimMode, flags);

    public Task<RedisValue> StreamAddAsync(
        RedisKey key,
        NameValueEntry[] streamPairs,
        RedisValue? messageId = null,
        long? maxLength = null,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode trimMode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None)
    {
        RequireSome(streamPairs, nameof(streamPairs));
        return StreamAdd(key, streamPairs, messageId, maxLength, useApproximateMaxLength, limit, trimMode, flags);
    }

    public Task<StreamAutoClaimResult> StreamAutoClaimAsync(
        RedisKey key, RedisValue consumerGroup, RedisValue claimingConsumer, long minIdleTimeInMs, RedisValue startAtId, int? count = null,
        CommandFlags flags = CommandFlags.None) =>
        AutoClaim(key, consumerGroup, claimingConsumer, minIdleTimeInMs, startAtId, count, justId: false, StreamReplies.AutoClaim, flags);

    public Task<StreamAutoClaimIdsOnlyResult> StreamAutoClaimIdsOnlyAsync(
        RedisKey key, RedisValue consumerGroup, RedisValue claimingConsumer, long minIdleTimeInMs, RedisValue startAtId, int? count = null,
        CommandFlags flags = CommandFlags.None) =>
        AutoClaim(key, consumerGroup, claimingConsumer, minIdleTimeInMs, startAtId, count, justId: true, StreamReplies.AutoClaimIdsOnly, flags);

    public Task<StreamEntry[]> StreamClaimAsync(
        RedisKey key, RedisValue consumerGroup, RedisValue claimingConsumer, long minIdleTimeInMs, RedisValue[] messageIds,
        CommandFlags flags = CommandFlags.None)
    {
        RequireSome(messageIds, nameof(messageIds));
        return Send(Commands.Xclaim, key, [consumerGroup, claimingConsumer, minIdleTimeInMs, .. messageIds], StreamReplies.Entries, flags);
    }

    public Task<RedisValue[]> StreamClaimIdsOnlyAsync(
        RedisKey key, RedisValue consumerGroup, RedisValue claimingConsumer, long minIdleTimeInMs, RedisValue[] messageIds,
        CommandFlags flags = CommandFlags.None)
    {
        RequireSome(messageIds, nameof(messageIds));
        return Send(Commands.Xclaim, key, [consumerGroup, claimingConsumer, minIdleTimeInMs, .. messageIds, "JUSTID"], Replies.Values, flags);
    }

    public Task<bool> StreamConsumerGroupSetPositionAsync(
        RedisKey key, RedisValue groupName, RedisValue position, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.XgroupSetid, [key.AsArgument(), groupName, StreamPosition.ForGroup(position)], Replies.Truth, flags);

    public Task<StreamConsumerInfo[]> StreamConsumerInfoAsync(
        RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.XinfoConsumers, [key.AsArgument(), groupName], StreamReplies.Consumers, flags);

    public Task<bool> StreamCreateConsumerGroupAsync(
        RedisKey key, RedisValue groupName, RedisValue? position, CommandFlags flags) =>
        StreamCreateConsumerGroupAsync(key, groupName, position, createStream: true, flags);

    /// <summary>From new entries on, unless told otherwise. A group that is there already is a BUSYGROUP server error.</summary>
    public Task<bool> StreamCreateConsumerGroupAsync(
        RedisKey key,
        RedisValue groupName,
        RedisValue? position = null,
        bool createStream = true,
        CommandFlags flags = CommandFlags.None) =>
        createStream
            ? Send(Commands.XgroupCreate, [key.AsArgument(), groupName, StreamPosition.ForGroup(position), "MKSTREAM"], Replies.Truth, flags)
            : Send(Commands.XgroupCreate, [key.AsArgument(), groupName, StreamPosition.ForGroup(position)], Replies.Truth, flags);

    public Task<long> StreamDeleteAsync(RedisKey key, RedisValue[] messageIds, CommandFlags flags = CommandFlags.None)
    {
        RequireSome(messageIds, nameof(messageIds));
        return Send(Commands.Xdel, key, messageIds, Replies.Integer, flags);
    }

    /// <summary>The number of pending entries the consumer had.</summary>
    public Task<long> StreamDeleteConsumerAsync(
        RedisKey key, RedisValue groupName, RedisValue consumerName, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.XgroupDelconsumer, [key.AsArgument(), groupName, consumerName], Replies.Integer, flags);

    public Task<bool> StreamDeleteConsumerGroupAsync(
        RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.XgroupDestroy, [key.AsArgument(), groupName], Replies.Truth, flags);

    public Task<StreamGroupInfo[]> StreamGroupInfoAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.XinfoGroups, [key.AsArgument()], StreamReplies.Groups, flags);

    public Task<StreamInfo> StreamInfoAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.XinfoStream, [key.AsArgument()], StreamReplies.Info, flags);

    public Task<long> StreamLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Xlen, [key.AsArgument()], Replies.Integer, flags);

    public Task<StreamPendingInfo> StreamPendingAsync(
        RedisKey key, RedisValue groupName, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Xpending, [key.AsArgument(), groupName], StreamReplies.Pending, flags);

    public Task<StreamPendingMessageInfo[]> StreamPendingMessagesAsync(
        RedisKey key,
        RedisValue groupName,
        int count,
        RedisValue consumerName,
        RedisValue? minId,
        RedisValue? maxId,
        CommandFlags flags) =>
        StreamPendingMessagesAsync(key, groupName, count, consumerName, minId, maxId, null, flags);

    /// <summary>Pass a null consumer for the messages of all.</summary>
    public Task<StreamPendingMessageInfo[]> StreamPendingMessagesAsync(
        RedisKey key,
        RedisValue groupName,
        int count,
        RedisValue consumerName,
        RedisValue? minId = null,
        RedisValue? maxId = null,
        long? minIdleTimeInMs = null,
        CommandFlags flags = CommandFlags.None)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(key.AsArgument(), groupName);
        if (minIdleTimeInMs is { } idle)
        {
            arguments.Add("IDLE", idle);
        }

        arguments.Add(minId ?? "-", maxId ?? "+");
        arguments.Add(count);
        if (!consumerName.IsNull)
        {
            arguments.Add(consumerName);
        }

        return Send(Commands.Xpending, arguments.Items, StreamReplies.PendingMessages, flags);
    }

    private Task<RedisValue> StreamAdd(
        RedisKey key, scoped ReadOnlySpan<NameValueEntry> pairs, RedisValue? messageId, long? maxLength, bool approximate, long? limit,
        StreamTrimMode mode, CommandFlags flags)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(key.AsArgument());
        if (maxLength is { } length)
        {
            AddTrim(ref arguments, "MAXLEN", length, approximate, limit, mode);
        }

        arguments.Add(messageId ?? "*");
        foreach (ref readonly var pair in pairs)
        {
            arguments.Add(pair.Name, pair.Value);
        }

        return Send(Commands.Xadd, arguments.Items, Replies.Value, flags);
    }

    private Task<T> AutoClaim<T>(
        RedisKey key, RedisValue group, RedisValue consumer, long minIdleTimeInMs, RedisValue startAtId, int? count, bool justId,
        ReplyParser<T> parser, CommandFlags flags)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(key.AsArgument(), group);
        arguments.Add(consumer, minIdleTimeInMs);
        arguments.Add(startAtId);
        if (count is { } most)
        {
            arguments.Add("COUNT", most);
        }

        if (justId)
        {
            arguments.Add("JUSTID");
        }

        return Send(Commands.Xautoclaim, arguments.Items, parser, flags);
    }

    private static void AddTrim(
        ref ArgumentList arguments, string strategy, RedisValue bound, bool approximate, long? limit, StreamTrimMode mode)
    {
        arguments.Add(strategy);
        if (approximate)
        {
            arguments.Add("~");
        }

        arguments.Add(bound);
        if (limit is { } most)
        {
            arguments.Add("LIMIT", most);
        }

        if (mode != StreamTrimMode.KeepReferences)
        {
            arguments.Add(mode == StreamTrimMode.DeleteReferences ? "DELREF" : "ACKED");
        }
    }

    private static void RequireSome<T>(T[] items, string name)
    {
        ArgumentNullException.ThrowIfNull(items, name);
        if (items.Length == 0)
        {
            throw new ArgumentOutOfRangeException(name, $"{name} must contain at least one item.");
        }
    }
}

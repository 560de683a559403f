namespace StackExchange.Redis;

internal abstract partial class DatabaseCommands
{
    public Task<StreamEntry[]> StreamRangeAsync(
        RedisKey key,
        RedisValue? minId = null,
        RedisValue? maxId = null,
        int? count = null,
        Order messageOrder = Order.Ascending,
        CommandFlags flags = CommandFlags.None)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(key.AsArgument());
        var (first, last) = (minId ?? "-", maxId ?? "+");
        if (messageOrder == Order.Ascending)
        {
            arguments.Add(first, last);
        }
        else
        {
            arguments.Add(last, first);
        }

        if (count is { } most)
        {
            arguments.Add("COUNT", most);
        }

        return Send(messageOrder == Order.Ascending ? Commands.Xrange : Commands.Xrevrange, arguments.Items, StreamReplies.Entries, flags);
    }

    public Task<StreamEntry[]> StreamReadAsync(
        RedisKey key, RedisValue position, int? count = null, CommandFlags flags = CommandFlags.None) =>
        Read([new StreamPosition(key, position)], count, StreamReplies.FirstStream, flags);

    public Task<RedisStream[]> StreamReadAsync(
        StreamPosition[] streamPositions, int? countPerStream = null, CommandFlags flags = CommandFlags.None)
    {
        RequireSome(streamPositions, nameof(streamPositions));
        return Read(streamPositions, countPerStream, StreamReplies.Streams, flags);
    }

    public Task<StreamEntry[]> StreamReadGroupAsync(
        RedisKey key, RedisValue groupName, RedisValue consumerName, RedisValue? position, int? count, CommandFlags flags) =>
        StreamReadGroupAsync(key, groupName, consumerName, position, count, false, null, flags);

    public Task<StreamEntry[]> StreamReadGroupAsync(
        RedisKey key,
        RedisValue groupName,
        RedisValue consumerName,
        RedisValue? position,
        int? count,
        bool noAck,
        CommandFlags flags) =>
        StreamReadGroupAsync(key, groupName, consumerName, position, count, noAck, null, flags);

    /// <summary>Without a position, entries never delivered to the group.</summary>
    public Task<StreamEntry[]> StreamReadGroupAsync(
        RedisKey key,
        RedisValue groupName,
        RedisValue consumerName,
        RedisValue? position = null,
        int? count = null,
        bool noAck = false,
        TimeSpan? claimMinIdleTime = null,
        CommandFlags flags = CommandFlags.None) =>
        ReadGroup(
            [new StreamPosition(key, position ?? StreamPosition.NewMessages)], groupName, consumerName, count, noAck, claimMinIdleTime,
            StreamReplies.FirstStream, flags);

    public Task<RedisStream[]> StreamReadGroupAsync(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream,
        CommandFlags flags) =>
        StreamReadGroupAsync(streamPositions, groupName, consumerName, countPerStream, false, null, flags);

    public Task<RedisStream[]> StreamReadGroupAsync(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream,
        bool noAck,
        CommandFlags flags) =>
        StreamReadGroupAsync(streamPositions, groupName, consumerName, countPerStream, noAck, null, flags);

    public Task<RedisStream[]> StreamReadGroupAsync(
        StreamPosition[] streamPositions,
        RedisValue groupName,
        RedisValue consumerName,
        int? countPerStream = null,
        bool noAck = false,
        TimeSpan? claimMinIdleTime = null,
        CommandFlags flags = CommandFlags.None)
    {
        RequireSome(streamPositions, nameof(streamPositions));
        return ReadGroup(streamPositions, groupName, consumerName, countPerStream, noAck, claimMinIdleTime, StreamReplies.Streams, flags);
    }

    public Task<long> StreamTrimAsync(RedisKey key, int maxLength, bool useApproximateMaxLength, CommandFlags flags) =>
        StreamTrimAsync(key, (long)maxLength, useApproximateMaxLength, null, StreamTrimMode.KeepReferences, flags);

    /// <summary>The number of entries removed.</summary>
    public Task<long> StreamTrimAsync(
        RedisKey key,
        long maxLength,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode mode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        return Trim(key, "MAXLEN", maxLength, useApproximateMaxLength, limit, mode, flags);
    }

    public Task<long> StreamTrimByMinIdAsync(
        RedisKey key,
        RedisValue minId,
        bool useApproximateMaxLength = false,
        long? limit = null,
        StreamTrimMode mode = StreamTrimMode.KeepReferences,
        CommandFlags flags = CommandFlags.None) =>
        Trim(key, "MINID", minId, useApproximateMaxLength, limit, mode, flags);

    private Task<long> Trim(
        RedisKey key, string strategy, RedisValue bound, bool approximate, long? limit, StreamTrimMode mode, CommandFlags flags)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(key.AsArgument());
        AddTrim(ref arguments, strategy, bound, approximate, limit, mode);
        return Send(Commands.Xtrim, arguments.Items, Replies.Integer, flags);
    }

    private Task<T> Read<T>(scoped ReadOnlySpan<StreamPosition> positions, int? count, ReplyParser<T> parser, CommandFlags flags)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        AddCount(ref arguments, count);
        arguments.Add("STREAMS");
        foreach (var position in positions)
        {
            arguments.Add(position.Key.AsArgument());
        }

        foreach (var position in positions)
        {
            arguments.Add(StreamPosition.ForRead(position.Position));
        }

        return Send(Commands.Xread, arguments.Items, parser, flags);
    }

    private Task<T> ReadGroup<T>(
        scoped ReadOnlySpan<StreamPosition> positions, RedisValue group, RedisValue consumer, int? count, bool noAck, TimeSpan? claimMinIdleTime,
        ReplyParser<T> parser, CommandFlags flags)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add("GROUP");
        arguments.Add(group, consumer);
        AddCount(ref arguments, count);
        if (noAck)
        {
            arguments.Add("NOACK");
        }

        if (claimMinIdleTime is { } idle)
        {
            arguments.Add("CLAIM", (long)idle.TotalMilliseconds);
        }

        arguments.Add("STREAMS");
        foreach (var position in positions)
        {
            arguments.Add(position.Key.AsArgument());
        }

        foreach (var position in positions)
        {
            arguments.Add(StreamPosition.ForReadGroup(position.Position));
        }

        return Send(Commands.Xreadgroup, arguments.Items, parser, flags);
    }

    private static void AddCount(ref ArgumentList arguments, int? count)
    {
        if (count is { } most)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most, nameof(count));
            arguments.Add("COUNT", most);
        }
    }
}

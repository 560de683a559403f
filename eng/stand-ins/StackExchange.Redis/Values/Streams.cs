namespace StackExchange.Redis;

/// <summary>Where to read a stream from.</summary>
public struct StreamPosition(RedisKey key, RedisValue position)
{
    public static RedisValue Beginning => "-";

    /// <summary>Entries added from now on; for a group's read, entries never delivered to it.</summary>
    public static RedisValue NewMessages => "$";

    public RedisKey Key { get; } = key;

    public RedisValue Position { get; } = position;

    internal static RedisValue ForRead(RedisValue position) => position == NewMessages
        ? throw new InvalidOperationException("StreamPosition.NewMessages cannot be used with StreamRead.")
        : FromBeginning(position);

    internal static RedisValue ForReadGroup(RedisValue? position) =>
        position is not { } given || given == NewMessages ? ">" : FromBeginning(given);

    internal static RedisValue ForGroup(RedisValue? position) => FromBeginning(position ?? NewMessages);

    private static RedisValue FromBeginning(RedisValue position) => position == Beginning ? "0-0" : position;
}

/// <summary>One entry of a stream.</summary>
public readonly struct StreamEntry
{
    public StreamEntry(RedisValue id, NameValueEntry[] values) : this(id, values, null, 0)
    {
    }

    public StreamEntry(RedisValue id, NameValueEntry[] values, TimeSpan? idleTime, int deliveryCount)
    {
        Id = id;
        Values = values;
        IdleTime = idleTime;
        DeliveryCount = deliveryCount;
    }

    public static StreamEntry Null { get; } = new(RedisValue.Null, []);

    public RedisValue Id { get; }

    public NameValueEntry[] Values { get; }

    public TimeSpan? IdleTime { get; }

    public int DeliveryCount { get; }

    public bool IsNull => Id.IsNull && Values is null or { Length: 0 };

    /// <summary>The field's value, or null when the entry has no such field.</summary>
    public RedisValue this[RedisValue fieldName]
    {
        get
        {
            foreach (var pair in Values ?? [])
            {
                if (pair.Name == fieldName)
                {
                    return pair.Value;
                }
            }

            return RedisValue.Null;
        }
    }
}

/// <summary>Entries read from one of several streams.</summary>
public readonly struct RedisStream
{
    internal RedisStream(RedisKey key, StreamEntry[] entries)
    {
        Key = key;
        Entries = entries;
    }

    public RedisKey Key { get; }

    public StreamEntry[] Entries { get; }
}

public readonly struct StreamConsumer
{
    internal StreamConsumer(RedisValue name, int pendingMessageCount)
    {
        Name = name;
        PendingMessageCount = pendingMessageCount;
    }

    public RedisValue Name { get; }

    public int PendingMessageCount { get; }
}

/// <summary>What a group has been given and has not acknowledged, in sum.</summary>
public readonly struct StreamPendingInfo
{
    internal StreamPendingInfo(int count, RedisValue lowest, RedisValue highest, StreamConsumer[] consumers)
    {
        PendingMessageCount = count;
        LowestPendingMessageId = lowest;
        HighestPendingMessageId = highest;
        Consumers = consumers;
    }

    public int PendingMessageCount { get; }

    public RedisValue LowestPendingMessageId { get; }

    public RedisValue HighestPendingMessageId { get; }

    public StreamConsumer[] Consumers { get; }
}

/// <summary>One delivered and not acknowledged entry.</summary>
public readonly struct StreamPendingMessageInfo
{
    internal StreamPendingMessageInfo(RedisValue messageId, RedisValue consumerName, long idleTimeInMs, int deliveryCount)
    {
        MessageId = messageId;
        ConsumerName = consumerName;
        IdleTimeInMilliseconds = idleTimeInMs;
        DeliveryCount = deliveryCount;
    }

    public RedisValue MessageId { get; }

    public RedisValue ConsumerName { get; }

    public long IdleTimeInMilliseconds { get; }

    public int DeliveryCount { get; }
}

public readonly struct StreamAutoClaimResult
{
    internal StreamAutoClaimResult(RedisValue nextStartId, StreamEntry[] claimedEntries, RedisValue[] deletedIds)
    {
        NextStartId = nextStartId;
        ClaimedEntries = claimedEntries;
        DeletedIds = deletedIds;
    }

    public static StreamAutoClaimResult Null { get; } = new(RedisValue.Null, [], []);

    public bool IsNull => NextStartId.IsNull && ClaimedEntries is null or { Length: 0 } && DeletedIds is null or { Length: 0 };

    /// <summary>Where to go on; "0-0" when the list of pending entries was seen to its end.</summary>
    public RedisValue NextStartId { get; }

    public StreamEntry[] ClaimedEntries { get; }

    /// <summary>Pending entries that the stream no longer has.</summary>
    public RedisValue[] DeletedIds { get; }
}

public readonly struct StreamAutoClaimIdsOnlyResult
{
    internal StreamAutoClaimIdsOnlyResult(RedisValue nextStartId, RedisValue[] claimedIds, RedisValue[] deletedIds)
    {
        NextStartId = nextStartId;
        ClaimedIds = claimedIds;
        DeletedIds = deletedIds;
    }

    public static StreamAutoClaimIdsOnlyResult Null { get; } = new(RedisValue.Null, [], []);

    public bool IsNull => NextStartId.IsNull && ClaimedIds is null or { Length: 0 } && DeletedIds is null or { Length: 0 };

    public RedisValue NextStartId { get; }

    public RedisValue[] ClaimedIds { get; }

    public RedisValue[] DeletedIds { get; }
}

public readonly struct StreamInfo
{
    internal StreamInfo(
        int length, int radixTreeKeys, int radixTreeNodes, int groups, StreamEntry firstEntry, StreamEntry lastEntry, RedisValue lastGeneratedId)
    {
        Length = length;
        RadixTreeKeys = radixTreeKeys;
        RadixTreeNodes = radixTreeNodes;
        ConsumerGroupCount = groups;
        FirstEntry = firstEntry;
        LastEntry = lastEntry;
        LastGeneratedId = lastGeneratedId;
    }

    public int Length { get; internal init; }

    public int RadixTreeKeys { get; internal init; }

    public int RadixTreeNodes { get; internal init; }

    public int ConsumerGroupCount { get; internal init; }

    public StreamEntry FirstEntry { get; internal init; }

    public StreamEntry LastEntry { get; internal init; }

    public RedisValue LastGeneratedId { get; internal init; }
}

public readonly struct StreamGroupInfo
{
    internal StreamGroupInfo(
        string name, int consumerCount, int pendingMessageCount, string? lastDeliveredId, long? entriesRead, long? lag)
    {
        Name = name;
        ConsumerCount = consumerCount;
        PendingMessageCount = pendingMessageCount;
        LastDeliveredId = lastDeliveredId;
        EntriesRead = entriesRead;
        Lag = lag;
    }

    public string Name { get; }

    public int ConsumerCount { get; }

    public int PendingMessageCount { get; }

    public string? LastDeliveredId { get; }

    public long? EntriesRead { get; }

    /// <summary>Entries not delivered yet; null when the server cannot tell.</summary>
    public long? Lag { get; }
}

public readonly struct StreamConsumerInfo
{
    internal StreamConsumerInfo(string name, int pendingMessageCount, long idleTimeInMilliseconds)
    {
        Name = name;
        PendingMessageCount = pendingMessageCount;
        IdleTimeInMilliseconds = idleTimeInMilliseconds;
    }

    public string Name { get; }

    public int PendingMessageCount { get; }

    public long IdleTimeInMilliseconds { get; }
}

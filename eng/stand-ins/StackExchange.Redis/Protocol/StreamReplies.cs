namespace StackExchange.Redis;

/// <summary>How the replies of the X commands become values.</summary>
internal static class StreamReplies
{
    public static StreamEntry[] Entries(ref RespReader reader)
    {
        var count = reader.ReadAggregate();
        if (count <= 0)
        {
            return [];
        }

        var entries = new StreamEntry[count];
        var kept = 0;
        for (var i = 0; i < count; i++)
        {
            var entry = Entry(ref reader);
            if (!entry.IsNull)
            {
                entries[kept++] = entry;
            }
        }

        return kept == count ? entries : entries[..kept];
    }

    /// <summary>[id, [name, value, ...]] with idle time and deliveries after it where XREADGROUP CLAIM gives them.</summary>
    public static StreamEntry Entry(ref RespReader reader)
    {
        var parts = reader.ReadAggregate();
        if (parts < 2)
        {
            for (var i = 0; i < parts; i++)
            {
                reader.Skip();
            }

            return StreamEntry.Null;
        }

        var id = reader.ReadValue();
        var values = Pairs(ref reader);
        TimeSpan? idle = parts > 2 ? TimeSpan.FromMilliseconds(reader.ReadInteger()) : null;
        var deliveries = parts > 3 ? (int)reader.ReadInteger() : 0;
        return new StreamEntry(id, values, idle, deliveries);
    }

    /// <summary>RESP2: [[key, entries], ...]; RESP3: a map of key to entries; null when there is nothing.</summary>
    public static RedisStream[] Streams(ref RespReader reader)
    {
        var isMap = reader.Type == '%';
        var count = reader.ReadAggregate();
        if (count <= 0)
        {
            return [];
        }

        var streams = new RedisStream[isMap ? count / 2 : count];
        for (var i = 0; i < streams.Length; i++)
        {
            if (!isMap)
            {
                reader.ReadAggregate();
            }

            RedisKey key = (byte[]?)reader.ReadValue();
            streams[i] = new RedisStream(key, Entries(ref reader));
        }

        return streams;
    }

    public static StreamEntry[] FirstStream(ref RespReader reader) =>
        Streams(ref reader) is [var stream, ..] ? stream.Entries : [];

    public static StreamPendingInfo Pending(ref RespReader reader)
    {
        reader.ReadAggregate();
        var count = (int)reader.ReadInteger();
        var lowest = reader.ReadValue();
        var highest = reader.ReadValue();
        var consumers = new StreamConsumer[Math.Max(0, reader.ReadAggregate())];
        for (var i = 0; i < consumers.Length; i++)
        {
            reader.ReadAggregate();
            consumers[i] = new StreamConsumer(reader.ReadValue(), (int)(long)reader.ReadValue());
        }

        return new StreamPendingInfo(count, lowest, highest, consumers);
    }

    public static StreamPendingMessageInfo[] PendingMessages(ref RespReader reader)
    {
        var messages = new StreamPendingMessageInfo[Math.Max(0, reader.ReadAggregate())];
        for (var i = 0; i < messages.Length; i++)
        {
            reader.ReadAggregate();
            messages[i] = new StreamPendingMessageInfo(
                reader.ReadValue(), reader.ReadValue(), reader.ReadInteger(), (int)reader.ReadInteger());
        }

        return messages;
    }

    public static StreamAutoClaimResult AutoClaim(ref RespReader reader)
    {
        var parts = reader.ReadAggregate();
        return new StreamAutoClaimResult(
            reader.ReadValue(), Entries(ref reader), parts > 2 ? Replies.Values(ref reader) : []);
    }

    public static StreamAutoClaimIdsOnlyResult AutoClaimIdsOnly(ref RespReader reader)
    {
        var parts = reader.ReadAggregate();
        return new StreamAutoClaimIdsOnlyResult(
            reader.ReadValue(), Replies.Values(ref reader), parts > 2 ? Replies.Values(ref reader) : []);
    }

    public static StreamInfo Info(ref RespReader reader)
    {
        var info = new StreamInfo(0, 0, 0, 0, StreamEntry.Null, StreamEntry.Null, RedisValue.Null);
        for (var count = reader.ReadAggregate(); count > 1; count -= 2)
        {
            switch (reader.ReadText())
            {
                case "length":
                    info = info with { Length = (int)reader.ReadInteger() };
                    break;
                case "radix-tree-keys":
                    info = info with { RadixTreeKeys = (int)reader.ReadInteger() };
                    break;
                case "radix-tree-nodes":
                    info = info with { RadixTreeNodes = (int)reader.ReadInteger() };
                    break;
                case "groups":
                    info = info with { ConsumerGroupCount = (int)reader.ReadInteger() };
                    break;
                case "first-entry":
                    info = info with { FirstEntry = Entry(ref reader) };
                    break;
                case "last-entry":
                    info = info with { LastEntry = Entry(ref reader) };
                    break;
                case "last-generated-id":
                    info = info with { LastGeneratedId = reader.ReadValue() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return info;
    }

    public static StreamGroupInfo[] Groups(ref RespReader reader)
    {
        var groups = new StreamGroupInfo[Math.Max(0, reader.ReadAggregate())];
        for (var i = 0; i < groups.Length; i++)
        {
            var fields = Fields(ref reader);
            groups[i] = new StreamGroupInfo(
                fields.GetValueOrDefault("name").ToString(),
                (int)fields.GetValueOrDefault("consumers"),
                (int)fields.GetValueOrDefault("pending"),
                fields.GetValueOrDefault("last-delivered-id"),
                (long?)fields.GetValueOrDefault("entries-read"),
                (long?)fields.GetValueOrDefault("lag"));
        }

        return groups;
    }

    public static StreamConsumerInfo[] Consumers(ref RespReader reader)
    {
        var consumers = new StreamConsumerInfo[Math.Max(0, reader.ReadAggregate())];
        for (var i = 0; i < consumers.Length; i++)
        {
            var fields = Fields(ref reader);
            consumers[i] = new StreamConsumerInfo(
                fields.GetValueOrDefault("name").ToString(),
                (int)fields.GetValueOrDefault("pending"),
                (long)fields.GetValueOrDefault("idle"));
        }

        return consumers;
    }

    private static Dictionary<string, RedisValue> Fields(ref RespReader reader)
    {
        var fields = new Dictionary<string, RedisValue>(StringComparer.Ordinal);
        for (var count = reader.ReadAggregate(); count > 1; count -= 2)
        {
            var name = reader.ReadText() ?? string.Empty;
            fields[name] = reader.ReadValue();
        }

        return fields;
    }

    private static NameValueEntry[] Pairs(ref RespReader reader)
    {
        var pairs = new NameValueEntry[Math.Max(0, reader.ReadAggregate()) / 2];
        for (var i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new NameValueEntry(reader.ReadValue(), reader.ReadValue());
        }

        return pairs;
    }
}

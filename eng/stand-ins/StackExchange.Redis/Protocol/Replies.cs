namespace StackExchange.Redis;

/// <summary>How the replies of the simple commands become values.</summary>
internal static class Replies
{
    public static RedisValue Value(ref RespReader reader) => reader.ReadValue();

    public static long Integer(ref RespReader reader) => reader.ReadInteger();

    public static double Double(ref RespReader reader) => reader.ReadDouble() ?? 0;

    public static double? NullableDouble(ref RespReader reader) => reader.ReadDouble();

    public static string? Text(ref RespReader reader) => reader.ReadText();

    /// <summary>True for OK and for whole numbers other than zero; false for null, as SET NX replies when the key is there.</summary>
    public static bool Truth(ref RespReader reader)
    {
        if (reader.Type is (byte)':' or (byte)'#')
        {
            return reader.ReadInteger() != 0;
        }

        reader.ReadScalar(out var isNull);
        return !isNull;
    }

    public static long? NullableInteger(ref RespReader reader)
    {
        var value = reader.ReadValue();
        return value.IsNull ? null : (long)value;
    }

    public static bool Ignore(ref RespReader reader)
    {
        reader.Skip();
        return true;
    }

    public static RedisValue[] Values(ref RespReader reader)
    {
        var count = reader.ReadAggregate();
        if (count <= 0)
        {
            return [];
        }

        var values = new RedisValue[count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadValue();
        }

        return values;
    }

    public static bool[] Truths(ref RespReader reader)
    {
        var values = new bool[Math.Max(0, reader.ReadAggregate())];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadInteger() != 0;
        }

        return values;
    }

    public static double?[] NullableDoubles(ref RespReader reader)
    {
        var values = new double?[Math.Max(0, reader.ReadAggregate())];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadDouble();
        }

        return values;
    }

    public static HashEntry[] HashEntries(ref RespReader reader)
    {
        var count = reader.ReadAggregate();
        var entries = new HashEntry[Math.Max(0, count) / 2];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = new HashEntry(reader.ReadValue(), reader.ReadValue());
        }

        return entries;
    }

    /// <summary>RESP2 gives members and scores in one flat list; RESP3 gives pairs, but ZPOPMIN without count is flat.</summary>
    public static SortedSetEntry[] SortedSetEntries(ref RespReader reader)
    {
        var count = reader.ReadAggregate();
        if (count <= 0)
        {
            return [];
        }

        var paired = reader.IsAggregate;
        var entries = new SortedSetEntry[paired ? count : count / 2];
        for (var i = 0; i < entries.Length; i++)
        {
            if (paired)
            {
                reader.ReadAggregate();
            }

            entries[i] = new SortedSetEntry(reader.ReadValue(), reader.ReadDouble() ?? 0);
        }

        return entries;
    }

    public static SortedSetEntry? FirstSortedSetEntry(ref RespReader reader) =>
        SortedSetEntries(ref reader) is [var first, ..] ? first : null;

    public static KeyValuePair<string, string>[] TextPairs(ref RespReader reader)
    {
        var pairs = new KeyValuePair<string, string>[Math.Max(0, reader.ReadAggregate()) / 2];
        for (var i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new(reader.ReadText() ?? string.Empty, reader.ReadText() ?? string.Empty);
        }

        return pairs;
    }

    public static RedisType KeyType(ref RespReader reader) => reader.ReadText() switch
    {
        "none" => RedisType.None,
        "string" => RedisType.String,
        "list" => RedisType.List,
        "set" => RedisType.Set,
        "zset" => RedisType.SortedSet,
        "hash" => RedisType.Hash,
        "stream" => RedisType.Stream,
        _ => RedisType.Unknown,
    };

    /// <summary>PTTL: -2 without key, -1 without expiry.</summary>
    public static TimeSpan? TimeToLive(ref RespReader reader)
    {
        var milliseconds = reader.ReadInteger();
        return milliseconds < 0 ? null : TimeSpan.FromMilliseconds(milliseconds);
    }

    public static DateTime? ExpireTime(ref RespReader reader)
    {
        var milliseconds = reader.ReadInteger();
        return milliseconds < 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).UtcDateTime;
    }

    /// <summary>One page of SCAN and its kind: the cursor to go on with, and the items.</summary>
    public static (long Cursor, RedisValue[] Items) ScanPage(ref RespReader reader)
    {
        reader.ReadAggregate();
        return (reader.ReadInteger(), Values(ref reader));
    }

    public static RedisResult Result(ref RespReader reader) => RedisResult.Read(ref reader, 0);
}

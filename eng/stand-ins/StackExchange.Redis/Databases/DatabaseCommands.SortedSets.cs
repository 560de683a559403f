namespace StackExchange.Redis;

internal abstract partial class DatabaseCommands
{
    public Task<bool> SortedSetAddAsync(RedisKey key, RedisValue member, double score, CommandFlags flags) =>
        SortedSetAddAsync(key, member, score, SortedSetWhen.Always, flags);

    public Task<bool> SortedSetAddAsync(
        RedisKey key, RedisValue member, double score, When when, CommandFlags flags = CommandFlags.None) =>
        SortedSetAddAsync(key, member, score, ToSortedSetWhen(when), flags);

    /// <summary>True when the member is new.</summary>
    public Task<bool> SortedSetAddAsync(
        RedisKey key,
        RedisValue member,
        double score,
        SortedSetWhen when = SortedSetWhen.Always,
        CommandFlags flags = CommandFlags.None) =>
        SortedSetAdd(key, [new SortedSetEntry(member, score)], when, countChanges: false, Replies.Truth, flags);

    public Task<long> SortedSetAddAsync(RedisKey key, SortedSetEntry[] values, CommandFlags flags) =>
        SortedSetAddAsync(key, values, SortedSetWhen.Always, flags);

    public Task<long> SortedSetAddAsync(
        RedisKey key, SortedSetEntry[] values, When when, CommandFlags flags = CommandFlags.None) =>
        SortedSetAddAsync(key, values, ToSortedSetWhen(when), flags);

    public Task<long> SortedSetAddAsync(
        RedisKey key, SortedSetEntry[] values, SortedSetWhen when = SortedSetWhen.Always, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Length == 0
            ? Task.FromResult(0L) : SortedSetAdd(key, values, when, countChanges: false, Replies.Integer, flags);
    }

    public Task<double> SortedSetDecrementAsync(
        RedisKey key, RedisValue member, double value, CommandFlags flags = CommandFlags.None) =>
        SortedSetIncrementAsync(key, member, -value, flags);

    public Task<double> SortedSetIncrementAsync(
        RedisKey key, RedisValue member, double value, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Zincrby, [key.AsArgument(), value, member], Replies.Double, flags);

    public Task<long> SortedSetLengthAsync(
        RedisKey key,
        double min = double.NegativeInfinity,
        double max = double.PositiveInfinity,
        Exclude exclude = Exclude.None,
        CommandFlags flags = CommandFlags.None) =>
        double.IsNegativeInfinity(min) && double.IsPositiveInfinity(max)
            ? Send(Commands.Zcard, [key.AsArgument()], Replies.Integer, flags)
            : Send(Commands.Zcount, [key.AsArgument(), Bound(min, exclude, Exclude.Start), Bound(max, exclude, Exclude.Stop)], Replies.Integer, flags);

    public Task<SortedSetEntry?> SortedSetPopAsync(
        RedisKey key, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None) =>
        Send(order == Order.Ascending ? Commands.Zpopmin : Commands.Zpopmax, [key.AsArgument()], Replies.FirstSortedSetEntry, flags);

    public Task<SortedSetEntry[]> SortedSetPopAsync(
        RedisKey key, long count, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None) =>
        count == 0
            ? Task.FromResult<SortedSetEntry[]>([])
            : Send(order == Order.Ascending ? Commands.Zpopmin : Commands.Zpopmax, [key.AsArgument(), count], Replies.SortedSetEntries, flags);

    public Task<RedisValue[]> SortedSetRangeByRankAsync(
        RedisKey key, long start = 0, long stop = -1, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None) =>
        Send(order == Order.Ascending ? Commands.Zrange : Commands.Zrevrange, [key.AsArgument(), start, stop], Replies.Values, flags);

    public Task<SortedSetEntry[]> SortedSetRangeByRankWithScoresAsync(
        RedisKey key, long start = 0, long stop = -1, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None) =>
        Send(
            order == Order.Ascending ? Commands.Zrange : Commands.Zrevrange,
            [key.AsArgument(), start, stop, "WITHSCORES"],
            Replies.SortedSetEntries,
            flags);

    public Task<RedisValue[]> SortedSetRangeByScoreAsync(
        RedisKey key,
        double start = double.NegativeInfinity,
        double stop = double.PositiveInfinity,
        Exclude exclude = Exclude.None,
        Order order = Order.Ascending,
        long skip = 0,
        long take = -1,
        CommandFlags flags = CommandFlags.None) =>
        RangeByScore(key, start, stop, exclude, order, skip, take, withScores: false, Replies.Values, flags);

    public Task<SortedSetEntry[]> SortedSetRangeByScoreWithScoresAsync(
        RedisKey key,
        double start = double.NegativeInfinity,
        double stop = double.PositiveInfinity,
        Exclude exclude = Exclude.None,
        Order order = Order.Ascending,
        long skip = 0,
        long take = -1,
        CommandFlags flags = CommandFlags.None) =>
        RangeByScore(key, start, stop, exclude, order, skip, take, withScores: true, Replies.SortedSetEntries, flags);

    public Task<long?> SortedSetRankAsync(
        RedisKey key, RedisValue member, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None) =>
        Send(order == Order.Ascending ? Commands.Zrank : Commands.Zrevrank, [key.AsArgument(), member], Replies.NullableInteger, flags);

    public Task<bool> SortedSetRemoveAsync(RedisKey key, RedisValue member, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Zrem, [key.AsArgument(), member], Replies.Truth, flags);

    public Task<long> SortedSetRemoveAsync(RedisKey key, RedisValue[] members, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(members);
        return members.Length == 0 ? Task.FromResult(0L) : Send(Commands.Zrem, key, members, Replies.Integer, flags);
    }

    public Task<long> SortedSetRemoveRangeByRankAsync(
        RedisKey key, long start, long stop, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Zremrangebyrank, [key.AsArgument(), start, stop], Replies.Integer, flags);

    public Task<long> SortedSetRemoveRangeByScoreAsync(
        RedisKey key, double start, double stop, Exclude exclude = Exclude.None, CommandFlags flags = CommandFlags.None) =>
        Send(
            Commands.Zremrangebyscore,
            [key.AsArgument(), Bound(start, exclude, Exclude.Start), Bound(stop, exclude, Exclude.Stop)],
            Replies.Integer,
            flags);

    public Task<double?> SortedSetScoreAsync(RedisKey key, RedisValue member, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Zscore, [key.AsArgument(), member], Replies.NullableDouble, flags);

    public Task<double?[]> SortedSetScoresAsync(RedisKey key, RedisValue[] members, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Zmscore, key, members, Replies.NullableDoubles, flags);

    /// <summary>True when the member is new or its score changed.</summary>
    public Task<bool> SortedSetUpdateAsync(
        RedisKey key,
        RedisValue member,
        double score,
        SortedSetWhen when = SortedSetWhen.Always,
        CommandFlags flags = CommandFlags.None) =>
        SortedSetAdd(key, [new SortedSetEntry(member, score)], when, countChanges: true, Replies.Truth, flags);

    public Task<long> SortedSetUpdateAsync(
        RedisKey key,
        SortedSetEntry[] values,
        SortedSetWhen when = SortedSetWhen.Always,
        CommandFlags flags = CommandFlags.None) =>
        SortedSetAdd(key, values, when, countChanges: true, Replies.Integer, flags);

    private Task<T> SortedSetAdd<T>(
        RedisKey key,
        scoped ReadOnlySpan<SortedSetEntry> values,
        SortedSetWhen when,
        bool countChanges,
        ReplyParser<T> parser,
        CommandFlags flags)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(key.AsArgument());
        AddWhen(ref arguments, when, SortedSetWhen.NotExists, "NX");
        AddWhen(ref arguments, when, SortedSetWhen.Exists, "XX");
        AddWhen(ref arguments, when, SortedSetWhen.GreaterThan, "GT");
        AddWhen(ref arguments, when, SortedSetWhen.LessThan, "LT");
        if (countChanges)
        {
            arguments.Add("CH");
        }

        foreach (var entry in values)
        {
            arguments.Add(entry.Score, entry.Element);
        }

        return Send(Commands.Zadd, arguments.Items, parser, flags);
    }

    /// <summary>Start and stop may come in either order; the command wants the greater first when descending.</summary>
    private Task<T> RangeByScore<T>(
        RedisKey key, double start, double stop, Exclude exclude, Order order, long skip, long take, bool withScores,
        ReplyParser<T> parser, CommandFlags flags)
    {
        if (order == Order.Ascending ? start > stop : start < stop)
        {
            (start, stop) = (stop, start);
            exclude = exclude switch
            {
                Exclude.Start => Exclude.Stop,
                Exclude.Stop => Exclude.Start,
                _ => exclude,
            };
        }

        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(key.AsArgument());
        arguments.Add(Bound(start, exclude, Exclude.Start), Bound(stop, exclude, Exclude.Stop));
        if (withScores)
        {
            arguments.Add("WITHSCORES");
        }

        if (skip != 0 || take != -1)
        {
            arguments.Add("LIMIT");
            arguments.Add(skip, take);
        }

        return Send(order == Order.Ascending ? Commands.Zrangebyscore : Commands.Zrevrangebyscore, arguments.Items, parser, flags);
    }

    private static void AddWhen(ref ArgumentList arguments, SortedSetWhen when, SortedSetWhen flag, string word)
    {
        if ((when & flag) != 0)
        {
            arguments.Add(word);
        }
    }

    private static RedisValue Bound(double value, Exclude exclude, Exclude side) =>
        (exclude & side) == 0 ? value : "(" + RedisValue.FormatDouble(value);

    private static SortedSetWhen ToSortedSetWhen(When when) => when switch
    {
        When.Always => SortedSetWhen.Always,
        When.Exists => SortedSetWhen.Exists,
        When.NotExists => SortedSetWhen.NotExists,
        _ => throw new ArgumentOutOfRangeException(nameof(when)),
    };
}

namespace StackExchange.Redis;

public partial interface IDatabase
{
    bool SortedSetAdd(RedisKey key, RedisValue member, double score, CommandFlags flags);

    bool SortedSetAdd(RedisKey key, RedisValue member, double score, When when, CommandFlags flags = CommandFlags.None);

    /// <summary>True when the member is new.</summary>
    bool SortedSetAdd(
        RedisKey key,
        RedisValue member,
        double score,
        SortedSetWhen when = SortedSetWhen.Always,
        CommandFlags flags = CommandFlags.None);

    long SortedSetAdd(RedisKey key, SortedSetEntry[] values, CommandFlags flags);

    long SortedSetAdd(RedisKey key, SortedSetEntry[] values, When when, CommandFlags flags = CommandFlags.None);

    long SortedSetAdd(
        RedisKey key,
        SortedSetEntry[] values,
        SortedSetWhen when = SortedSetWhen.Always,
        CommandFlags flags = CommandFlags.None);

    double SortedSetDecrement(RedisKey key, RedisValue member, double value, CommandFlags flags = CommandFlags.None);

    double SortedSetIncrement(RedisKey key, RedisValue member, double value, CommandFlags flags = CommandFlags.None);

    long SortedSetLength(
        RedisKey key,
        double min = double.NegativeInfinity,
        double max = double.PositiveInfinity,
        Exclude exclude = Exclude.None,
        CommandFlags flags = CommandFlags.None);

    SortedSetEntry? SortedSetPop(RedisKey key, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None);

    SortedSetEntry[] SortedSetPop(
        RedisKey key, long count, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None);

    RedisValue[] SortedSetRangeByRank(
        RedisKey key,
        long start = 0,
        long stop = -1,
        Order order = Order.Ascending,
        CommandFlags flags = CommandFlags.None);

    SortedSetEntry[] SortedSetRangeByRankWithScores(
        RedisKey key,
        long start = 0,
        long stop = -1,
        Order order = Order.Ascending,
        CommandFlags flags = CommandFlags.None);

    RedisValue[] SortedSetRangeByScore(
        RedisKey key,
        double start = double.NegativeInfinity,
        double stop = double.PositiveInfinity,
        Exclude exclude = Exclude.None,
        Order order = Order.Ascending,
        long skip = 0,
        long take = -1,
        CommandFlags flags = CommandFlags.None);

    SortedSetEntry[] SortedSetRangeByScoreWithScores(
        RedisKey key,
        double start = double.NegativeInfinity,
        double stop = double.PositiveInfinity,
        Exclude exclude = Exclude.None,
        Order order = Order.Ascending,
        long skip = 0,
        long take = -1,
        CommandFlags flags = CommandFlags.None);

    long? SortedSetRank(
        RedisKey key, RedisValue member, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None);

    bool SortedSetRemove(RedisKey key, RedisValue member, CommandFlags flags = CommandFlags.None);

    long SortedSetRemove(RedisKey key, RedisValue[] members, CommandFlags flags = CommandFlags.None);

    long SortedSetRemoveRangeByRank(RedisKey key, long start, long stop, CommandFlags flags = CommandFlags.None);

    long SortedSetRemoveRangeByScore(
        RedisKey key,
        double start,
        double stop,
        Exclude exclude = Exclude.None,
        CommandFlags flags = CommandFlags.None);

    double? SortedSetScore(RedisKey key, RedisValue member, CommandFlags flags = CommandFlags.None);

    double?[] SortedSetScores(RedisKey key, RedisValue[] members, CommandFlags flags = CommandFlags.None);

    /// <summary>True when the member is new or its score changed.</summary>
    bool SortedSetUpdate(
        RedisKey key,
        RedisValue member,
        double score,
        SortedSetWhen when = SortedSetWhen.Always,
        CommandFlags flags = CommandFlags.None);

    long SortedSetUpdate(
        RedisKey key,
        SortedSetEntry[] values,
        SortedSetWhen when = SortedSetWhen.Always,
        CommandFlags flags = CommandFlags.None);
}

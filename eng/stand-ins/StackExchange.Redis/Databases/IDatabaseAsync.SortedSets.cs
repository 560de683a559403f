namespace StackExchange.Redis;

public partial interface IDatabaseAsync
{
    Task<bool> SortedSetAddAsync(RedisKey key, RedisValue member, double score, CommandFlags flags);

    Task<bool> SortedSetAddAsync(
        RedisKey key, RedisValue member, double score, When when, CommandFlags flags = CommandFlags.None);

    /// <summary>True when the member is new.</summary>
    Task<bool> SortedSetAddAsync(
        RedisKey key,
        RedisValue member,
        double score,
        SortedSetWhen when = SortedSetWhen.Always,
        CommandFlags flags = CommandFlags.None);

    Task<long> SortedSetAddAsync(RedisKey key, SortedSetEntry[] values, CommandFlags flags);

    Task<long> SortedSetAddAsync(
        RedisKey key, SortedSetEntry[] values, When when, CommandFlags flags = CommandFlags.None);

    Task<long> SortedSetAddAsync(
        RedisKey key,
        SortedSetEntry[] values,
        SortedSetWhen when = SortedSetWhen.Always,
        CommandFlags flags = CommandFlags.None);

    Task<double> SortedSetDecrementAsync(
        RedisKey key, RedisValue member, double value, CommandFlags flags = CommandFlags.None);

    Task<double> SortedSetIncrementAsync(
        RedisKey key, RedisValue member, double value, CommandFlags flags = CommandFlags.None);

    Task<long> SortedSetLengthAsync(
        RedisKey key,
        double min = double.NegativeInfinity,
        double max = double.PositiveInfinity,
        Exclude exclude = Exclude.None,
        CommandFlags flags = CommandFlags.None);

    Task<SortedSetEntry?> SortedSetPopAsync(
        RedisKey key, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None);

    Task<SortedSetEntry[]> SortedSetPopAsync(
        RedisKey key, long count, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> SortedSetRangeByRankAsync(
        RedisKey key,
        long start = 0,
        long stop = -1,
        Order order = Order.Ascending,
        CommandFlags flags = CommandFlags.None);

    Task<SortedSetEntry[]> SortedSetRangeByRankWithScoresAsync(
        RedisKey key,
        long start = 0,
        long stop = -1,
        Order order = Order.Ascending,
        CommandFlags flags = CommandFlags.None);

    Task<RedisValue[]> SortedSetRangeByScoreAsync(
        RedisKey key,
        double start = double.NegativeInfinity,
        double stop = double.PositiveInfinity,
        Exclude exclude = Exclude.None,
        Order order = Order.Ascending,
        long skip = 0,
        long take = -1,
        CommandFlags flags = CommandFlags.None);

    Task<SortedSetEntry[]> SortedSetRangeByScoreWithScoresAsync(
        RedisKey key,
        double start = double.NegativeInfinity,
        double stop = double.PositiveInfinity,
        Exclude exclude = Exclude.None,
        Order order = Order.Ascending,
        long skip = 0,
        long take = -1,
        CommandFlags flags = CommandFlags.None);

    Task<long?> SortedSetRankAsync(
        RedisKey key, RedisValue member, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None);

    Task<bool> SortedSetRemoveAsync(RedisKey key, RedisValue member, CommandFlags flags = CommandFlags.None);

    Task<long> SortedSetRemoveAsync(RedisKey key, RedisValue[] members, CommandFlags flags = CommandFlags.None);

    Task<long> SortedSetRemoveRangeByRankAsync(
        RedisKey key, long start, long stop, CommandFlags flags = CommandFlags.None);

    Task<long> SortedSetRemoveRangeByScoreAsync(
        RedisKey key,
        double start,
        double stop,
        Exclude exclude = Exclude.None,
        CommandFlags flags = CommandFlags.None);

    Task<double?> SortedSetScoreAsync(RedisKey key, RedisValue member, CommandFlags flags = CommandFlags.None);

    Task<double?[]> SortedSetScoresAsync(RedisKey key, RedisValue[] members, CommandFlags flags = CommandFlags.None);

    /// <summary>True when the member is new or its score changed.</summary>
    Task<bool> SortedSetUpdateAsync(
        RedisKey key,
        RedisValue member,
        double score,
        SortedSetWhen when = SortedSetWhen.Always,
        CommandFlags flags = CommandFlags.None);

    Task<long> SortedSetUpdateAsync(
        RedisKey key,
        SortedSetEntry[] values,
        SortedSetWhen when = SortedSetWhen.Always,
        CommandFlags flags = CommandFlags.None);
}

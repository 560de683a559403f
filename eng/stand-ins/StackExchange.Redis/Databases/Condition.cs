namespace StackExchange.Redis;

/// <summary>What must hold of a key for a transaction to run.</summary>
public abstract class Condition
{
    private Condition(RedisKey key) => Key = key;

    internal RedisKey Key { get; }

    public static Condition KeyExists(RedisKey key) => new Check(key, db => db.KeyExistsAsync(key));

    public static Condition KeyNotExists(RedisKey key) => new Check(key, async db => !await db.KeyExistsAsync(key).ConfigureAwait(false));

    public static Condition StringEqual(RedisKey key, RedisValue value) => Equal(key, value, db => db.StringGetAsync(key));

    public static Condition StringNotEqual(RedisKey key, RedisValue value) => NotEqual(key, value, db => db.StringGetAsync(key));

    public static Condition HashEqual(RedisKey key, RedisValue hashField, RedisValue value) =>
        Equal(key, value, db => db.HashGetAsync(key, hashField));

    public static Condition HashNotEqual(RedisKey key, RedisValue hashField, RedisValue value) =>
        NotEqual(key, value, db => db.HashGetAsync(key, hashField));

    public static Condition HashExists(RedisKey key, RedisValue hashField) => new Check(key, db => db.HashExistsAsync(key, hashField));

    public static Condition HashNotExists(RedisKey key, RedisValue hashField) =>
        new Check(key, async db => !await db.HashExistsAsync(key, hashField).ConfigureAwait(false));

    public static Condition SetContains(RedisKey key, RedisValue member) => new Check(key, db => db.SetContainsAsync(key, member));

    public static Condition SetNotContains(RedisKey key, RedisValue member) =>
        new Check(key, async db => !await db.SetContainsAsync(key, member).ConfigureAwait(false));

    public static Condition SortedSetContains(RedisKey key, RedisValue member) =>
        new Check(key, async db => (await db.SortedSetScoreAsync(key, member).ConfigureAwait(false)).HasValue);

    public static Condition SortedSetNotContains(RedisKey key, RedisValue member) =>
        new Check(key, async db => !(await db.SortedSetScoreAsync(key, member).ConfigureAwait(false)).HasValue);

    public static Condition SortedSetEqual(RedisKey key, RedisValue member, RedisValue score) =>
        Equal(key, score, async db => await db.SortedSetScoreAsync(key, member).ConfigureAwait(false));

    public static Condition ListLengthEqual(RedisKey key, long length) => Length(key, actual => actual == length, db => db.ListLengthAsync(key));

    public static Condition ListLengthLessThan(RedisKey key, long length) => Length(key, actual => actual < length, db => db.ListLengthAsync(key));

    public static Condition ListLengthGreaterThan(RedisKey key, long length) => Length(key, actual => actual > length, db => db.ListLengthAsync(key));

    public static Condition SortedSetLengthLessThan(RedisKey key, long length) =>
        Length(key, actual => actual < length, db => db.SortedSetLengthAsync(key));

    public static Condition StreamLengthEqual(RedisKey key, long length) => Length(key, actual => actual == length, db => db.StreamLengthAsync(key));

    public static Condition StreamLengthLessThan(RedisKey key, long length) => Length(key, actual => actual < length, db => db.StreamLengthAsync(key));

    public static Condition StreamLengthGreaterThan(RedisKey key, long length) =>
        Length(key, actual => actual > length, db => db.StreamLengthAsync(key));

    internal abstract Task<bool> HoldsAsync(IDatabaseAsync database);

    private static Check Equal(RedisKey key, RedisValue value, Func<IDatabaseAsync, Task<RedisValue>> read) =>
        new(key, async db => await read(db).ConfigureAwait(false) == value);

    private static Check NotEqual(RedisKey key, RedisValue value, Func<IDatabaseAsync, Task<RedisValue>> read) =>
        new(key, async db => await read(db).ConfigureAwait(false) != value);

    private static Check Length(RedisKey key, Predicate<long> holds, Func<IDatabaseAsync, Task<long>> read) =>
        new(key, async db => holds(await read(db).ConfigureAwait(false)));

    private sealed class Check(RedisKey key, Func<IDatabaseAsync, Task<bool>> holds) : Condition(key)
    {
        internal override Task<bool> HoldsAsync(IDatabaseAsync database) => holds(database);
    }
}

/// <summary>How a condition came out, once the transaction was executed.</summary>
public sealed class ConditionResult
{
    internal ConditionResult(Condition condition) => Condition = condition;

    public bool WasSatisfied { get; internal set; }

    internal Condition Condition { get; }
}

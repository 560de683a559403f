namespace StackExchange.Redis;

internal abstract partial class DatabaseCommands
{
    public Task<long> StringAppendAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Append, [key.AsArgument(), value], Replies.Integer, flags);

    public Task<long> StringDecrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Decrby, [key.AsArgument(), value], Replies.Integer, flags);

    public Task<double> StringDecrementAsync(RedisKey key, double value, CommandFlags flags = CommandFlags.None) =>
        StringIncrementAsync(key, -value, flags);

    public Task<RedisValue> StringGetAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Get, [key.AsArgument()], Replies.Value, flags);

    public Task<RedisValue[]> StringGetAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return keys.Length == 0 ? Task.FromResult<RedisValue[]>([]) : SendKeys(Commands.Mget, keys, Replies.Values, flags);
    }

    public Task<RedisValue> StringGetDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Getdel, [key.AsArgument()], Replies.Value, flags);

    public Task<RedisValue> StringGetRangeAsync(RedisKey key, long start, long end, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Getrange, [key.AsArgument(), start, end], Replies.Value, flags);

    public Task<RedisValue> StringGetSetAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Getset, [key.AsArgument(), value], Replies.Value, flags);

    public Task<RedisValue> StringGetSetExpiryAsync(RedisKey key, TimeSpan? expiry, CommandFlags flags = CommandFlags.None)
    {
        var expiration = expiry is { } ttl ? new Expiration(ttl) : Expiration.Persist;
        return expiration.HasValue
            ? Send(Commands.Getex, [key.AsArgument(), expiration.Word, expiration.Value], Replies.Value, flags)
            : Send(Commands.Getex, [key.AsArgument(), Expiration.Persist.Word], Replies.Value, flags);
    }

    public Task<RedisValue> StringGetSetExpiryAsync(RedisKey key, DateTime expiry, CommandFlags flags = CommandFlags.None)
    {
        var expiration = new Expiration(expiry);
        return expiration.HasValue
            ? Send(Commands.Getex, [key.AsArgument(), expiration.Word, expiration.Value], Replies.Value, flags)
            : Send(Commands.Getex, [key.AsArgument(), Expiration.Persist.Word], Replies.Value, flags);
    }

    public Task<long> StringIncrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Incrby, [key.AsArgument(), value], Replies.Integer, flags);

    public Task<double> StringIncrementAsync(RedisKey key, double value, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Incrbyfloat, [key.AsArgument(), value], Replies.Double, flags);

    public Task<long> StringLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Strlen, [key.AsArgument()], Replies.Integer, flags);

    public Task<bool> StringSetAsync(RedisKey key, RedisValue value, TimeSpan? expiry, When when) =>
        StringSetAsync(key, value, Expiration.From(expiry, keepTtl: false), when);

    public Task<bool> StringSetAsync(RedisKey key, RedisValue value, TimeSpan? expiry, When when, CommandFlags flags) =>
        StringSetAsync(key, value, Expiration.From(expiry, keepTtl: false), when, flags);

    public Task<bool> StringSetAsync(
        RedisKey key,
        RedisValue value,
        TimeSpan? expiry,
        bool keepTtl,
        When when = When.Always,
        CommandFlags flags = CommandFlags.None) =>
        StringSetAsync(key, value, Expiration.From(expiry, keepTtl), when, flags);

    public Task<bool> StringSetAsync(
        RedisKey key,
        RedisValue value,
        Expiration expiry = default,
        ValueCondition when = default,
        CommandFlags flags = CommandFlags.None)
    {
        if (value.IsNull)
        {
            return KeyDeleteAsync(key, flags); // a key without value is no key
        }

        if (expiry.Word is null && when.When == When.Always)
        {
            return Send(Commands.Set, [key.AsArgument(), value], Replies.Truth, flags);
        }

        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(key.AsArgument(), value);
        AddExpiry(ref arguments, expiry);
        AddCondition(ref arguments, when.When);
        return Send(Commands.Set, arguments.Items, Replies.Truth, flags);
    }

    public Task<bool> StringSetAsync(KeyValuePair<RedisKey, RedisValue>[] values, When when, CommandFlags flags) =>
        StringSetAsync(values, when, Expiration.Default, flags);

    /// <summary>All or, with <see cref="When.NotExists"/>, none. An expiry for many keys at once needs a newer server.</summary>
    public Task<bool> StringSetAsync(
        KeyValuePair<RedisKey, RedisValue>[] values,
        When when = When.Always,
        Expiration expiry = default,
        CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (expiry.Word is not null || when == When.Exists)
        {
            throw new NotSupportedException("Setting several keys with an expiry or only if they exist needs MSETEX, which is not supported here");
        }

        if (values.Length == 0)
        {
            return Task.FromResult(false);
        }

        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        foreach (var pair in values)
        {
            arguments.Add(pair.Key.AsArgument(), pair.Value);
        }

        return Send(when == When.NotExists ? Commands.Msetnx : Commands.Mset, arguments.Items, Replies.Truth, flags);
    }

    public Task<RedisValue> StringSetAndGetAsync(
        RedisKey key,
        RedisValue value,
        TimeSpan? expiry = null,
        bool keepTtl = false,
        When when = When.Always,
        CommandFlags flags = CommandFlags.None)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(key.AsArgument(), value);
        AddExpiry(ref arguments, Expiration.From(expiry, keepTtl));
        AddCondition(ref arguments, when);
        arguments.Add("GET");
        return Send(Commands.Set, arguments.Items, Replies.Value, flags);
    }

    public Task<RedisValue> StringSetAndGetAsync(
        RedisKey key, RedisValue value, TimeSpan? expiry, When when, CommandFlags flags) =>
        StringSetAndGetAsync(key, value, expiry, keepTtl: false, when, flags);

    public Task<RedisValue> StringSetRangeAsync(
        RedisKey key, long offset, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Setrange, [key.AsArgument(), offset, value], Replies.Value, flags);

    private static void AddExpiry(ref ArgumentList arguments, Expiration expiry)
    {
        if (expiry.Word is { } word)
        {
            arguments.Add(word);
            if (expiry.HasValue)
            {
                arguments.Add(expiry.Value);
            }
        }
    }

    private static void AddCondition(ref ArgumentList arguments, When when)
    {
        if (when != When.Always)
        {
            arguments.Add(when == When.Exists ? "XX" : "NX");
        }
    }
}

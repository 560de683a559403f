namespace StackExchange.Redis;

internal abstract partial class DatabaseCommands
{
    public Task<long> HashDecrementAsync(
        RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None) =>
        HashIncrementAsync(key, hashField, -value, flags);

    public Task<double> HashDecrementAsync(
        RedisKey key, RedisValue hashField, double value, CommandFlags flags = CommandFlags.None) =>
        HashIncrementAsync(key, hashField, -value, flags);

    public Task<bool> HashDeleteAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Hdel, [key.AsArgument(), hashField], Replies.Truth, flags);

    public Task<long> HashDeleteAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(hashFields);
        return hashFields.Length == 0 ? Task.FromResult(0L) : Send(Commands.Hdel, key, hashFields, Replies.Integer, flags);
    }

    public Task<bool> HashExistsAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Hexists, [key.AsArgument(), hashField], Replies.Truth, flags);

    public Task<RedisValue> HashGetAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Hget, [key.AsArgument(), hashField], Replies.Value, flags);

    public Task<RedisValue[]> HashGetAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(hashFields);
        return hashFields.Length == 0
            ? Task.FromResult<RedisValue[]>([]) : Send(Commands.Hmget, key, hashFields, Replies.Values, flags);
    }

    public Task<HashEntry[]> HashGetAllAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Hgetall, [key.AsArgument()], Replies.HashEntries, flags);

    public Task<long> HashIncrementAsync(
        RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Hincrby, [key.AsArgument(), hashField, value], Replies.Integer, flags);

    public Task<double> HashIncrementAsync(
        RedisKey key, RedisValue hashField, double value, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Hincrbyfloat, [key.AsArgument(), hashField, value], Replies.Double, flags);

    public Task<RedisValue[]> HashKeysAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Hkeys, [key.AsArgument()], Replies.Values, flags);

    public Task<long> HashLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Hlen, [key.AsArgument()], Replies.Integer, flags);

    public Task HashSetAsync(RedisKey key, HashEntry[] hashFields, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(hashFields);
        if (hashFields.Length == 0)
        {
            return Task.CompletedTask;
        }

        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(key.AsArgument());
        foreach (var field in hashFields)
        {
            arguments.Add(field.Name, field.Value);
        }

        return Send(Commands.Hset, arguments.Items, Replies.Integer, flags);
    }

    /// <summary>True when the field is new. A null value deletes the field.</summary>
    public Task<bool> HashSetAsync(
        RedisKey key, RedisValue hashField, RedisValue value, When when = When.Always, CommandFlags flags = CommandFlags.None)
    {
        if (value.IsNull)
        {
            return HashDeleteAsync(key, hashField, flags);
        }

        return when switch
        {
            When.Always => Send(Commands.Hset, [key.AsArgument(), hashField, value], Replies.Truth, flags),
            When.NotExists => Send(Commands.Hsetnx, [key.AsArgument(), hashField, value], Replies.Truth, flags),
            _ => throw new ArgumentException($"{when} is not valid in this context; the permitted values are: Always, NotExists", nameof(when)),
        };
    }

    public Task<long> HashStringLengthAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Hstrlen, [key.AsArgument(), hashField], Replies.Integer, flags);

    public Task<RedisValue[]> HashValuesAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Hvals, [key.AsArgument()], Replies.Values, flags);
}

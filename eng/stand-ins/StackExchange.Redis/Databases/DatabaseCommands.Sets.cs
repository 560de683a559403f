namespace StackExchange.Redis;

internal abstract partial class DatabaseCommands
{
    public Task<bool> SetAddAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Sadd, [key.AsArgument(), value], Replies.Truth, flags);

    public Task<long> SetAddAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Length == 0 ? Task.FromResult(0L) : Send(Commands.Sadd, key, values, Replies.Integer, flags);
    }

    public Task<RedisValue[]> SetCombineAsync(
        SetOperation operation, RedisKey first, RedisKey second, CommandFlags flags = CommandFlags.None) =>
        SetCombineAsync(operation, [first, second], flags);

    public Task<RedisValue[]> SetCombineAsync(SetOperation operation, RedisKey[] keys, CommandFlags flags = CommandFlags.None) =>
        SendKeys(
            operation switch
            {
                SetOperation.Union => Commands.Sunion,
                SetOperation.Intersect => Commands.Sinter,
                SetOperation.Difference => Commands.Sdiff,
                _ => throw new ArgumentOutOfRangeException(nameof(operation)),
            },
            keys,
            Replies.Values,
            flags);

    public Task<bool> SetContainsAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Sismember, [key.AsArgument(), value], Replies.Truth, flags);

    public Task<bool[]> SetContainsAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Length == 0 ? Task.FromResult<bool[]>([]) : Send(Commands.Smismember, key, values, Replies.Truths, flags);
    }

    public Task<long> SetLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Scard, [key.AsArgument()], Replies.Integer, flags);

    public Task<RedisValue[]> SetMembersAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Smembers, [key.AsArgument()], Replies.Values, flags);

    public Task<bool> SetMoveAsync(
        RedisKey source, RedisKey destination, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Smove, [source.AsArgument(), destination.AsArgument(), value], Replies.Truth, flags);

    public Task<RedisValue> SetPopAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Spop, [key.AsArgument()], Replies.Value, flags);

    public Task<RedisValue[]> SetPopAsync(RedisKey key, long count, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Spop, [key.AsArgument(), count], Replies.Values, flags);

    public Task<RedisValue> SetRandomMemberAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Srandmember, [key.AsArgument()], Replies.Value, flags);

    public Task<bool> SetRemoveAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Srem, [key.AsArgument(), value], Replies.Truth, flags);

    public Task<long> SetRemoveAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Length == 0 ? Task.FromResult(0L) : Send(Commands.Srem, key, values, Replies.Integer, flags);
    }
}

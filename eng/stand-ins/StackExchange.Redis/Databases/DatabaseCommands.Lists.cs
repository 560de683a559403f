namespace StackExchange.Redis;

internal abstract partial class DatabaseCommands
{
    public Task<RedisValue> ListGetByIndexAsync(RedisKey key, long index, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Lindex, [key.AsArgument(), index], Replies.Value, flags);

    public Task<RedisValue> ListLeftPopAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Lpop, [key.AsArgument()], Replies.Value, flags);

    public Task<RedisValue[]> ListLeftPopAsync(RedisKey key, long count, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Lpop, [key.AsArgument(), count], Replies.Values, flags);

    public Task<long> ListLeftPushAsync(
        RedisKey key, RedisValue value, When when = When.Always, CommandFlags flags = CommandFlags.None) =>
        Send(PushCommand(when, Commands.Lpush, Commands.Lpushx), [key.AsArgument(), value], Replies.Integer, flags);

    public Task<long> ListLeftPushAsync(RedisKey key, RedisValue[] values, CommandFlags flags) =>
        ListLeftPushAsync(key, values, When.Always, flags);

    public Task<long> ListLeftPushAsync(
        RedisKey key, RedisValue[] values, When when = When.Always, CommandFlags flags = CommandFlags.None) =>
        PushMany(PushCommand(when, Commands.Lpush, Commands.Lpushx), key, values, flags);

    public Task<long> ListLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Llen, [key.AsArgument()], Replies.Integer, flags);

    public Task<RedisValue[]> ListRangeAsync(
        RedisKey key, long start = 0, long stop = -1, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Lrange, [key.AsArgument(), start, stop], Replies.Values, flags);

    public Task<long> ListRemoveAsync(RedisKey key, RedisValue value, long count = 0, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Lrem, [key.AsArgument(), count, value], Replies.Integer, flags);

    public Task<RedisValue> ListRightPopAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Rpop, [key.AsArgument()], Replies.Value, flags);

    public Task<RedisValue[]> ListRightPopAsync(RedisKey key, long count, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Rpop, [key.AsArgument(), count], Replies.Values, flags);

    public Task<RedisValue> ListRightPopLeftPushAsync(
        RedisKey source, RedisKey destination, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Rpoplpush, [source.AsArgument(), destination.AsArgument()], Replies.Value, flags);

    public Task<long> ListRightPushAsync(
        RedisKey key, RedisValue value, When when = When.Always, CommandFlags flags = CommandFlags.None) =>
        Send(PushCommand(when, Commands.Rpush, Commands.Rpushx), [key.AsArgument(), value], Replies.Integer, flags);

    public Task<long> ListRightPushAsync(RedisKey key, RedisValue[] values, CommandFlags flags) =>
        ListRightPushAsync(key, values, When.Always, flags);

    public Task<long> ListRightPushAsync(
        RedisKey key, RedisValue[] values, When when = When.Always, CommandFlags flags = CommandFlags.None) =>
        PushMany(PushCommand(when, Commands.Rpush, Commands.Rpushx), key, values, flags);

    public Task ListSetByIndexAsync(RedisKey key, long index, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Lset, [key.AsArgument(), index, value], Replies.Truth, flags);

    public Task ListTrimAsync(RedisKey key, long start, long stop, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Ltrim, [key.AsArgument(), start, stop], Replies.Truth, flags);

    private Task<long> PushMany(Command command, RedisKey key, RedisValue[] values, CommandFlags flags)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Length == 0 ? ListLengthAsync(key, flags) : Send(command, key, values, Replies.Integer, flags);
    }

    private static Command PushCommand(When when, Command always, Command exists) => when switch
    {
        When.Always => always,
        When.Exists => exists,
        _ => throw new ArgumentException($"{when} is not valid in this context; the permitted values are: Always, Exists", nameof(when)),
    };
}

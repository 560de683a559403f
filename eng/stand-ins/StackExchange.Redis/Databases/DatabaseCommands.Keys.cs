namespace StackExchange.Redis;

internal abstract partial class DatabaseCommands
{
    public Task<bool> KeyCopyAsync(
        RedisKey sourceKey,
        RedisKey destinationKey,
        int destinationDatabase = -1,
        bool replace = false,
        CommandFlags flags = CommandFlags.None)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(sourceKey.AsArgument(), destinationKey.AsArgument());
        if (destinationDatabase >= 0)
        {
            arguments.Add("DB", destinationDatabase);
        }

        if (replace)
        {
            arguments.Add("REPLACE");
        }

        return Send(Commands.Copy, arguments.Items, Replies.Truth, flags);
    }

    public Task<bool> KeyDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Unlink, [key.AsArgument()], Replies.Truth, flags);

    public Task<long> KeyDeleteAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return keys.Length == 0 ? Task.FromResult(0L) : SendKeys(Commands.Unlink, keys, Replies.Integer, flags);
    }

    public Task<bool> KeyExistsAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Exists, [key.AsArgument()], Replies.Truth, flags);

    public Task<long> KeyExistsAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return keys.Length == 0 ? Task.FromResult(0L) : SendKeys(Commands.Exists, keys, Replies.Integer, flags);
    }

    public Task<bool> KeyExpireAsync(RedisKey key, TimeSpan? expiry, CommandFlags flags) =>
        KeyExpireAsync(key, expiry, ExpireWhen.Always, flags);

    public Task<bool> KeyExpireAsync(
        RedisKey key, TimeSpan? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None) =>
        expiry is { } ttl && ttl != TimeSpan.MaxValue
            ? Expire(Commands.Pexpire, key, ttl.Ticks / TimeSpan.TicksPerMillisecond, when, flags)
            : KeyPersistAsync(key, flags);

    public Task<bool> KeyExpireAsync(RedisKey key, DateTime? expiry, CommandFlags flags) =>
        KeyExpireAsync(key, expiry, ExpireWhen.Always, flags);

    public Task<bool> KeyExpireAsync(
        RedisKey key, DateTime? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None) =>
        expiry is { } at && at != DateTime.MaxValue
            ? Expire(Commands.Pexpireat, key, Expiration.UnixMilliseconds(at), when, flags)
            : KeyPersistAsync(key, flags);

    public Task<DateTime?> KeyExpireTimeAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Pexpiretime, [key.AsArgument()], Replies.ExpireTime, flags);

    public Task<bool> KeyPersistAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Persist, [key.AsArgument()], Replies.Truth, flags);

    public Task<bool> KeyRenameAsync(
        RedisKey key, RedisKey newKey, When when = When.Always, CommandFlags flags = CommandFlags.None) =>
        Send(when == When.NotExists ? Commands.Renamenx : Commands.Rename, [key.AsArgument(), newKey.AsArgument()], Replies.Truth, flags);

    public Task<TimeSpan?> KeyTimeToLiveAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Pttl, [key.AsArgument()], Replies.TimeToLive, flags);

    public Task<bool> KeyTouchAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Touch, [key.AsArgument()], Replies.Truth, flags);

    public Task<RedisType> KeyTypeAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Type, [key.AsArgument()], Replies.KeyType, flags);

    private Task<bool> Expire(
        Command command, RedisKey key, long milliseconds, ExpireWhen when, CommandFlags flags) => when switch
    {
        ExpireWhen.Always => Send(command, [key.AsArgument(), milliseconds], Replies.Truth, flags),
        ExpireWhen.HasNoExpiry => Send(command, [key.AsArgument(), milliseconds, "NX"], Replies.Truth, flags),
        ExpireWhen.HasExpiry => Send(command, [key.AsArgument(), milliseconds, "XX"], Replies.Truth, flags),
        ExpireWhen.GreaterThanCurrentExpiry => Send(command, [key.AsArgument(), milliseconds, "GT"], Replies.Truth, flags),
        ExpireWhen.LessThanCurrentExpiry => Send(command, [key.AsArgument(), milliseconds, "LT"], Replies.Truth, flags),
        _ => throw new ArgumentOutOfRangeException(nameof(when)),
    };
}

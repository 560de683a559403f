namespace StackExchange.Redis;

internal sealed partial class RedisDatabase
{
    public bool KeyCopy(
        RedisKey sourceKey,
        RedisKey destinationKey,
        int destinationDatabase = -1,
        bool replace = false,
        CommandFlags flags = CommandFlags.None) =>
        Wait(KeyCopyAsync(sourceKey, destinationKey, destinationDatabase, replace, flags));

    public bool KeyDelete(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(KeyDeleteAsync(key, flags));

    public long KeyDelete(RedisKey[] keys, CommandFlags flags = CommandFlags.None) => Wait(KeyDeleteAsync(keys, flags));

    public bool KeyExists(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(KeyExistsAsync(key, flags));

    public long KeyExists(RedisKey[] keys, CommandFlags flags = CommandFlags.None) => Wait(KeyExistsAsync(keys, flags));

    public bool KeyExpire(RedisKey key, TimeSpan? expiry, CommandFlags flags) =>
        Wait(KeyExpireAsync(key, expiry, flags));

    public bool KeyExpire(
        RedisKey key, TimeSpan? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None) =>
        Wait(KeyExpireAsync(key, expiry, when, flags));

    public bool KeyExpire(RedisKey key, DateTime? expiry, CommandFlags flags) =>
        Wait(KeyExpireAsync(key, expiry, flags));

    public bool KeyExpire(
        RedisKey key, DateTime? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None) =>
        Wait(KeyExpireAsync(key, expiry, when, flags));

    public DateTime? KeyExpireTime(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Wait(KeyExpireTimeAsync(key, flags));

    public bool KeyPersist(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(KeyPersistAsync(key, flags));

    public bool KeyRename(
        RedisKey key, RedisKey newKey, When when = When.Always, CommandFlags flags = CommandFlags.None) =>
        Wait(KeyRenameAsync(key, newKey, when, flags));

    public TimeSpan? KeyTimeToLive(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        Wait(KeyTimeToLiveAsync(key, flags));

    public bool KeyTouch(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(KeyTouchAsync(key, flags));

    public RedisType KeyType(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(KeyTypeAsync(key, flags));
}

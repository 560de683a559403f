namespace StackExchange.Redis;

public partial interface IDatabaseAsync
{
    Task<bool> KeyCopyAsync(
        RedisKey sourceKey,
        RedisKey destinationKey,
        int destinationDatabase = -1,
        bool replace = false,
        CommandFlags flags = CommandFlags.None);

    Task<bool> KeyDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<long> KeyDeleteAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None);

    Task<bool> KeyExistsAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<long> KeyExistsAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None);

    Task<bool> KeyExpireAsync(RedisKey key, TimeSpan? expiry, CommandFlags flags);

    Task<bool> KeyExpireAsync(
        RedisKey key, TimeSpan? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None);

    Task<bool> KeyExpireAsync(RedisKey key, DateTime? expiry, CommandFlags flags);

    Task<bool> KeyExpireAsync(
        RedisKey key, DateTime? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None);

    Task<DateTime?> KeyExpireTimeAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<bool> KeyPersistAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<bool> KeyRenameAsync(
        RedisKey key, RedisKey newKey, When when = When.Always, CommandFlags flags = CommandFlags.None);

    Task<TimeSpan?> KeyTimeToLiveAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<bool> KeyTouchAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<RedisType> KeyTypeAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
}

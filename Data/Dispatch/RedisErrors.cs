using StackExchange.Redis;

namespace Workflows.Data.Dispatch;

/// <summary>What a failed command of Redis means to the platform.</summary>
public static class RedisErrors
{
    /// <summary>Redis is away, slow or full, or refuses: the hint is lost, and nothing that counts.</summary>
    public static bool IsTrouble(Exception exception) => exception is RedisException or TimeoutException;
}

using StackExchange.Redis;

namespace Workflows.Data.Identity;

/// <summary>What a bucket gave.</summary>
/// <param name="Granted">Permits taken out, at most as many as asked for.</param>
/// <param name="Left">Permits still in the bucket.</param>
/// <param name="RetryAfter">When nothing was granted: how long until one permit is there.</param>
public readonly record struct PermitLease(int Granted, int Left, TimeSpan RetryAfter);

/// <summary>
/// Token buckets in Redis, shared by all instances: one script per lease, on the clock of Redis, so that no instance's clock matters. A bucket that
/// was full for a while is simply not there.
/// </summary>
public sealed class RateLimitStore(IConnectionMultiplexer redis)
{
    private const string LeaseScript = """
        local rate, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local state = redis.call('HMGET', KEYS[1], 'p', 't')
        local permits = tonumber(state[1]) or burst
        local since = tonumber(state[2]) or now
        permits = math.min(burst, permits + math.max(0, now - since) * rate / 1000)
        local granted = math.min(wanted, math.floor(permits))
        local wait = 0
        if granted == 0 then wait = math.ceil((1 - permits) * 1000 / rate) end
        permits = permits - granted
        redis.call('HSET', KEYS[1], 'p', tostring(permits), 't', now)
        redis.call('PEXPIRE', KEYS[1], math.ceil((burst - permits) * 1000 / rate) + 1000)
        return {granted, math.floor(permits), wait}
        """;

    /// <summary>Takes up to <paramref name="wanted"/> permits out of the caller's bucket.</summary>
    /// <returns>Null when Redis cannot be asked.</returns>
    public async Task<PermitLease?> LeaseAsync(Guid tenantId, Guid callerId, double permitsPerSecond, int burst, int wanted)
    {
        if (!redis.IsConnected)
        {
            return null;
        }

        try
        {
            var result = (RedisResult[])(await redis.GetDatabase().ScriptEvaluateAsync(
                LeaseScript, [$"wf:{{{tenantId:N}}}:rate:{callerId:N}"], [permitsPerSecond, burst, wanted]))!;
            return new PermitLease((int)result[0], (int)result[1], TimeSpan.FromMilliseconds((int)result[2]));
        }
        catch (RedisException)
        {
            return null; // the caller limits by itself meanwhile
        }
        catch (TimeoutException)
        {
            return null;
        }
    }
}

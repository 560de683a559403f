using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Workflows.Data.Identity;

/// <summary>What a bucket gave.</summary>
/// <param name="Granted">Permits taken out, at most as many as asked for.</param>
/// <param name="Left">Permits still in the bucket.</param>
/// <param name="RetryAfter">When nothing was granted: how long until one permit is there.</param>
public readonly record struct PermitLease(int Granted, int Left, TimeSpan RetryAfter);

/// <summary>
/// Token buckets in Redis, shared by all instances: one script per lease, on the clock of Redis, so that no instance's
/// clock matters. A bucket that was full for a while is simply not there. Redis is a help and no condition: an answer is waited for
/// <see cref="Patience"/>, and after a vain wait or an error (full, read-only) nobody asks for <see cref="Pause"/>;
/// callers limit by themselves meanwhile.
/// </summary>
public sealed partial class RateLimitStore(IConnectionMultiplexer redis, TimeProvider clock,
    ILogger<RateLimitStore> log)
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

    /// <summary>How long an answer of Redis is waited for.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    /// <summary>How long nobody asks after Redis did not answer in time or refused.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);

    private long _silentSince;
    private long _toldAt;
    private volatile string? _trouble;

    /// <summary>Why Redis limits nothing at the moment; null when it does, as far as is known.</summary>
    public string? Trouble => _trouble;

    /// <summary>Takes up to <paramref name="wanted"/> permits out of the caller's bucket.</summary>
    /// <returns>Null when Redis cannot be asked: the caller limits by itself.</returns>
    public async ValueTask<PermitLease?> LeaseAsync(Guid tenantId, Guid callerId, double permitsPerSecond, int burst,
        int wanted)
    {
        var silentSince = Volatile.Read(ref _silentSince);
        if (!redis.IsConnected || (silentSince != 0 && clock.GetElapsedTime(silentSince) < Pause))
        {
            return null;
        }

        try
        {
            var asked = redis.GetDatabase().ScriptEvaluateAsync(
                LeaseScript, [$"wf:{{{tenantId:N}}}:rate:{callerId:N}"], [permitsPerSecond, burst, wanted]);
            _ = asked.ContinueWith(
                // nobody may be waiting any more
                static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default);
            var result = (RedisResult[])(await asked.WaitAsync(Patience))!;
            Recovered();
            return new PermitLease((int)result[0], (int)result[1], TimeSpan.FromMilliseconds((int)result[2]));
        }
        catch (RedisException exception)
        {
            return Failed(exception.Message); // full, read-only, without password, or gone
        }
        catch (TimeoutException)
        {
            return Failed($"no answer within {Patience.TotalMilliseconds:0} ms");
        }
    }

    private PermitLease? Failed(string reason)
    {
        var now = clock.GetTimestamp();
        Volatile.Write(ref _silentSince, now);
        var toldAt = Volatile.Read(ref _toldAt);
        var isNew = Interlocked.Exchange(ref _trouble, reason) is null;
        if (isNew && (toldAt == 0 || clock.GetElapsedTime(toldAt) > TellEvery)
            && Interlocked.CompareExchange(ref _toldAt, now, toldAt) == toldAt)
        {
            LogTrouble(reason); // not for every call, nor for every stutter of a busy machine
        }

        return null;
    }

    private void Recovered()
    {
        if (_trouble is not null && Interlocked.Exchange(ref _trouble, null) is not null)
        {
            Volatile.Write(ref _silentSince, 0);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Redis limits no callers at the moment, each instance does by itself: {Reason}")]
    private partial void LogTrouble(string reason);
}

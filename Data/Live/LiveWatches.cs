using System.Collections.Concurrent;
using StackExchange.Redis;
using Workflows.Data.Dispatch;

namespace Workflows.Data.Live;

/// <summary>
/// Which executions somebody looks on at, known to workers, so that they tell of no others. Instances of the API say
/// it again while it is so; what is not said again ends by itself. Thread-safe.
/// </summary>
public sealed class LiveWatches(IConnectionMultiplexer redis, TimeProvider clock)
{
    private const string Key = "wf:live:watched";
    private const int MemberBytes = 32;

    private static readonly RedisChannel Channel = RedisChannel.Literal("wf:live:watched");

    private readonly ConcurrentDictionary<(Guid TenantId, Guid ExecutionId), DateTimeOffset> _watched = new();
    private readonly Lock _gate = new();
    private int _count;

    /// <summary>Nobody looks on at anything: the usual case, asked before each checkpoint is told of.</summary>
    public bool IsEmpty => Volatile.Read(ref _count) == 0;

    /// <summary>Somebody looks on at this execution.</summary>
    public bool IsWatched(Guid tenantId, Guid executionId) => IsKnown(tenantId, executionId);

    /// <summary>Somebody looks on at all executions of the tenant.</summary>
    public bool IsWatched(Guid tenantId) => IsKnown(tenantId, Guid.Empty);

    /// <summary>Says that somebody looks on; again every ten seconds while it is so.</summary>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="executionId">Empty = all executions of the tenant.</param>
    /// <param name="isNew">Workers hear of it at once; of what is said again when they read all watches.</param>
    public void Say(Guid tenantId, Guid executionId, bool isNew)
    {
        if (!redis.IsConnected)
        {
            return; // said again when the connection is back
        }

        var member = new byte[MemberBytes];
        tenantId.TryWriteBytes(member, bigEndian: true, out _);
        executionId.TryWriteBytes(member.AsSpan(16), bigEndian: true, out _);
        try
        {
            var until = (clock.GetUtcNow() + Limits.LiveWatch).ToUnixTimeMilliseconds();
            redis.GetDatabase().SortedSetAdd(Key, member, until, CommandFlags.FireAndForget);
            if (isNew)
            {
                redis.GetSubscriber().Publish(Channel, member, CommandFlags.FireAndForget);
            }
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception) || exception is ObjectDisposedException)
        {
            return; // as above
        }
    }

    /// <summary>Starts hearing of watches, and reads those that were said before.</summary>
    /// <exception cref="RedisException">Redis is away; call again after a pause.</exception>
    public async Task ListenAsync()
    {
        await redis.GetSubscriber().SubscribeAsync(Channel, (_, member) => Note((byte[])member!));
        await RefreshAsync();
    }

    /// <summary>Reads all watches and forgets those that ended; for a call now and then.</summary>
    /// <exception cref="RedisException">Redis is away.</exception>
    public async Task RefreshAsync()
    {
        var now = clock.GetUtcNow();
        var database = redis.GetDatabase();
        await database.SortedSetRemoveRangeByScoreAsync(Key, 0, now.ToUnixTimeMilliseconds(), Exclude.Stop);
        foreach (var member in await database.SortedSetRangeByScoreAsync(Key, take: Limits.LiveWatchesKnown))
        {
            Note((byte[])member!);
        }

        lock (_gate)
        {
            foreach (var (watched, until) in _watched)
            {
                if (until <= now)
                {
                    _watched.TryRemove(watched, out _);
                }
            }

            Volatile.Write(ref _count, _watched.Count);
        }
    }

    private void Note(byte[] member)
    {
        if (member.Length != MemberBytes || Volatile.Read(ref _count) >= Limits.LiveWatchesKnown)
        {
            return;
        }

        var watched = (new Guid(member.AsSpan(0, 16), bigEndian: true), new Guid(member.AsSpan(16), bigEndian: true));
        lock (_gate)
        {
            _watched[watched] = clock.GetUtcNow() + Limits.LiveWatch;
            Volatile.Write(ref _count, _watched.Count);
        }
    }

    private bool IsKnown(Guid tenantId, Guid executionId) =>
        !IsEmpty && _watched.TryGetValue((tenantId, executionId), out var until) && until > clock.GetUtcNow();
}

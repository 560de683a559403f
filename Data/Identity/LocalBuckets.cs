using BitFaster.Caching.Lru;

namespace Workflows.Data.Identity;

/// <summary>Equal token buckets by key, in the memory of one process; beyond <paramref name="capacity"/> the one that
/// was silent longest is forgotten.</summary>
/// <param name="capacity">Buckets in memory.</param>
/// <param name="permitsPerSecond">Refill of each.</param>
/// <param name="burst">Size of each, in permits; they begin full.</param>
/// <param name="clock">Of this process.</param>
public sealed class LocalBuckets(int capacity, double permitsPerSecond, int burst, TimeProvider clock)
{
    private readonly FastConcurrentLru<Guid, LocalBucket> _buckets = new(capacity);

    /// <summary>Takes up to <paramref name="wanted"/> permits out of a bucket.</summary>
    public PermitLease Take(Guid key, int wanted) =>
        _buckets.GetOrAdd(key, _ => new LocalBucket(permitsPerSecond, burst, clock)).Take(wanted);
}

using System.Collections.Concurrent;
using Workflows.Data.Identity;

namespace Workflows.Api.Http.Security;

/// <summary>Requests that one API key or user may make; configuration section <c>RateLimits</c>.</summary>
internal sealed class RateLimitOptions
{
    /// <summary>Refill of the bucket, over all instances together.</summary>
    public double PermitsPerSecond { get; set; } = 10_000;

    /// <summary>Size of the bucket: how much may come at once.</summary>
    public int Burst { get; set; } = 20_000;

    /// <summary>Password logins from one network address, refilled.</summary>
    public double LoginsPerSecond { get; set; } = 1;

    /// <summary>Password logins that may come at once from one network address.</summary>
    public int LoginBurst { get; set; } = 20;

    /// <summary>Calls per second of one webhook that anybody may call (<c>auth: none</c>), over all instances; others
    /// have the limit of a caller.</summary>
    public double OpenWebhooksPerSecond { get; set; } = 200;

    /// <summary>Calls of one such webhook that may come at once.</summary>
    public int OpenWebhookBurst { get; set; } = 400;
}

/// <summary>What to tell the client about its budget.</summary>
internal readonly record struct RateDecision(bool Allowed, int Remaining, TimeSpan RetryAfter);

/// <summary>
/// Limits callers without asking Redis for every request: permits are leased in portions out of the shared bucket and spent from memory, a portion being 2 % of the
/// bucket and good for one second. So instances together exceed the limit by no more than their portions. Without Redis each instance keeps a bucket of the
/// same size by itself: a limit that is too generous, rather than an outage.
/// </summary>
internal sealed class RateLimiter(RateLimitStore store, RateLimitOptions options, TimeProvider clock)
{
    private const int PortionsPerBucket = 50;
    private const int TrimAbove = 10_000;

    private static readonly TimeSpan PortionLifetime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Guid, Portion> _portions = new();

    public RateLimitOptions Options => options;

    public ValueTask<RateDecision> TakeAsync(Caller caller)
    {
        if (!_portions.TryGetValue(caller.Id, out var portion))
        {
            portion = _portions.GetOrAdd(caller.Id, _ => new Portion(options.Burst));
            Trim();
        }

        return portion.TryTake(clock.GetTimestamp(), clock, out var decision) ? ValueTask.FromResult(decision) : LeaseAsync(caller, portion);
    }

    private async ValueTask<RateDecision> LeaseAsync(Caller caller, Portion portion)
    {
        await portion.Gate.WaitAsync();
        try
        {
            if (portion.TryTake(clock.GetTimestamp(), clock, out var decision))
            {
                return decision;
            }

            var wanted = Math.Max(1, options.Burst / PortionsPerBucket);
            var lease = await store.LeaseAsync(caller.TenantId, caller.Id, options.PermitsPerSecond, options.Burst, wanted)
                ?? portion.LeaseLocally(wanted, options, clock);
            return lease.Granted == 0
                ? new RateDecision(false, 0, lease.RetryAfter)
                : portion.Fill(lease, clock.GetTimestamp());
        }
        finally
        {
            portion.Gate.Release();
        }
    }

    private void Trim()
    {
        if (_portions.Count <= TrimAbove)
        {
            return;
        }

        foreach (var (id, portion) in _portions)
        {
            if (portion.IsIdle(clock))
            {
                _portions.TryRemove(id, out _);
            }
        }
    }

    private sealed class Portion(int burst)
    {
        private int _permits;
        private int _leftInBucket = burst;
        private long _leasedAt;
        private double _localPermits = burst;
        private long _localSince;

        /// <summary>One lease at a time per caller.</summary>
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public bool IsIdle(TimeProvider clock) => clock.GetElapsedTime(Volatile.Read(ref _leasedAt)) > ForgetAfter;

        public bool TryTake(long now, TimeProvider clock, out RateDecision decision)
        {
            if (clock.GetElapsedTime(Volatile.Read(ref _leasedAt), now) < PortionLifetime)
            {
                var left = Interlocked.Decrement(ref _permits);
                if (left >= 0)
                {
                    decision = new RateDecision(true, left + Volatile.Read(ref _leftInBucket), TimeSpan.Zero);
                    return true;
                }
            }

            decision = default;
            return false;
        }

        public RateDecision Fill(PermitLease lease, long now)
        {
            Volatile.Write(ref _leftInBucket, lease.Left);
            Interlocked.Exchange(ref _permits, lease.Granted - 1);
            Volatile.Write(ref _leasedAt, now);
            return new RateDecision(true, lease.Left + lease.Granted - 1, TimeSpan.Zero);
        }

        public PermitLease LeaseLocally(int wanted, RateLimitOptions options, TimeProvider clock)
        {
            var now = clock.GetTimestamp();
            if (_localSince != 0)
            {
                _localPermits = Math.Min(options.Burst, _localPermits + (clock.GetElapsedTime(_localSince, now).TotalSeconds * options.PermitsPerSecond));
            }

            _localSince = now;
            var granted = Math.Min(wanted, (int)_localPermits);
            _localPermits -= granted;
            return new PermitLease(
                granted, (int)_localPermits, granted > 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((1 - _localPermits) / options.PermitsPerSecond));
        }
    }
}

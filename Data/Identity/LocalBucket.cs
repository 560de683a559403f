namespace Workflows.Data.Identity;

/// <summary>A token bucket in the memory of one process: what limits while Redis is away. Safe for many
/// threads.</summary>
/// <param name="permitsPerSecond">Refill.</param>
/// <param name="burst">Size, in permits; it begins full.</param>
/// <param name="clock">Of this process; only time that passes on it counts.</param>
public sealed class LocalBucket(double permitsPerSecond, int burst, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private double _permits = burst;
    private long _since = clock.GetTimestamp();

    /// <summary>Takes up to <paramref name="wanted"/> permits.</summary>
    public PermitLease Take(int wanted)
    {
        lock (_lock)
        {
            var now = clock.GetTimestamp();
            _permits = Math.Min(burst, _permits + (clock.GetElapsedTime(_since, now).TotalSeconds * permitsPerSecond));
            _since = now;
            var granted = Math.Min(wanted, (int)_permits);
            _permits -= granted;
            var wait = granted > 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((1 - _permits) / permitsPerSecond);
            return new PermitLease(granted, (int)_permits, wait);
        }
    }
}

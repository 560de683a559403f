namespace StackExchange.Redis;

public interface IReconnectRetryPolicy
{
    /// <summary>Whether the time has come to try again.</summary>
    bool ShouldRetry(long currentRetryCount, int timeElapsedMillisecondsSinceLastRetry);
}

/// <summary>Tries again each time the given number of milliseconds has passed.</summary>
public class LinearRetry : IReconnectRetryPolicy
{
    private readonly int _waitMilliseconds;

    public LinearRetry(int maxRetryElapsedTimeAllowedMilliseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxRetryElapsedTimeAllowedMilliseconds);
        _waitMilliseconds = maxRetryElapsedTimeAllowedMilliseconds;
    }

    public bool ShouldRetry(long currentRetryCount, int timeElapsedMillisecondsSinceLastRetry) =>
        timeElapsedMillisecondsSinceLastRetry >= _waitMilliseconds;
}

/// <summary>Waits a tenth longer after each try, up to a bound, at random between the first wait and the present one.</summary>
public class ExponentialRetry : IReconnectRetryPolicy
{
    private const int DefaultMaxMilliseconds = 10_000;
    private readonly int _firstMilliseconds;
    private readonly int _maxMilliseconds;

    public ExponentialRetry(int deltaBackOffMilliseconds)
        : this(deltaBackOffMilliseconds, Math.Max(deltaBackOffMilliseconds, DefaultMaxMilliseconds))
    {
    }

    public ExponentialRetry(int deltaBackOffMilliseconds, int maxDeltaBackOffMilliseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(deltaBackOffMilliseconds);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDeltaBackOffMilliseconds, deltaBackOffMilliseconds);
        _firstMilliseconds = deltaBackOffMilliseconds;
        _maxMilliseconds = maxDeltaBackOffMilliseconds;
    }

    public bool ShouldRetry(long currentRetryCount, int timeElapsedMillisecondsSinceLastRetry)
    {
        var present = (int)Math.Min(_maxMilliseconds, _firstMilliseconds * Math.Pow(1.1, currentRetryCount));
        return timeElapsedMillisecondsSinceLastRetry >= Random.Shared.Next(_firstMilliseconds, Math.Max(_firstMilliseconds, present) + 1);
    }
}

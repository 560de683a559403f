namespace Polly.RateLimiting;

/// <summary>The rate limiter refused the execution; nothing was sent.</summary>
public sealed class RateLimiterRejectedException : ExecutionRejectedException
{
    private const string DefaultMessage = "The operation could not be executed because it was rejected by the rate limiter.";

    public RateLimiterRejectedException()
        : base(DefaultMessage)
    {
    }

    public RateLimiterRejectedException(string message)
        : base(message)
    {
    }

    public RateLimiterRejectedException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public RateLimiterRejectedException(TimeSpan retryAfter)
        : base($"{DefaultMessage} It can be retried after '{retryAfter}'.") =>
        RetryAfter = retryAfter;

    /// <summary>When the limiter says so: how long to wait before the next try.</summary>
    public TimeSpan? RetryAfter { get; }
}

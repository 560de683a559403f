using System.ComponentModel.DataAnnotations;
using System.Threading.RateLimiting;

namespace Polly.RateLimiting;

/// <summary>Options of the rate limiter strategy. Without a <see cref="RateLimiter"/>, a concurrency limiter is made of the default options.</summary>
public class RateLimiterStrategyOptions : ResilienceStrategyOptions
{
    public const int DefaultPermitLimit = 1000;
    public const int DefaultQueueLimit = 0;

    public RateLimiterStrategyOptions() => Name = "RateLimiter";

    [Required]
    public ConcurrencyLimiterOptions DefaultRateLimiterOptions { get; set; } =
        new() { PermitLimit = DefaultPermitLimit, QueueLimit = DefaultQueueLimit };

    public Func<RateLimiterArguments, ValueTask<RateLimitLease>>? RateLimiter { get; set; }

    public Func<OnRateLimiterRejectedArguments, ValueTask>? OnRejected { get; set; }
}

/// <summary>What a rate limiter delegate is given.</summary>
public readonly struct RateLimiterArguments(ResilienceContext context)
{
    public ResilienceContext Context { get; } = context;
}

/// <summary>What the handler of a rejection is given.</summary>
public readonly struct OnRateLimiterRejectedArguments(ResilienceContext context, RateLimitLease lease)
{
    public ResilienceContext Context { get; } = context;

    public RateLimitLease Lease { get; } = lease;
}

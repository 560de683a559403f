using System.Threading.RateLimiting;
using Polly.RateLimiting;

namespace Polly;

public static class RateLimiterResiliencePipelineBuilderExtensions
{
    /// <summary>Lets at most <paramref name="permitLimit"/> executions run at once, and as many as the queue holds wait.</summary>
    public static TBuilder AddConcurrencyLimiter<TBuilder>(this TBuilder builder, int permitLimit, int queueLimit = 0)
        where TBuilder : ResiliencePipelineBuilderBase =>
        builder.AddConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = permitLimit, QueueLimit = queueLimit });

    public static TBuilder AddConcurrencyLimiter<TBuilder>(this TBuilder builder, ConcurrencyLimiterOptions options)
        where TBuilder : ResiliencePipelineBuilderBase =>
        builder.AddRateLimiter(new RateLimiterStrategyOptions { DefaultRateLimiterOptions = options });

    /// <summary>Uses a limiter that the caller owns and disposes.</summary>
    public static TBuilder AddRateLimiter<TBuilder>(this TBuilder builder, RateLimiter limiter)
        where TBuilder : ResiliencePipelineBuilderBase =>
        builder.AddRateLimiter(new RateLimiterStrategyOptions
        {
            RateLimiter = arguments => limiter.AcquireAsync(1, arguments.Context.CancellationToken),
        });

    public static TBuilder AddRateLimiter<TBuilder>(this TBuilder builder, RateLimiterStrategyOptions options)
        where TBuilder : ResiliencePipelineBuilderBase
    {
        ArgumentNullException.ThrowIfNull(options);
        return builder.AddStrategy(context => Create(context, options), options);
    }

    private static RateLimiterResilienceStrategy Create(StrategyBuilderContext context, RateLimiterStrategyOptions options)
    {
        if (options.RateLimiter is { } limiter)
        {
            return new RateLimiterResilienceStrategy(limiter, options.OnRejected, context.Telemetry, owned: null);
        }

        var owned = new ConcurrencyLimiter(options.DefaultRateLimiterOptions);
        return new RateLimiterResilienceStrategy(
            arguments => owned.AcquireAsync(1, arguments.Context.CancellationToken), options.OnRejected, context.Telemetry, owned);
    }
}

using System.Threading.RateLimiting;
using Polly.Telemetry;

namespace Polly.RateLimiting;

internal sealed class RateLimiterResilienceStrategy(
    Func<RateLimiterArguments, ValueTask<RateLimitLease>> limiter,
    Func<OnRateLimiterRejectedArguments, ValueTask>? onRejected,
    ResilienceStrategyTelemetry telemetry,
    RateLimiter? owned) : ResilienceStrategy, IAsyncDisposable
{
    public ValueTask DisposeAsync() => owned?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async ValueTask<Outcome<TResult>> ExecuteCore<TResult, TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state)
    {
        using var lease = await limiter(new RateLimiterArguments(context));
        if (lease.IsAcquired)
        {
            return await callback(context, state);
        }

        var rejected = new OnRateLimiterRejectedArguments(context, lease);
        telemetry.Report(new ResilienceEvent(ResilienceEventSeverity.Error, "OnRateLimiterRejected"), context, rejected);
        if (onRejected is not null)
        {
            await onRejected(rejected);
        }

        return Outcome.FromException<TResult>(lease.TryGetMetadata(MetadataName.RetryAfter, out var retryAfter)
            ? new RateLimiterRejectedException(retryAfter)
            : new RateLimiterRejectedException());
    }
}

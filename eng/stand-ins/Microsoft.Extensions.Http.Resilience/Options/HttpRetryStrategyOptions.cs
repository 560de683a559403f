using System.Diagnostics.CodeAnalysis;
using Polly;
using Polly.Retry;

namespace Microsoft.Extensions.Http.Resilience;

/// <summary>Retries transient failures with exponential back-off and jitter; waits as long as the server's Retry-After says.</summary>
public class HttpRetryStrategyOptions : RetryStrategyOptions<HttpResponseMessage>
{
    public HttpRetryStrategyOptions()
    {
        ShouldHandle = arguments =>
            ValueTask.FromResult(HttpClientResiliencePredicates.IsTransient(arguments.Outcome, arguments.Context.CancellationToken));
        BackoffType = DelayBackoffType.Exponential;
        UseJitter = true;
        ShouldRetryAfterHeader = true;
    }

    /// <summary>Whether a Retry-After header replaces the computed delay. True by default; setting it replaces DelayGenerator.</summary>
    public bool ShouldRetryAfterHeader
    {
        get;
        set
        {
            field = value;
            DelayGenerator = value ? static arguments => ValueTask.FromResult(RetryAfter(arguments.Outcome.Result)) : null;
        }
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage? response) => response?.Headers.RetryAfter switch
    {
        { Delta: { } delta } when delta >= TimeSpan.Zero => delta,
        { Date: { } date } when date - TimeProvider.System.GetUtcNow() is var delay && delay >= TimeSpan.Zero => delay,
        _ => null,
    };
}

[Experimental("EXTEXP0001")]
public static class HttpRetryStrategyOptionsExtensions
{
    /// <summary>Sends POST, PUT, PATCH, DELETE and CONNECT only once: repeating them may repeat their effect.</summary>
    public static void DisableForUnsafeHttpMethods(this HttpRetryStrategyOptions options) =>
        options.DisableFor(HttpMethod.Post, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Delete, HttpMethod.Connect);

    public static void DisableFor(this HttpRetryStrategyOptions options, params HttpMethod[] methods)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfZero(methods.Length);
        var shouldHandle = options.ShouldHandle;
        options.ShouldHandle = async arguments =>
            await shouldHandle(arguments)
            && !((arguments.Outcome.Result?.RequestMessage ?? arguments.Context.GetRequestMessage()) is { } request
                && methods.Contains(request.Method));
    }
}

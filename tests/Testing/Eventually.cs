using System.Runtime.CompilerServices;

namespace Workflows.Testing;

/// <summary>Polls for a condition that has no signal to await. Bounded; the failure names the condition.</summary>
public static class Eventually
{
    /// <summary>How long a condition may take when the caller names no time.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until <paramref name="condition"/> is true.</summary>
    /// <exception cref="TimeoutException">It was still false after <paramref name="timeout"/>.</exception>
    public static Task TrueAsync(
        Func<bool> condition,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(condition))] string? text = null) =>
        TrueAsync(() => Task.FromResult(condition()), timeout, cancellationToken, text);

    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan?, CancellationToken, string?)"/>
    public static async Task TrueAsync(
        Func<Task<bool>> condition,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(condition))] string? text = null)
    {
        await GetAsync(async () => await condition() ? text : null, timeout, cancellationToken, text);
    }

    /// <summary>Waits until <paramref name="probe"/> gives something, and returns it.</summary>
    /// <exception cref="TimeoutException">It still gave null after <paramref name="timeout"/>.</exception>
    public static async Task<T> GetAsync<T>(
        Func<Task<T?>> probe,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(probe))] string? text = null)
        where T : class
    {
        var limit = timeout ?? DefaultTimeout;
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (await probe() is { } value)
            {
                return value;
            }

            if (TimeProvider.System.GetElapsedTime(started) >= limit)
            {
                throw new TimeoutException($"Not true after {limit}: {text}");
            }

            await Task.Delay(Interval, TimeProvider.System, cancellationToken);
        }
    }
}

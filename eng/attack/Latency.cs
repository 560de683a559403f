using System.Diagnostics;

namespace Workflows.Attack;

/// <summary>How long calls took, in milliseconds.</summary>
internal sealed record Latency(double Median, double Longest, int Count, int Failed, string? Failure)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);

    /// <summary>Makes one call after the other for a while.</summary>
    /// <param name="call">The call. A failure of it is counted, with the time it took.</param>
    /// <param name="duration">After which no further one begins.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Latency> OfAsync(
        Func<CancellationToken, Task> call, TimeSpan duration, CancellationToken cancellationToken)
    {
        var (times, failed, failure, whole) = (new List<double>(), 0, (string?)null, Stopwatch.StartNew());
        while (whole.Elapsed < duration)
        {
            var time = Stopwatch.StartNew();
            try
            {
                await call(cancellationToken);
            }
            catch (Exception exception) when (exception is AttackException or RefusedException)
            {
                failed++;
                failure ??= exception.Message;
            }

            times.Add(time.Elapsed.TotalMilliseconds);
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }

        times.Sort();
        return new Latency(times[times.Count / 2], times[^1], times.Count, failed, failure);
    }

    public override string ToString() => FormattableString.Invariant(
        $"{Count} calls of B, p50 {Median:0} ms, longest {Longest:0} ms, {Failed} failed")
        + (Failure is null ? "" : $" ({Failure})");
}

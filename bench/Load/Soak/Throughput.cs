using System.Collections.Concurrent;
using System.Diagnostics;

namespace Workflows.Load.Soak;

/// <summary>Ends of executions as their callers see them, second by second.</summary>
internal sealed class Throughput
{
    private const double Back = 0.8;
    private const int SecondsInARow = 5;
    private const int SecondsBefore = 15;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly ConcurrentQueue<double> _ends = new();

    /// <summary>Seconds since it was made.</summary>
    public double Now => Stopwatch.GetElapsedTime(_began).TotalSeconds;

    /// <summary>An execution has ended.</summary>
    public void Count() => _ends.Enqueue(Now);

    /// <summary>Ends per second in the last 15 s.</summary>
    public double Rate() => Between(Now - SecondsBefore, Now) / (double)SecondsBefore;

    /// <summary>
    /// Waits until five seconds in a row have each brought at least 80 % of a rate, and says when the first of them
    /// began.
    /// </summary>
    /// <param name="from">When the fault came, in seconds of <see cref="Now"/>.</param>
    /// <param name="rate">What was before it.</param>
    /// <param name="patience">When to give up.</param>
    /// <returns>Seconds after <paramref name="from"/>; null when it did not come back in time.</returns>
    public async Task<double?> BackAfterAsync(double from, double rate, TimeSpan patience)
    {
        var start = from;
        while (start - from < patience.TotalSeconds)
        {
            if (Now < start + SecondsInARow)
            {
                await Task.Delay(Poll, CancellationToken.None);
            }
            else if (IsSteady(start, rate))
            {
                return start - from;
            }
            else
            {
                start += Poll.TotalSeconds;
            }
        }

        return null;
    }

    /// <summary>Forgets what is older than two minutes.</summary>
    public void Trim()
    {
        while (_ends.TryPeek(out var end) && end < Now - 120)
        {
            _ends.TryDequeue(out _);
        }
    }

    private bool IsSteady(double start, double rate) => Enumerable.Range(0, SecondsInARow)
        .All(second => Between(start + second, start + second + 1) >= Back * rate);

    private int Between(double from, double to) => _ends.Count(end => end >= from && end < to);
}

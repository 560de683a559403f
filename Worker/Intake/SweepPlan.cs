namespace Workflows.Worker.Intake;

/// <summary>
/// Decides how far back a sweep for queued executions looks. What was seen to be empty need not be read again each
/// time: while PostgreSQL may not remove dead rows, the whole queue costs an entry for each execution since. So most
/// sweeps begin where the last complete one ended, and the whole queue is read at a bounded part of the time. Until a
/// sweep was complete, each reads all.
/// </summary>
internal sealed class SweepPlan(TimeProvider clock)
{
    /// <summary>Reading the whole queue takes at most one part in so many of the time.</summary>
    private const int RestPerCost = 50;

    /// <summary>
    /// The longest time a queued execution that no stream told of, and that became visible late, stays unseen.
    /// </summary>
    private static readonly TimeSpan LongestWithoutWhole = TimeSpan.FromSeconds(30);

    /// <summary>Transactions that queue something become visible after the instant they wrote; clocks differ.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private DateTimeOffset? _emptyUntil;
    private long _lastWhole;
    private TimeSpan _cost;

    /// <summary>From when on the next sweep looks; null = over the whole queue.</summary>
    public DateTimeOffset? Next()
    {
        var rest = _cost * RestPerCost;
        var longest = rest < LongestWithoutWhole ? rest : LongestWithoutWhole;
        return _emptyUntil is null || clock.GetElapsedTime(_lastWhole) >= longest ? null : _emptyUntil;
    }

    /// <param name="since">As <see cref="Next"/> said.</param>
    /// <param name="until">Up to when it looked.</param>
    /// <param name="complete">It found less than it would have taken.</param>
    public void Swept(DateTimeOffset? since, DateTimeOffset until, bool complete, TimeSpan took)
    {
        if (since is null)
        {
            _lastWhole = clock.GetTimestamp();
            _cost = took;
        }

        if (complete)
        {
            var now = clock.GetUtcNow();
            _emptyUntil = (until < now ? until : now) - Margin;
        }
    }
}

using System.Diagnostics;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Execution;

/// <summary>The turns of one execution, by the clock. Used under its gate.</summary>
internal sealed class TimedTurn(TimeProvider clock) : DecisionTurn
{
    // Cheap nodes share an instant: reading the database's time for each of thousands would cost more than they do.
    private static readonly long Resolution = Stopwatch.Frequency / 1_000;
    private static readonly long Length = (long)(Limits.DecisionTurn.TotalSeconds * Stopwatch.Frequency);

    private DateTimeOffset _now;
    private long _readAt;
    private long _beganAt;

    /// <summary>Of the database, to within a millisecond.</summary>
    public override DateTimeOffset Now
    {
        get
        {
            var at = Stopwatch.GetTimestamp();
            if (at - _readAt >= Resolution)
            {
                _readAt = at;
                _now = clock.GetUtcNow();
            }

            return _now;
        }
    }

    public override bool IsOver => Stopwatch.GetTimestamp() - _beganAt >= Length;

    /// <summary>Another turn begins.</summary>
    public void Begin()
    {
        _now = clock.GetUtcNow();
        _readAt = _beganAt = Stopwatch.GetTimestamp();
    }
}

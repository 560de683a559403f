using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>The turns of one execution, by the clock. Used under its gate.</summary>
internal sealed class TimedTurn(TimeProvider clock) : DecisionTurn
{
    // Cheap nodes share an instant: reading the database's time for each of thousands would cost more than they do.
    private readonly long _resolution = clock.TimestampFrequency / 1_000;
    private readonly long _length = (long)(Limits.DecisionTurn.TotalSeconds * clock.TimestampFrequency);

    private DateTimeOffset _now;
    private long _readAt;
    private long _beganAt;

    /// <summary>Of the database, to within a millisecond.</summary>
    public override DateTimeOffset Now
    {
        get
        {
            var at = clock.GetTimestamp();
            if (at - _readAt >= _resolution)
            {
                _readAt = at;
                _now = clock.GetUtcNow();
            }

            return _now;
        }
    }

    public override bool IsOver => clock.GetTimestamp() - _beganAt >= _length;

    /// <summary>Another turn begins.</summary>
    public void Begin()
    {
        _now = clock.GetUtcNow();
        _readAt = _beganAt = clock.GetTimestamp();
    }
}

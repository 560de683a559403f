namespace Workflows.Worker.Tests.Ownership;

/// <summary>A clock that runs on by a little whenever somebody looks at it, so that turns end anywhere.</summary>
internal sealed class SteppingClock(int seed) : TimeProvider
{
    private static readonly DateTimeOffset Epoch = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private TimeSpan _passed;

    /// <summary>By how much at most; zero = it stands still.</summary>
    public TimeSpan LongestStep { get; init; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return Epoch + _passed;
        }
    }

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            _passed += LongestStep * _random.NextDouble();
            return _passed.Ticks;
        }
    }

    public void AdvanceTo(DateTimeOffset instant)
    {
        lock (_gate)
        {
            _passed = instant - Epoch > _passed ? instant - Epoch : _passed;
        }
    }
}

namespace Workflows.Testing;

/// <summary>The clock of a machine whose time of day somebody sets. Like a real one's, its timers and timestamps do not notice.</summary>
public sealed class JumpingClock : TimeProvider
{
    private long _offsetTicks;

    /// <summary>How far its time of day is ahead of the right one; negative = behind.</summary>
    public TimeSpan Offset
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _offsetTicks));
        set => Volatile.Write(ref _offsetTicks, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
}

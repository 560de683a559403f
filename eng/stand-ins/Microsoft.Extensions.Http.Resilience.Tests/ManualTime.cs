namespace Microsoft.Extensions.Http.Resilience.Tests;

/// <summary>
/// A clock that stands still until advanced. <see cref="NextTimerAsync(TimeSpan)"/> lets a test wait until the code under test really
/// sleeps, so that no real time has to pass and no advance comes too early.
/// </summary>
internal sealed class ManualTime : TimeProvider
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(Predicate<TimeSpan> Matches, TaskCompletionSource<TimeSpan> Found)> _waiters = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Completes when a timer with a matching due time is pending.</summary>
    public Task<TimeSpan> NextTimerAsync(Predicate<TimeSpan> matches)
    {
        lock (_lock)
        {
            foreach (var timer in _timers.Where(timer => matches(timer.Delay)))
            {
                return Task.FromResult(timer.Delay);
            }

            var found = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((matches, found));
            return found.Task.WaitAsync(Bound, System);
        }
    }

    public Task<TimeSpan> NextTimerAsync(TimeSpan delay) => NextTimerAsync(pending => pending == delay);

    public void Advance(TimeSpan by)
    {
        ManualTimer[] due;
        lock (_lock)
        {
            _now += by;
            due = [.. _timers.Where(timer => timer.DueAt <= _now)];
            _timers.RemoveAll(due.Contains);
        }

        foreach (var timer in due)
        {
            timer.Fire();
        }
    }

    private sealed class ManualTimer(ManualTime time, Action callback) : ITimer
    {
        public TimeSpan Delay { get; private set; }

        public DateTimeOffset DueAt { get; private set; }

        public void Fire() => callback();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
                if (dueTime < TimeSpan.Zero)
                {
                    return true;
                }

                Delay = dueTime;
                DueAt = time._now + dueTime;
                time._timers.Add(this);
                foreach (var waiter in time._waiters.Where(waiter => waiter.Matches(dueTime)).ToArray())
                {
                    time._waiters.Remove(waiter);
                    waiter.Found.TrySetResult(dueTime);
                }

                return true;
            }
        }

        public void Dispose()
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

using Workflows.Worker.Intake;

namespace Workflows.Worker.Tests.Intake;

public sealed class SweepPlanTests
{
    private readonly Clock _clock = new();
    private readonly SweepPlan _plan;

    public SweepPlanTests() => _plan = new SweepPlan(_clock);

    [Fact]
    public void Reads_the_whole_queue_until_a_sweep_found_all()
    {
        Assert.Null(_plan.Next());
        _plan.Swept(null, _clock.Now, complete: false, TimeSpan.FromSeconds(1));
        Assert.Null(_plan.Next());
        _plan.Swept(null, _clock.Now, complete: true, TimeSpan.FromSeconds(1));
        Assert.NotNull(_plan.Next());
    }

    [Fact]
    public void Begins_a_little_before_where_the_last_complete_sweep_ended()
    {
        _plan.Swept(null, _clock.Now.AddSeconds(-2), complete: true, TimeSpan.FromSeconds(1));
        Assert.Equal(_clock.Now.AddSeconds(-7), _plan.Next());

        var since = _plan.Next();
        _clock.Now += TimeSpan.FromSeconds(3);
        _plan.Swept(since, _clock.Now.AddSeconds(-2), complete: false, TimeSpan.FromMilliseconds(1));
        Assert.Equal(since, _plan.Next());

        // Without Redis it looks ahead, so as to find what a clock that runs ahead queued; what is to come is not known
        // to be empty.
        _plan.Swept(since, _clock.Now.AddMinutes(1), complete: true, TimeSpan.FromMilliseconds(1));
        Assert.Equal(_clock.Now.AddSeconds(-5), _plan.Next());
    }

    [Theory]
    [InlineData(1, 49, 51)]
    [InlineData(100, 4_900, 5_100)]
    [InlineData(5_000, 29_900, 30_100)]
    public void Reads_the_whole_queue_again_at_a_fiftieth_of_the_time_and_every_half_minute_at_least(
        int cost, int notYet, int again)
    {
        _plan.Swept(null, _clock.Now, complete: true, TimeSpan.FromMilliseconds(cost));
        _clock.Now += TimeSpan.FromMilliseconds(notYet);
        Assert.NotNull(_plan.Next());
        _clock.Now += TimeSpan.FromMilliseconds(again - notYet);
        Assert.Null(_plan.Next());
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.Ticks;
    }
}

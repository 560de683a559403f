using Microsoft.Extensions.Time.Testing;
using Workflows.Data.Rounds;

namespace Workflows.Data.Tests;

public sealed class LoopHealthTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly LoopHealth _health;

    public LoopHealthTests() => _health = new LoopHealth(_clock);

    [Fact]
    public void A_loop_that_fails_is_told_of_once_it_has_failed_for_long()
    {
        _health.Failed("Firing", "no such table");
        Assert.Empty(_health.Problems());

        _clock.Advance(Limits.LoopFailure / 2);
        _health.Failed("Firing", "no such table");
        _clock.Advance(Limits.LoopFailure);

        Assert.Equal(["Firing has failed for 15 s: no such table"], _health.Problems());
        _health.Succeeded("Firing");
        Assert.Empty(_health.Problems());
    }

    [Fact]
    public void A_loop_whose_round_does_not_end_is_told_of()
    {
        _health.Began("Claiming", Limits.LoopSilence);
        _health.Began("Maintenance", 2 * Limits.LoopSilence);
        _clock.Advance(Limits.LoopSilence + TimeSpan.FromSeconds(1));

        Assert.Equal(["Claiming has not come round for 61 s."], _health.Problems());
    }

    [Fact]
    public void Nobody_waits_for_a_loop_that_has_ended()
    {
        _health.Began("Claiming", Limits.LoopSilence);
        _health.Ended("Claiming");
        _clock.Advance(2 * Limits.LoopSilence);

        Assert.Empty(_health.Problems());
    }
}

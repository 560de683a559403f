using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

public sealed class BackoffTests
{
    private static readonly RetryPolicy Policy = new(100, 10, 2, 100, []);
    private static readonly Guid Execution = new("01a1f959-5174-7253-bae2-185d9dd0cb85");

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(4, 40)]
    [InlineData(5, 50)]
    [InlineData(100, 50)]
    public void A_seed_in_the_middle_waits_half_of_what_is_allowed(int attempt, double seconds) =>
        Assert.Equal(seconds, Backoff.Delay(Policy, attempt, 1UL << 63).TotalSeconds);

    [Fact]
    public void The_lowest_seed_does_not_wait_and_the_highest_waits_no_longer_than_is_allowed()
    {
        Assert.Equal(TimeSpan.Zero, Backoff.Delay(Policy, 3, 0));
        Assert.InRange(Backoff.Delay(Policy, 3, ulong.MaxValue).TotalSeconds, 39.999, 40);
    }

    [Theory]
    [InlineData(7, 7)] // the target asks for more than the policy
    [InlineData(3, 5)] // and here for less
    [InlineData(1e9, Limits.RetryDelaySeconds)]
    public void What_the_target_asks_for_counts_when_it_is_longer_up_to_a_bound(double asked, double seconds) =>
        Assert.Equal(seconds, Backoff.Delay(Policy, 1, 1UL << 63, TimeSpan.FromSeconds(asked)).TotalSeconds);

    [Fact]
    public void The_seed_is_another_for_whatever_differs()
    {
        ulong[] seeds =
        [
            Backoff.Seed(Execution, "a", "", 1),
            Backoff.Seed(Guid.Empty, "a", "", 1),
            Backoff.Seed(Execution, "b", "", 1),
            Backoff.Seed(Execution, "ab", "", 1),
            Backoff.Seed(Execution, "a", "0", 1),
            Backoff.Seed(Execution, "a", "1", 1),
            Backoff.Seed(Execution, "a", "", 2),
        ];

        Assert.Equal(seeds.Length, seeds.Distinct().Count());
        Assert.NotEqual(Backoff.Seed(Execution, "a", "b", 1), Backoff.Seed(Execution, "ab", "", 1));
    }

    // A retry that was decided by one release and replayed by the next has to come at the same time. The figures were
    // computed apart from this code.
    [Fact]
    public void The_seed_stays_what_it_was_in_earlier_releases()
    {
        Assert.Equal(7927477160002129340UL, Backoff.Seed(Execution, "reserve", "", 1));
        Assert.Equal(10869195194638185287UL, Backoff.Seed(Execution, "reserve", "3/0", 2));
    }
}

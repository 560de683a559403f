using Workflows.Engine.Schedules;
using static Workflows.Engine.Tests.Schedules.CronExpressionTests;

namespace Workflows.Engine.Tests.Schedules;

public sealed class FirePlanTests
{
    private static readonly Guid Id = new("01890000-0000-7000-8000-000000000001");

    [Fact]
    public void Every_instant_of_the_last_moments_fires_and_nothing_is_left_out()
    {
        var plan = Plan("* * * * * *", new(), "2026-11-20 10:00:00", "2026-11-20 10:00:03");

        Assert.Equal([Utc("2026-11-20 10:00:00"), Utc("2026-11-20 10:00:01"), Utc("2026-11-20 10:00:02"), Utc("2026-11-20 10:00:03")], plan.Ticks);
        Assert.Equal((null, Utc("2026-11-20 10:00:04")), (plan.Missed, plan.Next));
    }

    [Theory]
    [InlineData(MisfirePolicy.Skip, "")]
    [InlineData(MisfirePolicy.FireOnce, "2026-11-20 12:00")]
    [InlineData(MisfirePolicy.FireAll, "2026-11-20 10:00,2026-11-20 11:00,2026-11-20 12:00")]
    public void After_an_outage_the_policy_decides(MisfirePolicy policy, string expected)
    {
        var plan = Plan("0 * * * *", new() { Misfire = policy, MisfireLimit = 3 }, "2026-11-20 05:00", "2026-11-20 12:30");

        Assert.Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Utc), plan.Ticks);
        Assert.Equal((Utc("2026-11-20 05:00"), Utc("2026-11-20 13:00")), (plan.Missed, plan.Next));
    }

    [Fact]
    public void Nothing_is_missed_when_all_of_it_fires()
    {
        var plan = Plan("0 * * * *", new() { Misfire = MisfirePolicy.FireAll, MisfireLimit = 3 }, "2026-11-20 10:00", "2026-11-20 12:30");

        Assert.Equal((3, null), (plan.Ticks.Count, plan.Missed));
    }

    [Fact]
    public void A_firing_that_is_in_time_makes_up_for_the_missed_ones() =>
        Assert.Equal([Utc("2026-11-20 12:00")], Plan("0 * * * *", new(), "2026-11-20 05:00", "2026-11-20 12:00:10").Ticks);

    [Fact]
    public void A_year_away_from_a_schedule_of_seconds_costs_what_is_fired()
    {
        var plan = Plan("* * * * * *", new() { Misfire = MisfirePolicy.FireAll, MisfireLimit = 5 }, "2025-11-20 10:00:00", "2026-11-20 10:00:00");

        Assert.Equal(5 + 61, plan.Ticks.Count);
        Assert.Equal(plan.Ticks.Distinct().Order(), plan.Ticks);
    }

    [Fact]
    public void More_than_a_round_holds_follows_in_the_next()
    {
        var settings = new ScheduleSettings { JitterSeconds = 600 };
        var (tick, now) = (Utc("2026-11-20 10:00:00"), Utc("2026-11-20 10:10:01"));
        var fired = new List<DateTimeOffset>();
        for (FirePlan plan; (plan = FirePlan.Of(Timing("* * * * * *", settings: settings), Id, tick, now)).Ticks.Count > 0; tick = plan.Next!.Value)
        {
            Assert.InRange(plan.Ticks.Count, 1, Limits.FiresPerRound);
            fired.AddRange(plan.Ticks);
        }

        Assert.Equal(fired.Distinct().Order(), fired);
        Assert.All(fired, at => Assert.InRange(FirePlan.FireAt(settings, Id, at), at, now));
    }

    [Fact]
    public void Jitter_is_the_same_on_every_worker_and_differs_from_time_to_time()
    {
        var settings = new ScheduleSettings { JitterSeconds = 60 };
        var delays = Timing("0 * * * *").Following(Utc("2026-11-20 10:00"), 200).Select(at => (FirePlan.FireAt(settings, Id, at) - at).TotalSeconds).ToList();

        Assert.Equal(delays, Timing("0 * * * *").Following(Utc("2026-11-20 10:00"), 200).Select(at => (FirePlan.FireAt(settings, Id, at) - at).TotalSeconds));
        Assert.All(delays, delay => Assert.InRange(delay, 0, 60));
        Assert.InRange(delays.Average(), 25, 35);
    }

    [Fact]
    public void One_instant_fires_once_and_never_again()
    {
        var at = Utc("2026-11-20 10:00");
        Assert.True(new ScheduleSettings { At = at }.TryBuild(null, at.AddDays(-1), out var timing, out _));

        Assert.Equal(at, timing.NextAfter(at.AddTicks(-1)));
        Assert.Null(timing.NextAfter(at));
        Assert.Null(FirePlan.Of(timing, Id, at, at).Next);
    }

    [Fact]
    public void Intervals_count_from_their_start_and_leave_out_days_without_business()
    {
        var calendar = new BusinessCalendar([DayOfWeek.Friday, DayOfWeek.Monday], [], []);
        var settings = new ScheduleSettings { IntervalSeconds = 40_000, StartsAt = Utc("2026-11-20 00:00"), EndsAt = Utc("2026-11-23 12:00") };
        Assert.True(settings.TryBuild(calendar, DateTimeOffset.UnixEpoch, out var timing, out _));

        Assert.Equal(
            [Utc("2026-11-20 00:00:00"), Utc("2026-11-20 11:06:40"), Utc("2026-11-20 22:13:20"), Utc("2026-11-23 05:46:40")],
            timing.Following(Utc("2026-01-01 00:00"), 10));
        Assert.All(timing.Following(Utc("2026-01-01 00:00"), 10), at => Assert.Contains(at.DayOfWeek, new[] { DayOfWeek.Friday, DayOfWeek.Monday }));
        Assert.All(timing.Following(Utc("2026-01-01 00:00"), 10), at => Assert.Equal(0, (at - settings.StartsAt.Value).TotalSeconds % 40_000));
    }

    [Theory]
    [InlineData(NonBusinessDay.Skip, "2026-12-23 08:00,2026-12-29 08:00")]
    [InlineData(NonBusinessDay.NextBusinessDay, "2026-12-23 08:00,2026-12-28 08:00,2026-12-29 08:00")]
    [InlineData(NonBusinessDay.PreviousBusinessDay, "2026-12-23 08:00,2026-12-24 08:00,2026-12-29 08:00")]
    public void Christmas_moves_by_the_rule_of_the_schedule(NonBusinessDay rule, string expected)
    {
        var calendar = new BusinessCalendar(
            Enum.GetValues<DayOfWeek>().Except([DayOfWeek.Saturday, DayOfWeek.Sunday]), [new(2026, 12, 25)], []);
        var timing = Timing("0 8 23,25,26,29 * *", "UTC", calendar, new ScheduleSettings { OnNonBusinessDay = rule });

        Assert.Equal(expected.Split(',').Select(Utc), timing.Following(Utc("2026-12-20 00:00"), 10).TakeWhile(at => at < Utc("2026-12-31 00:00")));
    }

    [Fact]
    public void A_schedule_without_a_business_day_ever_has_no_next_instant() =>
        Assert.Null(Timing("0 8 * * SUN", "UTC", new BusinessCalendar([DayOfWeek.Monday], [], [])).NextAfter(Utc("2026-12-20 00:00")));

    public static TheoryData<string, ScheduleSettings> Wrong => new()
    {
        { "cron", new() },
        { "cron", new() { Cron = "x" } },
        { "at", new() { Cron = "* * * * *", At = DateTimeOffset.UnixEpoch } },
        { "intervalSeconds", new() { IntervalSeconds = 0.5 } },
        { "intervalSeconds", new() { IntervalSeconds = double.NaN } },
        { "timeZone", new() { Cron = "* * * * *", TimeZone = "Mars/Olympus" } },
        { "misfireLimit", new() { Cron = "* * * * *", MisfireLimit = Limits.MisfireFires + 1 } },
        { "jitterSeconds", new() { Cron = "* * * * *", JitterSeconds = Limits.ScheduleJitterSeconds + 1 } },
        { "endsAt", new() { Cron = "* * * * *", StartsAt = DateTimeOffset.UnixEpoch, EndsAt = DateTimeOffset.UnixEpoch } },
        { "onNonBusinessDay", new() { IntervalSeconds = 60, OnNonBusinessDay = NonBusinessDay.NextBusinessDay } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_setting_that_cannot_be_used_is_named(string field, ScheduleSettings settings)
    {
        Assert.False(settings.TryBuild(null, DateTimeOffset.UnixEpoch, out _, out var problems));
        Assert.Equal(field, Assert.Single(problems).Field);
    }

    private static FirePlan Plan(string cron, ScheduleSettings settings, string tick, string now) =>
        FirePlan.Of(Timing(cron, settings: settings), Id, Utc(tick), Utc(now));
}

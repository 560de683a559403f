using Workflows.Engine.Schedules;
using static Workflows.Engine.Tests.Schedules.CronExpressionTests;

namespace Workflows.Engine.Tests.Schedules;

/// <summary>Schedules where the clock changes, and against a slow stepper that knows nothing but the rule.</summary>
public sealed class ZoneTests
{
    private static readonly string[] Zones =
    [
        "UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca",
        "Pacific/Apia", "America/St_Johns", "Asia/Beirut",
    ];

    [Theory]
    // The night of the change to daylight saving: 02:00 to 03:00 is left out.
    [InlineData("30 2 * * *", "2026-03-29 00:00", "2026-03-29 01:00,2026-03-30 00:30")]
    [InlineData("0,30 2 * * *", "2026-03-29 00:00", "2026-03-29 01:00,2026-03-30 00:00")]
    [InlineData("*/30 * * * *", "2026-03-29 00:00", "2026-03-29 00:30,2026-03-29 01:00,2026-03-29 01:30")]
    [InlineData("10 2-4 * * *", "2026-03-29 00:00", "2026-03-29 01:10,2026-03-29 02:10")]
    // The night back: 02:00 to 03:00 comes twice.
    [InlineData("30 2 * * *", "2026-10-24 12:00", "2026-10-25 00:30,2026-10-26 01:30")]
    [InlineData("*/30 * * * *", "2026-10-25 00:00", "2026-10-25 00:30,2026-10-25 01:00,2026-10-25 01:30,2026-10-25 02:00")]
    [InlineData("15,45 2 * * *", "2026-10-25 00:20", "2026-10-25 00:45,2026-10-26 01:15")]
    [InlineData("0 3 * * *", "2026-10-25 00:30", "2026-10-25 02:00")]
    public void The_clock_of_Berlin_changes_and_the_rule_of_Vixie_cron_holds(string cron, string after, string expected) =>
        Assert.Equal(expected.Split(',').Select(Utc), Timing(cron, "Europe/Berlin").Following(Utc(after), expected.Split(',').Length));

    [Fact]
    public void A_day_that_a_zone_left_out_fires_at_its_end() =>
        Assert.Equal([Utc("2011-12-29 22:00"), Utc("2011-12-30 10:00"), Utc("2011-12-30 22:00")], Timing("0 12 * * *", "Pacific/Apia").Following(Utc("2011-12-29 00:00"), 3));

    [Fact]
    public void Random_schedules_agree_with_a_stepper_through_the_minutes()
    {
        var random = new Random(20261120);
        var compared = 0;
        for (var round = 0; round < 600; round++)
        {
            var (cron, zone) = (RandomCron(random), Zones[random.Next(Zones.Length)]);
            var calendar = random.Next(3) == 0 ? RandomCalendar(random) : null;
            var rule = (NonBusinessDay)random.Next(3);
            if (!CronExpression.TryParse(cron, out var expression, out _))
            {
                continue; // February 30
            }

            var timing = Timing(cron, zone, calendar, new ScheduleSettings { OnNonBusinessDay = rule });
            var start = StartNearAChange(random, zone);
            var end = start.AddDays(4);
            var stepped = Step(expression, zone, calendar, rule, start, end);
            var computed = timing.Following(start, int.MaxValue).TakeWhile(at => at < end).ToList();
            Assert.True(stepped.SequenceEqual(computed), $"round {round}: '{cron}' in {zone} {rule} from {start:u}:\n{Join(stepped)}\n{Join(computed)}");
            compared += computed.Count;
        }

        Assert.True(compared > 5_000, $"Only {compared} instants were compared.");
    }

    private static string Join(IEnumerable<DateTimeOffset> instants) => string.Join(' ', instants.Take(40).Select(at => at.ToString("MM-dd'T'HH:mm", null)));

    /// <summary>The rule in its simplest form: look at the clock each minute.</summary>
    private static List<DateTimeOffset> Step(
        CronExpression cron,
        string zone,
        BusinessCalendar? calendar,
        NonBusinessDay rule,
        DateTimeOffset start,
        DateTimeOffset end)
    {
        var fired = new List<DateTimeOffset>();
        var shown = TimeZones.Show(start.AddDays(-2), zone).DateTime;
        for (var at = start.AddDays(-2).AddMinutes(1); at < end; at = at.AddMinutes(1))
        {
            var local = TimeZones.Show(at, zone).DateTime;
            var fires = false;
            if (cron.IsInterval)
            {
                fires = Matches(local);
            }
            else
            {
                for (var time = shown.AddMinutes(1); time <= local; time = time.AddMinutes(1))
                {
                    fires |= Matches(time); // minutes that the clock left out count now; those it repeats are not later than what it has shown
                }
            }

            shown = local > shown || cron.IsInterval ? local : shown;
            if (fires && at > start)
            {
                fired.Add(at);
            }
        }

        return fired;

        bool Matches(DateTime local)
        {
            var second = (int)local.TimeOfDay.TotalSeconds;
            return cron.NextTime(second) == second && FiresOn(cron, calendar, rule, DateOnly.FromDateTime(local));
        }
    }

    private static bool FiresOn(CronExpression cron, BusinessCalendar? calendar, NonBusinessDay rule, DateOnly day)
    {
        if (calendar is null)
        {
            return cron.Matches(day);
        }

        if (!calendar.IsBusinessDay(day))
        {
            return false;
        }

        var belongs = new List<DateOnly> { day };
        var step = rule == NonBusinessDay.NextBusinessDay ? -1 : 1;
        for (var other = day.AddDays(step);
            rule != NonBusinessDay.Skip && !calendar.IsBusinessDay(other);
            other = other.AddDays(step))
        {
            belongs.Add(other);
        }

        return belongs.Exists(cron.Matches);
    }

    private static DateTimeOffset StartNearAChange(Random random, string zone)
    {
        var day = new DateTimeOffset(2008 + random.Next(20), 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(random.Next(365)).AddMinutes(random.Next(1440));
        for (var ahead = 0; ahead < 366; ahead++)
        {
            if (TimeZones.Show(day.AddDays(ahead), zone).Offset != TimeZones.Show(day.AddDays(ahead + 1), zone).Offset)
            {
                return day.AddDays(ahead - 1);
            }
        }

        return day;
    }

    private static string RandomCron(Random random)
    {
        var minute = random.Next(5) switch { 0 => "*/15", 1 => $"{random.Next(60)}", 2 => $"{random.Next(30)},{30 + random.Next(30)}", 3 => $"{random.Next(20)}-{20 + random.Next(40)}/7", _ => "0" };
        var hour = random.Next(6) switch { 0 => "*", 1 => $"{random.Next(24)}", 2 => "0-3", 3 => $"{random.Next(5)},{5 + random.Next(19)}", 4 => "*/2", _ => "1,2,3" };
        var day = random.Next(7) switch { 0 => $"{1 + random.Next(31)}", 1 => "L", 2 => "LW", 3 => $"{1 + random.Next(28)}W", 4 => "*/2", _ => "*" };
        var month = random.Next(4) == 0 ? $"{1 + random.Next(6)}-{7 + random.Next(6)}" : "*";
        var weekday = random.Next(6) switch { 0 => "MON-FRI", 1 => $"{random.Next(8)}", 2 => $"{random.Next(7)}#{1 + random.Next(5)}", 3 => $"{random.Next(7)}L", _ => "*" };
        return $"{minute} {hour} {day} {month} {weekday}";
    }

    private static BusinessCalendar RandomCalendar(Random random) => new(
        [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday],
        Enumerable.Range(0, 1_000).Select(_ => new DateOnly(2008, 1, 1).AddDays(random.Next(20 * 366))),
        Enumerable.Range(0, 200).Select(_ => new DateOnly(2008, 1, 1).AddDays(random.Next(20 * 366))));
}

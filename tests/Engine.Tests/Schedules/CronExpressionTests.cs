using System.Globalization;
using Workflows.Engine.Schedules;

namespace Workflows.Engine.Tests.Schedules;

public sealed class CronExpressionTests
{
    [Theory]
    [InlineData("*/15 * * * *", "2026-11-20 10:07:00", "2026-11-20 10:15:00")]
    [InlineData("0 6 * * MON-FRI", "2026-11-20 06:00:00", "2026-11-23 06:00:00")]
    [InlineData("0 6 * * 1,3,7", "2026-11-20 06:00:00", "2026-11-22 06:00:00")]
    [InlineData("30 0 12 * * ?", "2026-11-20 12:00:29", "2026-11-20 12:00:30")]
    [InlineData("*/20 59 23 31 12 *", "2026-12-31 23:59:40", "2027-12-31 23:59:00")]
    [InlineData("0 0 29 2 *", "2026-01-01 00:00:00", "2028-02-29 00:00:00")]
    [InlineData("0 0 29 2 *", "2096-03-01 00:00:00", "2104-02-29 00:00:00")]
    [InlineData("0 0 L * *", "2026-02-01 00:00:00", "2026-02-28 00:00:00")]
    [InlineData("0 0 L-3 * ?", "2026-02-01 00:00:00", "2026-02-25 00:00:00")]
    [InlineData("0 0 LW * *", "2026-05-01 00:00:00", "2026-05-29 00:00:00")]
    [InlineData("0 0 L-2W * *", "2026-11-01 00:00:00", "2026-11-27 00:00:00")]
    [InlineData("0 0 15W * *", "2026-11-01 00:00:00", "2026-11-16 00:00:00")]
    [InlineData("0 0 1W * *", "2026-08-01 00:00:00", "2026-08-03 00:00:00")]
    [InlineData("0 0 31W * *", "2026-05-01 00:00:00", "2026-05-29 00:00:00")]
    [InlineData("0 0 ? * FRI#2", "2026-11-01 00:00:00", "2026-11-13 00:00:00")]
    [InlineData("0 0 ? * 5L", "2026-11-01 00:00:00", "2026-11-27 00:00:00")]
    [InlineData("0 0 ? * MON#5", "2026-10-01 00:00:00", "2026-11-30 00:00:00")]
    [InlineData("0 22-2/2 * * *", "2026-11-20 23:00:00", "2026-11-21 00:00:00")]
    [InlineData("0 0 * * FRI-MON", "2026-11-17 00:00:00", "2026-11-20 00:00:00")]
    [InlineData("0 0 * NOV-FEB *", "2026-04-17 00:00:00", "2026-11-01 00:00:00")]
    [InlineData("5/25 * * * *", "2026-11-20 10:06:00", "2026-11-20 10:30:00")]
    [InlineData("0 0 13 * FRI", "2026-11-01 00:00:00", "2026-11-06 00:00:00")] // either day is enough, as in crontab(5)
    [InlineData("@daily", "2026-11-20 10:06:00", "2026-11-21 00:00:00")]
    [InlineData("@HOURLY", "2026-11-20 10:06:00", "2026-11-20 11:00:00")]
    [InlineData("@every_second", "2026-11-20 10:06:00", "2026-11-20 10:06:01")]
    [InlineData(" 0  0\t1 1 * ", "2026-11-20 10:06:00", "2027-01-01 00:00:00")]
    public void The_next_occurrence_is_the_one_people_mean(string cron, string after, string expected) =>
        Assert.Equal(Utc(expected), Timing(cron).NextAfter(Utc(after)));

    /// <summary>crontab(5) as cronie has it: a day field that begins with a star is ANDed with the other.</summary>
    [Theory]
    [InlineData("0 9 */2 * 1", "2026-05-01", "2026-05-11 2026-05-25 2026-06-01")]
    [InlineData("0 0 1-7 * */7", "2026-05-01", "2026-05-03 2026-06-07 2026-07-05")]
    [InlineData("30 18 21-31 * */6", "2026-05-01", "2026-05-23 2026-05-24 2026-05-30")]
    [InlineData("0 0 */10,5 * FRI", "2026-05-01", "2026-05-01 2026-06-05 2026-07-31")]
    [InlineData("0 0 *,15 * MON", "2026-05-01", "2026-05-04 2026-05-11 2026-05-18")]
    [InlineData("0 0 L * */2", "2026-05-01", "2026-05-31 2026-06-30 2026-10-31")]
    [InlineData("0 0 15W * */5", "2026-05-01", "2026-05-15 2026-08-14 2027-01-15")]
    [InlineData("0 0 */5 * FRI#1", "2026-05-01", "2026-05-01 2026-11-06 2027-01-01")]
    [InlineData("0 0 * * */3", "2026-05-01", "2026-05-02 2026-05-03 2026-05-06")]
    [InlineData("0 0 */9 * *", "2026-05-01", "2026-05-01 2026-05-10 2026-05-19")]
    [InlineData("0 0 */9 * ?", "2026-05-01", "2026-05-01 2026-05-10 2026-05-19")]
    [InlineData("0 9 1-31 * 1", "2026-05-01", "2026-05-01 2026-05-02 2026-05-03")]
    [InlineData("0 9 15 * 1", "2026-05-01", "2026-05-04 2026-05-11 2026-05-15")]
    [InlineData("0 0 5,*/10 * 1", "2026-05-01", "2026-05-01 2026-05-04 2026-05-05")]
    [InlineData("0 0 1/10 * MON", "2026-05-01", "2026-05-01 2026-05-04 2026-05-11")]
    public void A_field_that_begins_with_a_star_is_no_restriction(string cron, string from, string days)
    {
        var timing = Timing(cron);
        var after = Utc(from + " 00:00").AddSeconds(-1);
        var found = new List<string>();
        while (found.Count < 3)
        {
            after = timing.NextAfter(after)!.Value;
            found.Add(after.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        }

        Assert.Equal(days.Split(' '), found);
    }

    [Theory]
    [InlineData("CRON_TZ=Asia/Tokyo 0 0 * * *", "Asia/Tokyo")]
    [InlineData("TZ=UTC 0 0 * * *", "UTC")]
    public void A_time_zone_in_the_expression_is_sent_where_it_belongs(string cron, string zone)
    {
        Assert.False(CronExpression.TryParse(cron, out _, out var problem));
        Assert.Equal(1, problem.Position);
        Assert.Equal($"Write the time zone in 'timeZone': \"{zone}\".", problem.Hint);
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("FOO=1 * * * * *", 1)]
    [InlineData("0 0 *,? * *", 7)]
    [InlineData("* * * *", 8)]
    [InlineData("* * * * * * *", 13)]
    [InlineData("60 * * * *", 1)]
    [InlineData("0 24 * * *", 3)]
    [InlineData("0 0 0 * *", 5)]
    [InlineData("0 0 * 13 *", 7)]
    [InlineData("0 0 * * 8", 9)]
    [InlineData("0 0 * * MONDAY", 9)]
    [InlineData("0 0 * * MON-FRO", 13)]
    [InlineData("1,,2 * * * *", 3)]
    [InlineData("1,2,x * * * *", 5)]
    [InlineData("*/0 * * * *", 3)]
    [InlineData("*/61 * * * *", 3)]
    [InlineData("1-2-3 * * * *", 3)]
    [InlineData("0 0 L-31 * *", 6)]
    [InlineData("0 0 1-5W * *", 5)]
    [InlineData("0 0 W * *", 5)]
    [InlineData("0 0 * * MON#6", 13)]
    [InlineData("0 0 * * #2", 9)]
    [InlineData("? * * * *", 1)]
    [InlineData("0 0 ?,1 * *", 5)]
    [InlineData("@reboot", 1)]
    [InlineData("0 0 30 2 *", 5)]
    [InlineData("0 0 31 4,6,9,11 ?", 5)]
    public void What_is_wrong_is_named_with_its_position(string cron, int position)
    {
        Assert.False(CronExpression.TryParse(cron, out _, out var problem));
        Assert.Equal(position, problem.Position);
        Assert.NotEmpty(problem.Hint);
    }

    [Fact]
    public void An_expression_beyond_the_limit_is_refused() =>
        Assert.False(CronExpression.TryParse(string.Join(',', Enumerable.Repeat("1", Limits.CronLength)) + " * * * *", out _, out _));

    [Theory]
    [InlineData("*/5 * * * *", true)]
    [InlineData("0 9-17 * * *", true)]
    [InlineData("0 0,12 * * *", false)]
    [InlineData("30 2 * * *", false)]
    [InlineData("*/10 30 2 * * *", true)]
    public void A_rhythm_is_told_from_times_of_day(string cron, bool isInterval)
    {
        Assert.True(CronExpression.TryParse(cron, out var expression, out _));
        Assert.Equal(isInterval, expression.IsInterval);
    }

    [Fact]
    public void A_rare_occurrence_is_found_without_stepping_through_the_minutes()
    {
        var timing = Timing("59 59 23 29 2 ?");
        var evaluated = 0;
        for (var after = Utc("2026-01-01 00:00:00"); timing.NextAfter(after) is { Year: < 6000 } next; after = next)
        {
            evaluated++;
        }

        Assert.InRange(evaluated, 960, 970); // four thousand years, in milliseconds: minute by minute it would be two thousand million steps
    }

    internal static ScheduleTiming Timing(string cron, string zone = "UTC", BusinessCalendar? calendar = null, ScheduleSettings? settings = null)
    {
        var ok = ((settings ?? new ScheduleSettings()) with { Cron = cron, TimeZone = zone }).TryBuild(calendar, DateTimeOffset.UnixEpoch, out var timing, out var problems);
        Assert.True(ok, string.Join('\n', problems));
        return timing!;
    }

    internal static DateTimeOffset Utc(string text) =>
        DateTimeOffset.ParseExact(text, ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}

using Cronos;
using CsCheck;
using NodaTime;
using Workflows.Engine.Schedules;
using static Workflows.Engine.Tests.Schedules.CronExpressionTests;
using Oracle = Cronos.CronExpression;

namespace Workflows.Engine.Tests.Schedules;

/// <summary>
/// Generated expressions, zones and instants against Cronos. What is known to differ is left out by name.
/// </summary>
/// <remarks>
/// Left out: both day fields at once (it wants both, crontab(5) either); <c>n/step</c> as weekday (it counts to 7,
/// Sunday again; we to 6); zones whose daylight saving is negative, where it repeats or skips instants (Dublin,
/// Casablanca); zones that moved to another standard time (on the day that Apia left out it fires the evening before);
/// the end of a gap in a rhythm, at which it fires and Vixie cron does not. <see cref="ZoneTests"/> hold such zones.
/// </remarks>
public sealed class CronOracleTests
{
    private static readonly string[] Zones =
    [
        "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu",
        "Pacific/Auckland", "America/St_Johns", "Asia/Beirut", "Australia/Sydney",
        "America/Havana", "Asia/Tehran", "Africa/Cairo",
    ];

    private static readonly Lazy<string[]> SameZones = new(() => [.. Zones.Where(IsSameAsTheSystem)]);

    private static readonly DateTimeOffset First = Utc("2009-01-01 00:00");
    private static readonly DateTimeOffset Last = Utc("2036-01-01 00:00");

    private static readonly Gen<string> Expression =
        from seconds in Gen.Frequency((2, Gen.Const("")), (1, Field(0, 59).Select(text => text + " ")))
        from minutes in Field(0, 59)
        from hours in Field(0, 23)
        from days in Gen.OneOf(
            Gen.OneOf("* * *", "? * ?", "* * ?"),
            Gen.Select(Day(), Gen.Frequency((2, Gen.Const("*")), (1, Month())), Gen.OneOf("*", "?"))
                .Select((day, month, any) => $"{day} {month} {any}"),
            Gen.Select(Gen.OneOf("*", "?"), Gen.Frequency((2, Gen.Const("*")), (1, Month())), Weekday())
                .Select((any, month, day) => $"{any} {month} {day}"))
        select $"{seconds}{minutes} {hours} {days}";

    private static readonly Gen<(string Cron, string Zone, DateTimeOffset After)> Question =
        from cron in Expression
        from zone in Gen.OneOf(SameZones.Value)
        from minutes in Gen.Int[0, (int)(Last - First).TotalMinutes]
        from isNearChange in Gen.Bool
        select (cron, zone, isNearChange ? BeforeChange(zone, First.AddMinutes(minutes)) : First.AddMinutes(minutes));

    [Fact]
    public void The_zones_compared_have_the_same_rules_in_the_system() =>
        Assert.True(SameZones.Value.Length >= 9, "Too few zones are left: is tzdata missing or very old?");

    [Fact]
    public void Cronos_fires_when_we_fire() => Question.Sample(
        question =>
        {
            var format = question.Cron.Split(' ').Length == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard;
            var isTheirs = Oracle.TryParse(question.Cron, format, out var oracle);
            var isOurs = Engine.Schedules.CronExpression.TryParse(question.Cron, out var cron, out var problem);
            if (isOurs != isTheirs)
            {
                // Cronos says nothing of February 30.
                Assert.Contains("never fires", problem?.Message, StringComparison.Ordinal);
                Assert.Null(oracle!.GetNextOccurrence(question.After, TimeZoneInfo.Utc));
                return;
            }

            if (isOurs)
            {
                Compare(question, cron!.IsInterval, oracle!);
            }
        },
        iter: 2_000);

    private static void Compare((string Cron, string Zone, DateTimeOffset After) question, bool isRhythm, Oracle oracle)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(question.Zone);
        var timing = Timing(question.Cron, question.Zone);
        var after = question.After;
        for (var round = 0; round < 8 && after < Last; round++)
        {
            var theirs = oracle.GetNextOccurrence(after, zone);
            while (isRhythm && theirs is { } end && IsGapEnd(question.Zone, end) && timing.NextAfter(after) != end)
            {
                theirs = oracle.GetNextOccurrence(end, zone);
                Assert.True(
                    theirs > end || theirs is null,
                    $"'{question.Cron}' in {question.Zone}: Cronos gives {end:u} again.");
            }

            var ours = timing.NextAfter(after);
            if (ours > Last || theirs > Last)
            {
                return; // beyond, the rules of the system and ours need not agree
            }

            Assert.True(
                ours == theirs, $"'{question.Cron}' in {question.Zone} after {after:u}: {ours:u} against {theirs:u}");
            after = ours ?? Last;
        }
    }

    private static bool IsGapEnd(string zone, DateTimeOffset instant) =>
        TimeZones.Show(instant, zone).Offset > TimeZones.Show(instant.AddTicks(-1), zone).Offset;

    private static bool IsSameAsTheSystem(string name)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
        {
            return false;
        }

        for (var at = First; at < Last; at = at.AddDays(5))
        {
            if (TimeZones.Show(at, name).Offset != zone.GetUtcOffset(at))
            {
                return false;
            }
        }

        return true;
    }

    private static DateTimeOffset BeforeChange(string zone, DateTimeOffset from)
    {
        var interval = DateTimeZoneProviders.Tzdb[zone].GetZoneInterval(Instant.FromDateTimeOffset(from));
        return interval.HasEnd && interval.End < Instant.FromDateTimeOffset(Last)
            ? interval.End.ToDateTimeOffset().AddMinutes(-(from.Minute * 7))
            : from;
    }

    private static Gen<string> Field(int min, int max) => Terms(
        Gen.Frequency(
            (3, Gen.Const("*")),
            (6, Gen.Int[min, max].Select(value => $"{value}")),
            (2, Gen.Select(Gen.Int[min, max], Gen.Int[min, max]).Select((from, to) => $"{from}-{to}")),
            (2, Gen.Int[1, max].Select(step => $"*/{step}")),
            (1, Gen.Select(Gen.Int[min, max], Gen.Int[1, max]).Select((from, step) => $"{from}/{step}")),
            (1, Gen.Select(Gen.Int[min, max], Gen.Int[min, max], Gen.Int[1, max])
                .Select((from, to, step) => $"{from}-{to}/{step}"))));

    private static Gen<string> Day() => Gen.OneOf(
        Field(1, 31).Where(text => text != "*"),
        Gen.Int[1, 31].Select(day => $"{day}W"),
        Gen.Int[1, 30].Select(days => $"L-{days}"),
        Gen.Int[1, 30].Select(days => $"L-{days}W"),
        Gen.OneOf("L", "LW"));

    private static Gen<string> Month() => Gen.OneOf(Field(1, 12), Gen.OneOf("JAN", "FEB-APR", "DEC,JUN", "sep"));

    private static Gen<string> Weekday() => Gen.OneOf(
        Terms(Gen.OneOf(
            Gen.Int[0, 7].Select(day => $"{day}"),
            Gen.Select(Gen.Int[0, 6], Gen.Int[0, 6]).Select((from, to) => $"{from}-{to}"),
            Gen.OneOf("MON", "tue-THU", "FRI-SUN", "SAT"))),
        Gen.Int[0, 7].Select(day => $"{day}L"),
        Gen.Select(Gen.Int[0, 7], Gen.Int[1, 5]).Select((day, number) => $"{day}#{number}"));

    private static Gen<string> Terms(Gen<string> term) => Gen.Frequency(
        (4, term),
        (1, term.Where(text => text[0] != '*').Array[2, 3].Select(terms => string.Join(',', terms))));
}

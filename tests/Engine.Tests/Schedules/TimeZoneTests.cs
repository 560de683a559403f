using NodaTime;
using Workflows.Engine.Schedules;

namespace Workflows.Engine.Tests.Schedules;

/// <summary>The zones that the engine carries, against those of the machine.</summary>
public sealed class TimeZoneTests
{
    private static readonly DateTimeOffset First = new(1995, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Last = new(2037, 12, 31, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Zones that the database changed after its release 2025b, which Debian 12 has, and the year from which they
    /// differ: countries that decided otherwise since, and WET, which Debian still builds as it was before it became a
    /// link to Lisbon.
    /// </summary>
    private static readonly Dictionary<string, int> ChangedSince = new()
    {
        ["Africa/Casablanca"] = 2026, ["Africa/El_Aaiun"] = 2026, ["America/Edmonton"] = 2026,
        ["America/Inuvik"] = 2026,
        ["America/Rainy_River"] = 2026, ["America/Vancouver"] = 2026, ["America/Winnipeg"] = 2026,
        ["America/Yellowknife"] = 2026, ["Canada/Central"] = 2026, ["Canada/Mountain"] = 2026,
        ["Canada/Pacific"] = 2026,
        ["Europe/Chisinau"] = 2022, ["Europe/Tiraspol"] = 2022, ["WET"] = 1995,
    };

    [Theory]
    [InlineData("Europe/Berlin")]
    [InlineData("UTC")]
    [InlineData("US/Pacific")]
    [InlineData("Asia/Calcutta")]
    [InlineData("Etc/GMT+5")]
    public void Zones_and_links_exist(string name) => Assert.True(TimeZones.Exists(name));

    [Theory]
    [InlineData("europe/berlin", "Europe/Berlin")]
    [InlineData("America/New York", "America/New_York")]
    [InlineData("Europe/Berln", "Europe/Berlin")]
    [InlineData("Berlin", "Europe/Berlin")]
    [InlineData("Asia/Tokio", "Asia/Tokyo")]
    [InlineData("Asia/Berlin", "Europe/Berlin")]
    [InlineData("W. Europe Standard Time", "Europe/Berlin")]
    [InlineData("Pacific Standard Time", "America/Los_Angeles")]
    public void A_name_that_does_not_exist_is_answered_with_the_one_that_is_meant(string name, string meant)
    {
        Assert.False(TimeZones.Exists(name));
        Assert.Equal($"Did you mean '{meant}'?", TimeZones.Hint(name));
        var settings = new ScheduleSettings { Cron = "@daily", TimeZone = name };
        Assert.False(settings.TryBuild(null, First, out _, out var problems));
        Assert.Equal(("timeZone", $"Did you mean '{meant}'?"), (problems[0].Field, problems[0].Hint));
    }

    [Theory]
    [InlineData("")]
    [InlineData("UTC+03:00")]
    [InlineData("+03:00")]
    [InlineData("../etc/passwd")]
    [InlineData("Mars/Olympus_Mons_Base")]
    public void What_is_like_no_zone_is_told_the_form(string name)
    {
        Assert.False(TimeZones.Exists(name));
        Assert.DoesNotContain("null", TimeZones.Hint(name), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TimeZones.Show(First, name));
    }

    [Fact]
    public void The_release_of_the_database_is_named() => Assert.Matches("^20[2-9][0-9][a-z]$", TimeZones.Version);

    [Fact]
    public void All_zones_change_their_clocks_when_the_machine_says_so_but_for_rules_newer_than_its_own()
    {
        Assert.SkipWhen(
            string.CompareOrdinal(SystemRelease(), TimeZones.Version) > 0,
            $"The machine has {SystemRelease()}, which is newer than {TimeZones.Version}: raise NodaTime.");
        var (compared, differing) = (0, new SortedDictionary<string, int>(StringComparer.Ordinal));
        foreach (var name in DateTimeZoneProviders.Tzdb.Ids)
        {
            if (!TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
            {
                continue;
            }

            var clock = new ZoneClock(DateTimeZoneProviders.Tzdb[name]);
            var (from, to) = (Instant.FromDateTimeOffset(First), Instant.FromDateTimeOffset(Last));
            foreach (var change in DateTimeZoneProviders.Tzdb[name].GetZoneIntervals(from, to))
            {
                var at = change.HasStart && change.Start > from ? change.Start.ToDateTimeOffset() : First;
                var isSame = new[] { -86_400, -1, 0, 1, 3_599, 86_400, 40 * 86_400 }
                    .Select(seconds => at.AddSeconds(seconds))
                    .All(instant => Shown(instant) == TimeZoneInfo.ConvertTime(instant, zone).DateTime);
                compared++;
                if (!isSame)
                {
                    differing.TryAdd(name, at.Year);
                }
            }

            DateTime Shown(DateTimeOffset instant) => clock.ToLocal(instant.UtcDateTime);
        }

        Assert.True(compared > 10_000, $"Only {compared} changes were compared.");
        var unknown = differing
            .Where(entry => !(ChangedSince.TryGetValue(entry.Key, out var since) && entry.Value >= since)).ToList();
        Assert.True(unknown.Count == 0, string.Join(", ", unknown));
    }

    /// <summary>
    /// Of the first line "# version 2025b"; systems without that file have no newer release than we can know of.
    /// </summary>
    private static string SystemRelease()
    {
        const string path = "/usr/share/zoneinfo/tzdata.zi";
        return File.Exists(path) ? File.ReadLines(path).First().Split(' ')[^1] : "";
    }
}

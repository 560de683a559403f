using NodaTime;
using NodaTime.TimeZones;

namespace Workflows.Engine.Schedules;

/// <summary>
/// Between instants and the wall clock of a zone, by the changes that the zone's rules name: they may be of any size
/// and direction (a day left out, daylight saving in winter) and come as close together as they like.
/// </summary>
internal sealed class ZoneClock(DateTimeZone zone)
{
    /// <summary>What the wall clock shows.</summary>
    public DateTime ToLocal(DateTime utc) => utc + zone.GetUtcOffset(InstantOf(utc)).ToTimeSpan();

    /// <summary>The first instant at which the clock shows <paramref name="local"/>; of a time that is left out, the instant of the change.</summary>
    /// <param name="isSkipped">True when the clock never shows it.</param>
    public DateTime ToUtc(DateTime local, out bool isSkipped)
    {
        var mapping = Map(local);
        isSkipped = mapping.Count == 0;
        return isSkipped ? Change(mapping) : local - mapping.EarlyInterval.WallOffset.ToTimeSpan();
    }

    /// <summary>The hour (or whatever it is) that the clock shows twice, if it shows it at this instant.</summary>
    public ClockOverlap? OverlapAt(DateTime utc)
    {
        var mapping = Map(ToLocal(utc));
        if (mapping.Count < 2)
        {
            return null;
        }

        var before = mapping.EarlyInterval.WallOffset.ToTimeSpan();
        var after = mapping.LateInterval.WallOffset.ToTimeSpan();
        var change = Change(mapping);
        return new ClockOverlap(change + after, change + before, before, after, utc >= change);
    }

    private static DateTime Change(ZoneLocalMapping mapping) => mapping.LateInterval.Start.ToDateTimeUtc();

    private static Instant InstantOf(DateTime utc) =>
        Instant.FromDateTimeUtc(DateTime.SpecifyKind(utc, DateTimeKind.Utc));

    private ZoneLocalMapping Map(DateTime local) => zone.MapLocal(LocalDateTime.FromDateTime(local));
}

/// <summary>Wall clock times that come twice: from <paramref name="Start"/> to before <paramref name="End"/>.</summary>
internal readonly record struct ClockOverlap(DateTime Start, DateTime End, TimeSpan FirstOffset, TimeSpan SecondOffset, bool IsSecondPass);

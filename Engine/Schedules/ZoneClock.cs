namespace Workflows.Engine.Schedules;

/// <summary>
/// Between instants and the wall clock of a zone. Stands on nothing but the offset of an instant, so that changes of any size and direction (a day
/// left out, daylight saving in winter) come out right.
/// </summary>
internal sealed class ZoneClock(TimeZoneInfo zone)
{
    // No zone has changed its clock twice within so short a time.
    private static readonly TimeSpan Around = TimeSpan.FromHours(24);

    /// <summary>What the wall clock shows.</summary>
    public DateTime ToLocal(DateTime utc) => utc + OffsetAt(utc);

    /// <summary>The first instant at which the clock shows <paramref name="local"/>; of a time that is left out, the instant of the change.</summary>
    /// <param name="isSkipped">True when the clock never shows it.</param>
    public DateTime ToUtc(DateTime local, out bool isSkipped)
    {
        var (before, after) = OffsetsAround(local);
        isSkipped = false;
        if (before == after)
        {
            return local - before;
        }

        var (early, late) = (local - before, local - after);
        var (isEarly, isLate) = (OffsetAt(early) == before, OffsetAt(late) == after);
        isSkipped = !isEarly && !isLate;
        return isSkipped ? FindChange(local - after, local - before)
            : isEarly && isLate ? (early < late ? early : late)
            : isEarly ? early : late;
    }

    /// <summary>The hour (or whatever it is) that the clock shows twice, if it shows it at this instant.</summary>
    public ClockOverlap? OverlapAt(DateTime utc)
    {
        var local = ToLocal(utc);
        var (before, after) = OffsetsAround(local);
        if (before <= after || OffsetAt(local - before) != before || OffsetAt(local - after) != after)
        {
            return null;
        }

        var change = FindChange(local - before, local - after);
        return new ClockOverlap(change + after, change + before, before, after, utc >= change);
    }

    private TimeSpan OffsetAt(DateTime utc) => zone.GetUtcOffset(DateTime.SpecifyKind(utc, DateTimeKind.Utc));

    private (TimeSpan Before, TimeSpan After) OffsetsAround(DateTime local) => (OffsetAt(local - Around), OffsetAt(local + Around));

    /// <summary>The instant, to the second, at which the offset changes after <paramref name="from"/> and not after <paramref name="to"/>.</summary>
    private DateTime FindChange(DateTime from, DateTime to)
    {
        var offset = OffsetAt(to);
        while (to - from > TimeSpan.FromSeconds(1))
        {
            var middle = from + TimeSpan.FromSeconds(Math.Floor((to - from).TotalSeconds / 2));
            if (OffsetAt(middle) == offset)
            {
                to = middle;
            }
            else
            {
                from = middle;
            }
        }

        return to;
    }
}

/// <summary>Wall clock times that come twice: from <paramref name="Start"/> to before <paramref name="End"/>.</summary>
internal readonly record struct ClockOverlap(DateTime Start, DateTime End, TimeSpan FirstOffset, TimeSpan SecondOffset, bool IsSecondPass);

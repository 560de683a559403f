namespace Workflows.Engine.Schedules;

/// <summary>What a schedule has to do at one moment.</summary>
/// <param name="Ticks">The instants to fire now, in order.</param>
/// <param name="Missed">The first of the instants left out since their time is long over; null = none was.</param>
/// <param name="Next">The instant after all of these; null when there is none, ever.</param>
public sealed record FirePlan(IReadOnlyList<DateTimeOffset> Ticks, DateTimeOffset? Missed, DateTimeOffset? Next)
{
    /// <summary>
    /// Decides for a schedule whose next instant is <paramref name="tick"/>. Instants not older than <see cref="Limits.MisfireGraceSeconds"/> all fire; of
    /// older ones the misfire policy decides. Costs as much as it fires, however long the outage was.
    /// </summary>
    public static FirePlan Of(ScheduleTiming timing, Guid scheduleId, DateTimeOffset tick, DateTimeOffset now)
    {
        var settings = timing.Settings;
        var cut = now.AddSeconds(-Limits.MisfireGraceSeconds - settings.JitterSeconds);
        var ticks = new List<DateTimeOffset>();
        DateTimeOffset? next = tick < cut ? timing.NextAfter(cut.AddTicks(-1)) : tick;
        while (next is { } at && FireAt(settings, scheduleId, at) <= now && ticks.Count < Limits.FiresPerRound)
        {
            ticks.Add(at);
            next = timing.NextAfter(at);
        }

        if (tick >= cut)
        {
            return new FirePlan(ticks, null, next);
        }

        var wanted = settings.Misfire switch
        {
            MisfirePolicy.Skip => 0,
            MisfirePolicy.FireOnce => ticks.Count > 0 ? 0 : 1,
            MisfirePolicy.FireAll => settings.MisfireLimit,
        };
        var late = wanted == 0 ? [] : Latest(timing, tick, cut, wanted);
        return new FirePlan([.. late, .. ticks], late.Count > 0 && late[0] == tick ? null : tick, next);
    }

    /// <summary>When an instant fires: its own time and its share of the jitter.</summary>
    public static DateTimeOffset FireAt(ScheduleSettings settings, Guid scheduleId, DateTimeOffset tick)
    {
        if (settings.JitterSeconds <= 0)
        {
            return tick;
        }

        Span<byte> id = stackalloc byte[16];
        scheduleId.TryWriteBytes(id);
        var bits = BitConverter.ToUInt64(id) ^ BitConverter.ToUInt64(id[8..]) ^ ((ulong)tick.UtcTicks * 0x9E3779B97F4A7C15);
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return tick.AddMilliseconds(Math.Floor((bits >> 11) * (1.0 / (1UL << 53)) * settings.JitterSeconds * 1_000));
    }

    /// <summary>The last <paramref name="count"/> instants from <paramref name="first"/> (one of them) on and before <paramref name="end"/>.</summary>
    private static List<DateTimeOffset> Latest(ScheduleTiming timing, DateTimeOffset first, DateTimeOffset end, int count)
    {
        // There is no way backwards, so the look goes back by spans that double until they hold enough.
        for (var span = TimeSpan.FromSeconds(count); ; span *= 2)
        {
            var from = end - first <= span ? first : end - span;
            var kept = new Queue<DateTimeOffset>(count);
            for (var next = timing.NextAfter(from.AddTicks(-1)); next is { } at && at < end; next = timing.NextAfter(at))
            {
                if (kept.Count == count)
                {
                    kept.Dequeue();
                }

                kept.Enqueue(at);
            }

            if (kept.Count == count || from == first)
            {
                return [.. kept];
            }
        }
    }
}

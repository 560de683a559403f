using Workflows.Api.Http;

namespace Workflows.Api.Numbers;

/// <summary>The time that figures are of.</summary>
internal static class Ranges
{
    /// <summary>Reads a time of whole hours from its start on.</summary>
    /// <param name="usualDays">How long it is when its start is left out.</param>
    public static Problem? Read(
        DateTimeOffset? wantedFrom, DateTimeOffset? wantedTo, DateTimeOffset now, int usualDays,
        out DateTimeOffset from, out DateTimeOffset to)
    {
        to = (wantedTo ?? now).ToUniversalTime();
        var usual = to > DateTimeOffset.UnixEpoch.AddDays(usualDays) ? to.AddDays(-usualDays)
            : DateTimeOffset.UnixEpoch;
        from = (wantedFrom ?? usual).ToUniversalTime();
        from = from.AddTicks(-(from.Ticks % TimeSpan.TicksPerHour));
        return from >= to ? Problem.Parameter("from", "'from' must come before 'to'.")
            : to - from > Limits.StatsRange ? Problem.Parameter(
                "from", $"At most {Limits.StatsRange.TotalDays} days are added up in one call.")
            : null;
    }
}

using NodaTime;
using Workflows.Jsonata;

namespace Workflows.Engine.Schedules;

/// <summary>The zones of this program, for expressions: the same database that schedules go by.</summary>
public sealed class ExpressionTimeZones : IJsonataTimeZones
{
    private ExpressionTimeZones()
    {
    }

    /// <summary>To be shared.</summary>
    public static ExpressionTimeZones Instance { get; } = new();

    /// <inheritdoc/>
    public TimeSpan? OffsetAt(string zone, DateTimeOffset instant) =>
        TimeZones.TryFind(zone, out var found)
            ? found.GetUtcOffset(Instant.FromDateTimeOffset(instant)).ToTimeSpan()
            : null;

    /// <inheritdoc/>
    public DateTimeOffset? InstantOf(string zone, DateTime local) => TimeZones.TryFind(zone, out var found)
        ? new DateTimeOffset(DateTime.SpecifyKind(new ZoneClock(found).ToUtc(local, out _), DateTimeKind.Utc))
        : null;

    /// <inheritdoc/>
    public string Hint(string zone) => TimeZones.Hint(zone);
}

using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using NodaTime;
using NodaTime.TimeZones;
using Workflows.Engine.Definitions;

namespace Workflows.Engine.Schedules;

/// <summary>
/// The time zones of the IANA database that this program carries with it. Every worker that runs the same build goes by
/// the same rules, whatever its machine or image has installed, or has not.
/// </summary>
public static class TimeZones
{
    private static readonly TzdbDateTimeZoneSource Source = TzdbDateTimeZoneSource.Default;

    // The provider would also make a zone of "UTC+3", which is no name of the database.
    private static readonly FrozenSet<string> Names =
        DateTimeZoneProviders.Tzdb.Ids.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Which release of the IANA database it is, e.g. <c>2026f</c>.</summary>
    public static string Version => Source.TzdbVersion;

    /// <summary>
    /// Whether the database has the name, as a zone or as a link to one. Upper and lower case matter, as in the
    /// database.
    /// </summary>
    public static bool Exists(string name) => Names.Contains(name);

    /// <summary>What to write instead of a name that does not exist.</summary>
    public static string Hint(string name) =>
        Suggest(name) is { } other ? $"Did you mean '{other}'?" : "Write an IANA name such as Europe/Berlin.";

    /// <summary>
    /// What the wall clock of a zone shows at an instant, with its offset from UTC (in whole minutes, rounded towards
    /// UTC).
    /// </summary>
    /// <exception cref="ArgumentException">There is no such zone.</exception>
    public static DateTimeOffset Show(DateTimeOffset instant, string name)
    {
        var zone = TryFind(name, out var found)
            ? found
            : throw new ArgumentException($"There is no time zone '{name}'.", nameof(name));
        var offset = zone.GetUtcOffset(Instant.FromDateTimeOffset(instant));
        return instant.ToOffset(TimeSpan.FromMinutes(offset.Seconds / 60));
    }

    internal static bool TryFind(string name, [NotNullWhen(true)] out DateTimeZone? zone)
    {
        zone = Exists(name) ? DateTimeZoneProviders.Tzdb[name] : null;
        return zone is not null;
    }

    private static string? Suggest(string name)
    {
        if (Source.WindowsMapping.PrimaryMapping.TryGetValue(name, out var ofWindows))
        {
            return ofWindows;
        }

        var written = name.Trim().Replace(' ', '_');
        return Names.FirstOrDefault(known => known.Equals(written, StringComparison.OrdinalIgnoreCase))
            ?? OnlyOne(Names.Where(
                known => known.Contains('/') && City(known).Equals(City(written), StringComparison.OrdinalIgnoreCase)))
            ?? Nearest.Of(written, Names.Order(StringComparer.Ordinal), Names.Count);
    }

    // Links give one place several names: of the same zone, its own name is meant.
    private static string? OnlyOne(IEnumerable<string> names)
    {
        var zones = names.Select(name => Source.CanonicalIdMap[name]).Distinct(StringComparer.Ordinal).Take(2).ToList();
        return zones.Count == 1 ? zones[0] : null;
    }

    private static string City(string name) => name[(name.LastIndexOf('/') + 1)..];
}

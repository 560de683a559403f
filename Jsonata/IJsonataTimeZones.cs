namespace Workflows.Jsonata;

/// <summary>
/// What the names of time zones mean to $now, $fromMillis and $toMillis. The language itself knows offsets only;
/// whoever has a
/// database of zones hands it in by <see cref="JsonataOptions.TimeZones"/>.
/// </summary>
public interface IJsonataTimeZones
{
    /// <summary>What the clocks of a zone show beyond UTC at an instant.</summary>
    /// <returns>Null when there is no such zone.</returns>
    TimeSpan? OffsetAt(string zone, DateTimeOffset instant);

    /// <summary>
    /// The instant at which the clocks of a zone show a time: the first one when they show it twice, that of the
    /// change when
    /// they leave it out.
    /// </summary>
    /// <returns>Null when there is no such zone.</returns>
    DateTimeOffset? InstantOf(string zone, DateTime local);

    /// <summary>What to write instead of a name that does not exist, as a sentence.</summary>
    string Hint(string zone);
}

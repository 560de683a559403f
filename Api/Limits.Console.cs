namespace Workflows.Api;

// Of the console.
internal static partial class Limits
{
    /// <summary>How long a refresh token in a browser that was exchanged is answered with its successor
    /// again.</summary>
    public static readonly TimeSpan RefreshGrace = TimeSpan.FromSeconds(10);

    /// <summary>Views that a person keeps of one list.</summary>
    public const int ViewsPerList = 50;

    /// <summary>Bytes of a view's content.</summary>
    public const int ViewBytes = 16 * 1024;

    /// <summary>People and groups that a look-up by name answers at most.</summary>
    public const int DirectoryEntries = 20;

    /// <summary>Numbers reported in one call.</summary>
    public const int MetricPoints = 1_000;

    /// <summary>Characters of the name of a metric.</summary>
    public const int MetricNameLength = 100;

    /// <summary>Dimensions of one number.</summary>
    public const int MetricDimensions = 10;

    /// <summary>Characters of the name, and of the value, of a dimension.</summary>
    public const int MetricTextLength = 100;

    /// <summary>
    /// Bytes of the names and values of the dimensions of one number: they are part of a key, which an index must hold.
    /// </summary>
    public const int MetricDimensionBytes = 2_000;

    /// <summary>How old a number that is reported may be.</summary>
    public static readonly TimeSpan MetricAge = TimeSpan.FromDays(1);

    /// <summary>How far ahead of our clock a number may be.</summary>
    public static readonly TimeSpan MetricAhead = TimeSpan.FromMinutes(5);

    /// <summary>Characters of a person's message.</summary>
    public const int MessageLength = 16_000;

    /// <summary>Characters of the number or name of a person who sends messages.</summary>
    public const int SenderLength = 200;

    /// <summary>Bytes that a program sends beside a person's message.</summary>
    public const int MessageDataBytes = 64 * 1024;

    /// <summary>Schedules whose firings are put together.</summary>
    public const int CalendarSchedules = 500;

    /// <summary>Firings of one schedule that are worked out.</summary>
    public const int CalendarFires = 200;

    /// <summary>Firings that are answered together.</summary>
    public const int CalendarAnswer = 2_000;

    /// <summary>Lines of a CSV file.</summary>
    public const int ExportedLines = 100_000;

    /// <summary>Bytes of an answer from which on compressing it pays.</summary>
    public const int CompressedFromBytes = 1_024;
}

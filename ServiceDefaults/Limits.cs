namespace Workflows.ServiceDefaults;

/// <summary>The bounds every process keeps, whatever it does.</summary>
public static class Limits
{
    /// <summary>Nesting of JSON that is read or written; one level more is refused by the reader.</summary>
    public const int JsonMaxDepth = 64;

    /// <summary>Seconds that one dependency may take to answer a health probe before it counts as down.</summary>
    public const int HealthCheckTimeoutSeconds = 5;

    /// <summary>Seconds that reading all meters for a Prometheus scrape may take.</summary>
    public const int ScrapeTimeoutSeconds = 5;

    /// <summary>Characters of a reason shown in the health report.</summary>
    public const int HealthReasonMaxLength = 200;
}

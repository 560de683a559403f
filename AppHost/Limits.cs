namespace Workflows.AppHost;

/// <summary>The bounds the AppHost keeps.</summary>
internal static class Limits
{
    /// <summary>Between two looks at a file or a state.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>A container engine that takes longer to answer counts as absent.</summary>
    public static readonly TimeSpan EngineAnswer = TimeSpan.FromSeconds(5);

    /// <summary>An order such as a restart, from request to answer.</summary>
    public static readonly TimeSpan Order = TimeSpan.FromSeconds(90);

    /// <summary>One question about a service's health.</summary>
    public static readonly TimeSpan HealthAnswer = TimeSpan.FromSeconds(5);

    /// <summary>A stop of everything: services hand back their work, then the servers write theirs.</summary>
    public static readonly TimeSpan Stop = TimeSpan.FromMinutes(2);

    /// <summary>Lines of a command's output that are shown.</summary>
    public const int CommandOutputLines = 200;

    /// <summary>
    /// Bytes of one file of a log below <c>.local/logs</c>: some minutes of a service that fails all the time, days of
    /// one that does not.
    /// </summary>
    public const long LogBytes = 8 * 1024 * 1024;

    /// <summary>Older files of a log that are kept.</summary>
    public const int LogGenerations = 2;

    /// <summary>Between two looks at the size of the AppHost's own log.</summary>
    public static readonly TimeSpan LogLook = TimeSpan.FromSeconds(5);
}

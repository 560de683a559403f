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
}

namespace Workflows.Api;

// Of looking on.
internal static partial class Limits
{
    /// <summary>Messages that wait for a client to read them, before it is dropped.</summary>
    public const int LiveBacklog = 1_000;

    /// <summary>Topics of one connection.</summary>
    public const int LiveTopicsPerConnection = 100;

    /// <summary>Bytes of a client's request over a WebSocket.</summary>
    public const int LiveRequestBytes = 8 * 1024;

    /// <summary>Requests of one client in a second.</summary>
    public const int LiveOpsPerSecond = 100;

    /// <summary>Clients whose rights are looked at again at the same time.</summary>
    public const int LiveChecksAtOnce = 8;

    /// <summary>Executions in one message about all of them.</summary>
    public const int LiveChangesPerMessage = 200;

    /// <summary>How long a client may take to say who it is.</summary>
    public static readonly TimeSpan LiveAuthentication = TimeSpan.FromSeconds(5);

    /// <summary>How often the other side is asked whether it is there.</summary>
    public static readonly TimeSpan LiveHeartbeat = TimeSpan.FromSeconds(20);

    /// <summary>How long a client may take to take a message.</summary>
    public static readonly TimeSpan LiveWrite = TimeSpan.FromSeconds(10);

    /// <summary>How long changes of executions are collected.</summary>
    public static readonly TimeSpan LiveDigest = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a stream is heard that nobody subscribes to any more.</summary>
    public static readonly TimeSpan LiveIdle = TimeSpan.FromMinutes(1);
}

namespace StackExchange.Redis;

/// <summary>Every bound of this client in one place. Crossing one is an error with a name, never unbounded memory.</summary>
internal static class Limits
{
    /// <summary>Largest single reply accepted from a server, bytes. Redis itself bounds one string to 512 MiB.</summary>
    public const int MaxReplyBytes = 768 * 1024 * 1024;

    /// <summary>Longest header line (simple string, error, number, length), bytes.</summary>
    public const int MaxLineBytes = 1024 * 1024;

    /// <summary>Deepest nesting of a raw reply; scripts can nest tables.</summary>
    public const int MaxReplyDepth = 128;

    /// <summary>Arguments of one command; the server refuses more than 1,048,576.</summary>
    public const int MaxArguments = 1024 * 1024 - 1;

    /// <summary>Bytes of one argument; the server's default proto-max-bulk-len.</summary>
    public const int MaxArgumentBytes = 512 * 1024 * 1024;

    /// <summary>Bytes written by callers and not yet taken by the socket; a stalled server stops callers here.</summary>
    public const int MaxUnsentBytes = 1024 * 1024 * 1024;

    /// <summary>Commands waiting for a connection, and their bytes.</summary>
    public const int MaxBacklogCommands = 1_000_000;
    public const long MaxBacklogBytes = 512L * 1024 * 1024;

    /// <summary>Messages held for a slow reader of one <see cref="ChannelMessageQueue"/>; later ones are dropped and reported.</summary>
    public const int MaxQueuedMessages = 1_000_000;

    /// <summary>Script texts and command names whose encoded form is kept.</summary>
    public const int MaxCachedScripts = 1_000;
    public const int MaxCachedCommandNames = 512;

    /// <summary>Buffers larger than this are given back once they are empty.</summary>
    public const int RetainedBufferBytes = 1024 * 1024;
    public const int InitialBufferBytes = 16 * 1024;
    public const int ReceiveBufferBytes = 64 * 1024;
}

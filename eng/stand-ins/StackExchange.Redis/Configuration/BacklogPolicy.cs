namespace StackExchange.Redis;

/// <summary>What happens to commands while there is no connection.</summary>
public sealed class BacklogPolicy
{
    /// <summary>Commands wait until a connection is there or their time is up.</summary>
    public static BacklogPolicy Default { get; } = new() { QueueWhileDisconnected = true };

    /// <summary>Commands fail at once.</summary>
    public static BacklogPolicy FailFast { get; } = new() { AbortPendingOnConnectionFailure = true };

    public bool QueueWhileDisconnected { get; init; }

    public bool AbortPendingOnConnectionFailure { get; init; }
}

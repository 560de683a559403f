namespace Workflows.Peers;

/// <summary>What each job is given.</summary>
internal static class PeerInput
{
    /// <summary>Of the argument of a job, as of the input of an execution of ours.</summary>
    public const int Bytes = 200;
}

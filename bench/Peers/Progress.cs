namespace Workflows.Peers;

/// <summary>
/// What the peer's own code has seen. The database is counted only once this says that all is done: counting again and
/// again would take more of the server than some peers do.
/// </summary>
internal static class Progress
{
    private static long _jobs;
    private static long _executions;

    /// <summary>One-step jobs that ran.</summary>
    public static long Jobs => Interlocked.Read(ref _jobs);

    /// <summary>Tenth steps that ran.</summary>
    public static long Executions => Interlocked.Read(ref _executions);

    public static void CountJob() => Interlocked.Increment(ref _jobs);

    /// <summary>A step ran; the tenth ends its execution.</summary>
    public static void CountStep(int number)
    {
        if (number == Load.Workloads.Steps)
        {
            Interlocked.Increment(ref _executions);
        }
    }

    /// <summary>Begins anew, for the next peer.</summary>
    public static void Reset() => (_jobs, _executions) = (0, 0);
}

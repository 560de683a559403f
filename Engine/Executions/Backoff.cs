using Workflows.Engine.Definitions;

namespace Workflows.Engine.Executions;

/// <summary>
/// Exponential back-off with full jitter (delay = random between 0 and min(cap, initial × multiplier^(attempt-1))): retries of
/// many executions that failed together spread over the whole interval instead of coming back as one wave. The random number is
/// a hash of execution, node and attempt, so that a replay decides the same delay again.
/// </summary>
public static class Backoff
{
    /// <summary>
    /// The time from the end of the failed <paramref name="attempt"/> (1 = the first) to the start of the next one.
    /// </summary>
    public static TimeSpan Delay(RetryPolicy policy, int attempt, ulong seed, TimeSpan? retryAfter = null)
    {
        var ceiling = Math.Min(
            policy.MaxDelaySeconds,
            policy.InitialDelaySeconds * Math.Pow(policy.Multiplier, Math.Max(0, attempt - 1)));
        var seconds = ceiling * Fraction(seed);

        // The target knows best when it can answer; but it may not park an execution for longer than our own bound.
        var wished = Math.Min(retryAfter?.TotalSeconds ?? 0, Limits.RetryDelaySeconds);
        return TimeSpan.FromSeconds(Math.Max(seconds, wished));
    }

    /// <summary>
    /// A number that differs between executions, nodes, iterations and attempts, and is always the same for one of them.
    /// </summary>
    public static ulong Seed(Guid executionId, string nodeId, string iteration, int attempt)
    {
        // FNV-1a over everything, then the finaliser of MurmurHash3: cheap, and well spread in the high bits.
        const ulong Prime = 1099511628211;
        var hash = 14695981039346656037;
        Span<byte> id = stackalloc byte[16];
        executionId.TryWriteBytes(id);
        foreach (var value in id)
        {
            hash = (hash ^ value) * Prime;
        }

        foreach (var character in nodeId)
        {
            hash = (hash ^ character) * Prime;
        }

        hash = (hash ^ '/') * Prime;
        foreach (var character in iteration)
        {
            hash = (hash ^ character) * Prime;
        }

        hash = (hash ^ (uint)attempt) * Prime;
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }

    /// <summary>In [0, 1).</summary>
    private static double Fraction(ulong seed) => (seed >> 11) * (1.0 / (1UL << 53));
}

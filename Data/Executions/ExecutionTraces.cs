using System.Diagnostics;

namespace Workflows.Data.Executions;

/// <summary>
/// The trace of an execution bears its id: both are 16 bytes, so nothing has to be stored or handed on.
/// </summary>
public static class ExecutionTraces
{
    /// <summary>Where an execution's spans hang: the same remote parent for each stay at a worker.</summary>
    /// <param name="executionId">Its bytes in the order of their text are the trace's id, the last eight the
    /// parent's.</param>
    public static ActivityContext ContextOf(Guid executionId)
    {
        Span<byte> id = stackalloc byte[16];
        executionId.TryWriteBytes(id, bigEndian: true, out _);
        return new(
            ActivityTraceId.CreateFromBytes(id),
            ActivitySpanId.CreateFromBytes(id[8..]),
            ActivityTraceFlags.Recorded,
            isRemote: true);
    }

    /// <summary>
    /// Lets whoever looks at the caller's trace go on to the execution's. Does nothing while the caller has no
    /// recorded span.
    /// </summary>
    internal static void LinkFromCaller(Guid executionId)
    {
        if (Activity.Current is { IsAllDataRequested: true } caller)
        {
            caller.AddLink(new(ContextOf(executionId)));
        }
    }
}

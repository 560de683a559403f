using System.Buffers.Binary;

namespace Workflows.Data.Executions;

/// <summary>Times of an execution as people are told of them.</summary>
public static class ExecutionTimes
{
    /// <summary>
    /// When an execution was put into the queue for what it began with. The row's own time is that of the last
    /// queueing, by which the sweeps go, and so after its beginning once it has waited: then it is the time of its
    /// acceptance.
    /// </summary>
    public static DateTimeOffset QueuedAt(Guid id, DateTimeOffset queuedAt, DateTimeOffset? startedAt) =>
        startedAt is { } started && started < queuedAt ? AcceptedAt(id, started) : queuedAt;

    // The id is a UUIDv7, whose first 48 bits are the milliseconds since 1970.
    private static DateTimeOffset AcceptedAt(Guid id, DateTimeOffset startedAt)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var milliseconds = BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16;
        var accepted = DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds);
        return accepted < startedAt ? accepted : startedAt;
    }
}

using System.Buffers.Binary;

namespace Workflows.Engine;

/// <summary>The instant that a UUIDv7 holds in its first 48 bits, as milliseconds since 1970 (RFC 9562).</summary>
public static class UuidTime
{
    private static readonly long Last = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <returns>Null for an id of another version, which holds no time, and for an instant beyond the year
    /// 9999.</returns>
    public static DateTimeOffset? Of(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var milliseconds = (long)(BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16);
        return id.Version == 7 && milliseconds <= Last ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
    }
}

namespace Workflows.Data.ControlPlane;

/// <summary>What queries of the control plane may say beyond LINQ; translated, never run here.</summary>
public static class ControlPlaneFunctions
{
    /// <summary>A member of a JSON object as text: <c>json ->> member</c>.</summary>
    public static string? JsonText(string? json, string member) =>
        throw new InvalidOperationException($"{nameof(JsonText)}({json}, {member}) can only be part of a query.");
}

/// <summary>Ids as points in time.</summary>
public static class TimeIds
{
    /// <summary>The smallest UUIDv7 of an instant: whatever was made at or after it is not smaller.</summary>
    public static Guid Lowest(DateTimeOffset instant)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        var milliseconds = Math.Max(0, instant.ToUnixTimeMilliseconds());
        for (var index = 5; index >= 0; index--)
        {
            bytes[index] = (byte)milliseconds;
            milliseconds >>= 8;
        }

        return new Guid(bytes, bigEndian: true);
    }
}

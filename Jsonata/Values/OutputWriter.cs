using System.Globalization;
using System.Text.Json;

namespace Workflows.Jsonata.Values;

/// <summary>A JSON writer that stops at a number of bytes. Counts from where the writer stood when it was handed over.</summary>
internal sealed class OutputWriter(Utf8JsonWriter writer, long maxBytes)
{
    private readonly long _start = writer.BytesCommitted + writer.BytesPending;

    public Utf8JsonWriter Json => writer;

    /// <summary>Called after each value, and before one whose size is known.</summary>
    public void Check(long more = 0)
    {
        if (writer.BytesCommitted + writer.BytesPending - _start + more > maxBytes)
        {
            throw Errors.Of("U1005", value: maxBytes.ToString(CultureInfo.InvariantCulture));
        }
    }
}

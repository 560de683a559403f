using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Workflows.Engine.Executions;

/// <summary>
/// A writer and its buffer, one per thread, so that rendering a step allocates its result and nothing else. Not to be held
/// over another rendering: rent, write, take the result.
/// </summary>
internal sealed class JsonBuffer
{
    private const int KeptBytes = 64 * 1024;

    private static readonly JsonWriterOptions Options = new()
    {
        // The text goes to PostgreSQL and to HTTP bodies, never into HTML: escaping more than JSON asks for only costs bytes.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = Limits.JsonDepth + Limits.JsonEnvelope,
        SkipValidation = true,
    };

    [ThreadStatic]
    private static JsonBuffer? _ofThread;

    private ArrayBufferWriter<byte> _bytes = new(1024);

    private JsonBuffer() => Writer = new Utf8JsonWriter(_bytes, Options);

    public Utf8JsonWriter Writer { get; }

    /// <summary>Whether what this thread writes has reached the depth at which the writer throws.</summary>
    public static bool IsTooDeep => _ofThread is { Writer: { } writer } && writer.CurrentDepth >= Options.MaxDepth;

    public static JsonBuffer Rent()
    {
        var buffer = _ofThread ??= new JsonBuffer();

        // An evaluation that ended in an exception may have left half a value behind.
        if (buffer._bytes.Capacity > KeptBytes)
        {
            buffer._bytes = new ArrayBufferWriter<byte>(1024);
        }
        else
        {
            buffer._bytes.ResetWrittenCount();
        }

        buffer.Writer.Reset(buffer._bytes);
        return buffer;
    }

    public byte[] ToJson()
    {
        Writer.Flush();
        return _bytes.WrittenSpan.ToArray();
    }
}

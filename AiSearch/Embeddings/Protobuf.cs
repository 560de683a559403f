using System.Text;

namespace Workflows.AiSearch.Embeddings;

/// <summary>A field of a message in protobuf's wire format: a number for wire type 0, else its bytes.</summary>
internal readonly record struct ProtobufField(
    int Number, ulong Value, ReadOnlyMemory<byte> Bytes, ReadOnlyMemory<byte> Whole)
{
    public string Text => Encoding.UTF8.GetString(Bytes.Span);
}

/// <summary>Reads the fields of a message in their order.</summary>
internal static class ProtobufReader
{
    /// <exception cref="InvalidDataException">The bytes are no message.</exception>
    public static IEnumerable<ProtobufField> Read(ReadOnlyMemory<byte> message)
    {
        var position = 0;
        while (position < message.Length)
        {
            var start = position;
            var key = ReadNumber(message.Span, ref position);
            var (value, bytes) = (0UL, ReadOnlyMemory<byte>.Empty);
            switch (key & 7)
            {
                case 0:
                    value = ReadNumber(message.Span, ref position);
                    break;
                case 1:
                    bytes = Take(message, 8, ref position);
                    break;
                case 2:
                    bytes = Take(message, ReadNumber(message.Span, ref position), ref position);
                    break;
                case 5:
                    bytes = Take(message, 4, ref position);
                    break;
                default:
                    throw new InvalidDataException($"Wire type {key & 7} at byte {start} is unknown.");
            }

            yield return new ProtobufField((int)(key >> 3), value, bytes, message[start..position]);
        }
    }

    private static ReadOnlyMemory<byte> Take(ReadOnlyMemory<byte> message, ulong length, ref int position)
    {
        if (length > (ulong)(message.Length - position))
        {
            throw new InvalidDataException($"A field of {length} bytes at byte {position} goes beyond its message.");
        }

        position += (int)length;
        return message.Slice(position - (int)length, (int)length);
    }

    private static ulong ReadNumber(ReadOnlySpan<byte> message, ref int position)
    {
        var value = 0UL;
        for (var shift = 0; shift < 64 && position < message.Length; shift += 7)
        {
            var part = message[position++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException($"A number at byte {position} does not end.");
    }
}

/// <summary>Writes a message field by field. Large contents are kept by reference until all is put together.</summary>
internal sealed class ProtobufWriter
{
    private readonly List<ReadOnlyMemory<byte>> _parts = [];
    private long _length;

    public ProtobufWriter Number(int field, ulong value) => Add([.. Encode((ulong)field << 3), .. Encode(value)]);

    public ProtobufWriter Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    public ProtobufWriter Bytes(int field, ReadOnlyMemory<byte> bytes) => Begin(field, bytes.Length).Add(bytes);

    public ProtobufWriter Message(int field, ProtobufWriter message)
    {
        Begin(field, message._length);
        foreach (var part in message._parts)
        {
            Add(part);
        }

        return this;
    }

    /// <summary>A field as it was read.</summary>
    public ProtobufWriter Field(ProtobufField field) => Add(field.Whole);

    public byte[] ToArray()
    {
        var written = new byte[_length];
        var position = 0;
        foreach (var part in _parts)
        {
            part.Span.CopyTo(written.AsSpan(position));
            position += part.Length;
        }

        return written;
    }

    private ProtobufWriter Begin(int field, long length) =>
        Add([.. Encode(((ulong)field << 3) | 2), .. Encode((ulong)length)]);

    private ProtobufWriter Add(ReadOnlyMemory<byte> part)
    {
        _parts.Add(part);
        _length += part.Length;
        return this;
    }

    private ProtobufWriter Add(byte[] part) => Add(part.AsMemory());

    private static List<byte> Encode(ulong value)
    {
        var bytes = new List<byte>(10);
        while (value >= 0x80)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }

        bytes.Add((byte)value);
        return bytes;
    }
}

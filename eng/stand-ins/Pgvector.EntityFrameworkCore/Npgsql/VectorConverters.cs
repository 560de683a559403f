using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Npgsql.Internal;

namespace Pgvector.Npgsql;

/// <summary>
/// pgvector's binary form of <c>vector</c> and <c>halfvec</c>: the number of elements, a reserved word that is zero (both two
/// bytes), then the elements, all big-endian. Whole blocks are copied and swapped at once, which the runtime vectorizes.
/// </summary>
internal abstract class ElementsConverter<TVector>(int elementSize) : PgStreamingConverter<TVector>
{
    private const int HeaderSize = 2 * sizeof(ushort);

    public override TVector Read(PgReader reader) => Decode(reader.ReadBytes(reader.CurrentRemaining));

    public override async ValueTask<TVector> ReadAsync(PgReader reader, CancellationToken cancellationToken = default) =>
        Decode(await reader.ReadBytesAsync(reader.CurrentRemaining, cancellationToken));

    public override Size GetSize(SizeContext context, TVector value, ref object? writeState) => HeaderSize + (Count(value) * elementSize);

    public override void Write(PgWriter writer, TVector value)
    {
        var buffer = Encode(value, out var length);
        writer.WriteBytes(buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    public override async ValueTask WriteAsync(PgWriter writer, TVector value, CancellationToken cancellationToken = default)
    {
        var buffer = Encode(value, out var length);
        await writer.WriteBytesAsync(buffer.AsMemory(0, length), cancellationToken);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    protected abstract int Count(TVector value);

    protected abstract TVector DecodeElements(ReadOnlySpan<byte> bigEndian, int count);

    protected abstract void EncodeElements(TVector value, Span<byte> bigEndian);

    private byte[] Encode(TVector value, out int length)
    {
        var count = Count(value);
        length = HeaderSize + (count * elementSize);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        BinaryPrimitives.WriteUInt16BigEndian(buffer, checked((ushort)count));
        BinaryPrimitives.WriteUInt16BigEndian(buffer.AsSpan(sizeof(ushort)), 0);
        EncodeElements(value, buffer.AsSpan(HeaderSize, count * elementSize));
        return buffer;
    }

    private TVector Decode(ReadOnlySequence<byte> bytes)
    {
        var span = bytes.IsSingleSegment ? bytes.FirstSpan : bytes.ToArray();
        var count = BinaryPrimitives.ReadUInt16BigEndian(span);
        if (BinaryPrimitives.ReadUInt16BigEndian(span[sizeof(ushort)..]) != 0)
        {
            throw new InvalidCastException("The server sent a vector of an unknown form: its reserved word is not zero.");
        }

        return DecodeElements(span[HeaderSize..], count);
    }
}

internal sealed class VectorConverter() : ElementsConverter<Vector>(sizeof(float))
{
    protected override int Count(Vector value) => value.Memory.Length;

    protected override Vector DecodeElements(ReadOnlySpan<byte> bigEndian, int count)
    {
        var elements = new float[count];
        var words = MemoryMarshal.Cast<float, int>(elements.AsSpan());
        bigEndian[..(count * sizeof(float))].CopyTo(MemoryMarshal.AsBytes(words));
        ToHostOrder(words);
        return new Vector(elements);
    }

    protected override void EncodeElements(Vector value, Span<byte> bigEndian)
    {
        MemoryMarshal.AsBytes(value.Memory.Span).CopyTo(bigEndian);
        ToHostOrder(MemoryMarshal.Cast<byte, int>(bigEndian));
    }

    // Swapping is its own inverse.
    private static void ToHostOrder(Span<int> words)
    {
        if (BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(words, words);
        }
    }
}

internal sealed class HalfVectorConverter() : ElementsConverter<HalfVector>(sizeof(ushort))
{
    protected override int Count(HalfVector value) => value.Memory.Length;

    protected override HalfVector DecodeElements(ReadOnlySpan<byte> bigEndian, int count)
    {
        var elements = new Half[count];
        var words = MemoryMarshal.Cast<Half, short>(elements.AsSpan());
        bigEndian[..(count * sizeof(ushort))].CopyTo(MemoryMarshal.AsBytes(words));
        ToHostOrder(words);
        return new HalfVector(elements);
    }

    protected override void EncodeElements(HalfVector value, Span<byte> bigEndian)
    {
        MemoryMarshal.AsBytes(value.Memory.Span).CopyTo(bigEndian);
        ToHostOrder(MemoryMarshal.Cast<byte, short>(bigEndian));
    }

    private static void ToHostOrder(Span<short> words)
    {
        if (BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(words, words);
        }
    }
}

using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Workflows.AiSearch.Search;

/// <summary>
/// Vectors of chunks in one byte a dimension, by the number of the chunk, for comparing all of them with a query:
/// 100,000 of 384 dimensions are 38 MB and take a millisecond or two. A code is the vector's component in 127ths of
/// its greatest one, so a cosine is off by less than 0.01. Not thread-safe: the owner locks.
/// </summary>
internal sealed class VectorCodes(int dimension)
{
    private const int VectorsPerPage = 1_024;
    private const float Greatest = 127;

    private readonly List<sbyte[]> _pages = [];
    private readonly List<float> _scales = [];

    public int Dimension => dimension;

    /// <summary>Bytes in memory.</summary>
    public long Size => ((long)_pages.Count * VectorsPerPage * dimension) + (_scales.Count * sizeof(float));

    /// <summary>Keeps a vector of length one; a number that is not given has none, and is like nothing.</summary>
    public void Set(int number, ReadOnlySpan<Half> vector)
    {
        while (_scales.Count <= number)
        {
            if (_scales.Count % VectorsPerPage == 0)
            {
                _pages.Add(new sbyte[VectorsPerPage * dimension]);
            }

            _scales.Add(0);
        }

        Span<float> values = stackalloc float[dimension];
        TensorPrimitives.ConvertToSingle(vector, values);
        _scales[number] = Quantize(values, CodesOf(number));
    }

    /// <summary>Writes the cosine of each allowed vector with the query; of one that is not there, 0.</summary>
    /// <param name="query">Of length one.</param>
    /// <param name="isAllowed">By number; the scores of the others are left as they are.</param>
    /// <param name="scores">As many as <paramref name="isAllowed"/>.</param>
    public void Score(ReadOnlySpan<float> query, ReadOnlySpan<bool> isAllowed, Span<float> scores)
    {
        Span<sbyte> codes = stackalloc sbyte[dimension];
        var scale = Quantize(query, codes);
        Span<short> wide = stackalloc short[dimension];
        for (var i = 0; i < codes.Length; i++)
        {
            wide[i] = codes[i];
        }

        var scales = CollectionsMarshal.AsSpan(_scales);
        for (var number = 0; number < isAllowed.Length; number++)
        {
            if (isAllowed[number])
            {
                scores[number] = number < scales.Length && scales[number] > 0
                    ? Dot(wide, CodesOf(number)) * scale * scales[number]
                    : 0;
            }
        }
    }

    /// <summary>Adds a chunk's vector, as it is kept, to a sum.</summary>
    /// <returns>False when the chunk has none.</returns>
    public bool AddTo(int number, Span<float> sum)
    {
        if (number >= _scales.Count || _scales[number] == 0)
        {
            return false;
        }

        var codes = CodesOf(number);
        for (var i = 0; i < sum.Length; i++)
        {
            sum[i] += codes[i] * _scales[number];
        }

        return true;
    }

    private Span<sbyte> CodesOf(int number) =>
        _pages[number / VectorsPerPage].AsSpan(number % VectorsPerPage * dimension, dimension);

    /// <returns>What a code is to be multiplied with; 0 when the vector has no direction.</returns>
    private static float Quantize(ReadOnlySpan<float> vector, Span<sbyte> codes)
    {
        var greatest = MathF.Abs(TensorPrimitives.MaxMagnitude(vector));
        if (greatest == 0 || !float.IsFinite(greatest))
        {
            codes.Clear();
            return 0;
        }

        for (var i = 0; i < codes.Length; i++)
        {
            codes[i] = (sbyte)MathF.Round(vector[i] / greatest * Greatest);
        }

        return greatest / Greatest;
    }

    private static int Dot(ReadOnlySpan<short> query, ReadOnlySpan<sbyte> codes) =>
        Avx512BW.IsSupported ? DotAvx512(query, codes)
        : Avx2.IsSupported ? DotAvx2(query, codes)
        : DotPortable(query, codes);

    // All dimensions that have an index are multiples of 64.
    internal static int DotAvx512(ReadOnlySpan<short> query, ReadOnlySpan<sbyte> codes)
    {
        ref var wide = ref MemoryMarshal.GetReference(query);
        ref var narrow = ref MemoryMarshal.GetReference(codes);
        var (first, second) = (Vector512<int>.Zero, Vector512<int>.Zero);
        for (nuint i = 0; i < (nuint)codes.Length; i += 64)
        {
            var (low, high) = (Vector256.LoadUnsafe(ref narrow, i), Vector256.LoadUnsafe(ref narrow, i + 32));
            first += Avx512BW.MultiplyAddAdjacent(
                Vector512.LoadUnsafe(ref wide, i), Avx512BW.ConvertToVector512Int16(low));
            second += Avx512BW.MultiplyAddAdjacent(
                Vector512.LoadUnsafe(ref wide, i + 32), Avx512BW.ConvertToVector512Int16(high));
        }

        return Vector512.Sum(first + second);
    }

    internal static int DotAvx2(ReadOnlySpan<short> query, ReadOnlySpan<sbyte> codes)
    {
        ref var wide = ref MemoryMarshal.GetReference(query);
        ref var narrow = ref MemoryMarshal.GetReference(codes);
        var (first, second) = (Vector256<int>.Zero, Vector256<int>.Zero);
        for (nuint i = 0; i < (nuint)codes.Length; i += 32)
        {
            var (low, high) = (Vector128.LoadUnsafe(ref narrow, i), Vector128.LoadUnsafe(ref narrow, i + 16));
            first += Avx2.MultiplyAddAdjacent(
                Vector256.LoadUnsafe(ref wide, i), Avx2.ConvertToVector256Int16(low));
            second += Avx2.MultiplyAddAdjacent(
                Vector256.LoadUnsafe(ref wide, i + 16), Avx2.ConvertToVector256Int16(high));
        }

        return Vector256.Sum(first + second);
    }

    internal static int DotPortable(ReadOnlySpan<short> query, ReadOnlySpan<sbyte> codes)
    {
        ref var wide = ref MemoryMarshal.GetReference(query);
        ref var narrow = ref MemoryMarshal.GetReference(codes);
        var sum = Vector128<int>.Zero;
        for (nuint i = 0; i < (nuint)codes.Length; i += 16)
        {
            // A product is at most 127 x 127, which fits.
            var (low, high) = Vector128.Widen(Vector128.LoadUnsafe(ref narrow, i));
            var (first, second) = Vector128.Widen(low * Vector128.LoadUnsafe(ref wide, i));
            var (third, fourth) = Vector128.Widen(high * Vector128.LoadUnsafe(ref wide, i + 8));
            sum += first + second + third + fourth;
        }

        return Vector128.Sum(sum);
    }
}

using System.Numerics.Tensors;
using Pgvector;

namespace Workflows.AiSearch.Embeddings;

/// <summary>What embeddings need beyond the primitives of tensors.</summary>
internal static class Vectors
{
    // Below it the direction is noise of rounding.
    private const float ShortestNorm = 1e-12f;

    /// <summary>target += factor * source.</summary>
    public static void AddScaled(Span<float> target, ReadOnlySpan<float> source, float factor) =>
        TensorPrimitives.MultiplyAdd(source, factor, target, target);

    /// <summary>Brings the vector to length one.</summary>
    /// <returns>False when it has no direction: it is left as it is.</returns>
    public static bool Normalize(Span<float> vector)
    {
        var norm = TensorPrimitives.Norm<float>(vector);
        if (norm < ShortestNorm)
        {
            return false;
        }

        TensorPrimitives.Multiply(vector, 1 / norm, vector);
        return true;
    }

    /// <summary>The vector as pgvector stores it: half precision, to the nearest, ties to even.</summary>
    public static HalfVector ToHalfVector(ReadOnlySpan<float> vector)
    {
        var halves = new Half[vector.Length];
        TensorPrimitives.ConvertToHalf(vector, halves);
        return new HalfVector(halves);
    }
}

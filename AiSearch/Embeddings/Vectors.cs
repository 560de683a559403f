using System.Numerics;
using System.Runtime.InteropServices;

namespace Workflows.AiSearch.Embeddings;

/// <summary>The few operations on dense vectors that training and embedding need, by SIMD.</summary>
internal static class Vectors
{
    public static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var wideLeft = MemoryMarshal.Cast<float, Vector<float>>(left);
        var wideRight = MemoryMarshal.Cast<float, Vector<float>>(right);
        var sum = Vector<float>.Zero;
        for (var i = 0; i < wideLeft.Length; i++)
        {
            sum += wideLeft[i] * wideRight[i];
        }

        var result = Vector.Sum(sum);
        for (var i = wideLeft.Length * Vector<float>.Count; i < left.Length; i++)
        {
            result += left[i] * right[i];
        }

        return result;
    }

    /// <summary>target += factor * source.</summary>
    public static void AddScaled(Span<float> target, ReadOnlySpan<float> source, float factor)
    {
        var wideTarget = MemoryMarshal.Cast<float, Vector<float>>(target);
        var wideSource = MemoryMarshal.Cast<float, Vector<float>>(source);
        for (var i = 0; i < wideTarget.Length; i++)
        {
            wideTarget[i] += wideSource[i] * factor;
        }

        for (var i = wideTarget.Length * Vector<float>.Count; i < target.Length; i++)
        {
            target[i] += source[i] * factor;
        }
    }

    public static void Scale(Span<float> target, float factor)
    {
        for (var i = 0; i < target.Length; i++)
        {
            target[i] *= factor;
        }
    }

    /// <summary>Brings the vector to length one.</summary>
    /// <returns>False when it has no direction: it is left as it is.</returns>
    public static bool Normalize(Span<float> vector)
    {
        var norm = MathF.Sqrt(Dot(vector, vector));
        if (norm < 1e-12f)
        {
            return false;
        }

        Scale(vector, 1 / norm);
        return true;
    }
}

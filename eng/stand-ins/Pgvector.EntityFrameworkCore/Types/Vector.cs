using System.Globalization;

namespace Pgvector;

/// <summary>A value of pgvector's type <c>vector</c>: up to 16,000 numbers of four bytes.</summary>
public class Vector : IEquatable<Vector>
{
    public Vector(ReadOnlyMemory<float> v) => Memory = v;

    /// <summary>Reads pgvector's own notation, <c>[1,2.5,3]</c>.</summary>
    public Vector(string s) => Memory = VectorText.Parse<float>(s);

    public ReadOnlyMemory<float> Memory { get; }

    public float[] ToArray() => Memory.ToArray();

    public override string ToString() => VectorText.Format(Memory.Span);

    public bool Equals(Vector? other) => other is not null && Memory.Span.SequenceEqual(other.Memory.Span);

    public override bool Equals(object? obj) => obj is Vector other && Equals(other);

    public override int GetHashCode() => VectorText.Hash(Memory.Span);

    public static bool operator ==(Vector? x, Vector? y) => x is null ? y is null : x.Equals(y);

    public static bool operator !=(Vector? x, Vector? y) => !(x == y);
}

/// <summary>A value of pgvector's type <c>halfvec</c>: up to 16,000 numbers of two bytes (4,000 in an index).</summary>
public class HalfVector : IEquatable<HalfVector>
{
    public HalfVector(ReadOnlyMemory<Half> v) => Memory = v;

    /// <summary>Reads pgvector's own notation, <c>[1,2.5,3]</c>.</summary>
    public HalfVector(string s) => Memory = VectorText.Parse<Half>(s);

    public ReadOnlyMemory<Half> Memory { get; }

    public Half[] ToArray() => Memory.ToArray();

    public override string ToString() => VectorText.Format(Memory.Span);

    public bool Equals(HalfVector? other) => other is not null && Memory.Span.SequenceEqual(other.Memory.Span);

    public override bool Equals(object? obj) => obj is HalfVector other && Equals(other);

    public override int GetHashCode() => VectorText.Hash(Memory.Span);

    public static bool operator ==(HalfVector? x, HalfVector? y) => x is null ? y is null : x.Equals(y);

    public static bool operator !=(HalfVector? x, HalfVector? y) => !(x == y);
}

internal static class VectorText
{
    public static T[] Parse<T>(string text)
        where T : ISpanParsable<T>
    {
        ArgumentNullException.ThrowIfNull(text);
        var trimmed = text.AsSpan().Trim();
        if (trimmed is not ['[', .. var inner, ']'])
        {
            throw new FormatException("A vector is written as [1,2,3].");
        }

        var elements = new T[inner.Count(',') + 1];
        var index = 0;
        foreach (var range in inner.Split(','))
        {
            elements[index++] = T.Parse(inner[range], CultureInfo.InvariantCulture);
        }

        return elements;
    }

    public static string Format<T>(ReadOnlySpan<T> elements)
        where T : IFormattable
    {
        var texts = new string[elements.Length];
        for (var index = 0; index < texts.Length; index++)
        {
            texts[index] = elements[index].ToString(null, CultureInfo.InvariantCulture);
        }

        return $"[{string.Join(',', texts)}]";
    }

    public static int Hash<T>(ReadOnlySpan<T> elements)
    {
        var hash = default(HashCode);
        foreach (var element in elements)
        {
            hash.Add(element);
        }

        return hash.ToHashCode();
    }
}

using System.Numerics.Tensors;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Embeddings;

/// <summary>
/// Latent semantic analysis of a corpus: the directions in which its texts vary most, found by randomised block power
/// iteration (Halko, Martinsson, Tropp 2011) over the tf-idf matrix. Terms that occur in like company come to lie near each
/// other. Deterministic: the same texts in the same order give the same model.
/// </summary>
internal static class SemanticTrainer
{
    /// <summary>With a direction for every second text, nothing would have to be left out, and nothing be learnt.</summary>
    private const int TextsPerDirection = 4;

    private const int Oversampling = 16;
    private const int Iterations = 4;
    private const int JacobiSweeps = 12;

    /// <summary>Learns from a corpus; null when it is too small to have directions worth the name.</summary>
    public static SemanticModel? Train(IReadOnlyList<TermVector> texts, CancellationToken cancellationToken)
    {
        var vocabulary = Vocabulary.Of(texts);
        var rank = Math.Min(SemanticModel.Directions, Math.Min(vocabulary.Count, texts.Count) / TextsPerDirection);
        if (rank < SemanticModel.MinDirections)
        {
            return null;
        }

        var rows = texts.Select(vocabulary.Weigh).ToArray();
        var width = rank + Oversampling;
        var basis = RandomBlock(vocabulary.Count, width);
        for (var i = 0; i < Iterations; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Orthonormalize(basis, width);
            basis = MultiplyByCovariance(rows, basis, width);
        }

        Orthonormalize(basis, width);
        var rotation = PrincipalRotation(rows, basis, width, rank, out var energies);
        return new SemanticModel(vocabulary, Rotate(basis, width, rotation, rank), energies);
    }

    private static float[] RandomBlock(int rows, int width)
    {
        var block = new float[rows * width];
        for (var i = 0; i < block.Length; i++)
        {
            block[i] = (TermVector.Mix((ulong)i + 1) & 1) == 0 ? 1 : -1;
        }

        return block;
    }

    private static float[] MultiplyByCovariance(WeightedTerm[][] rows, float[] basis, int width)
    {
        var product = new float[basis.Length];
        var projected = new float[width];
        foreach (var row in rows)
        {
            Project(row, basis, projected);
            foreach (var (term, weight) in row)
            {
                Vectors.AddScaled(product.AsSpan(term * width, width), projected, weight);
            }
        }

        return product;
    }

    private static void Project(WeightedTerm[] row, float[] basis, Span<float> projected)
    {
        projected.Clear();
        foreach (var (term, weight) in row)
        {
            Vectors.AddScaled(projected, basis.AsSpan(term * projected.Length, projected.Length), weight);
        }
    }

    /// <summary>Orthonormal columns by Cholesky of the Gram matrix, twice, since once loses digits when columns are nearly parallel.</summary>
    private static void Orthonormalize(float[] block, int width)
    {
        for (var pass = 0; pass < 2; pass++)
        {
            var inverse = InverseCholesky(Gram(block, width), width);
            var row = new float[width];
            for (var offset = 0; offset < block.Length; offset += width)
            {
                Array.Clear(row);
                for (var i = 0; i < width; i++)
                {
                    Vectors.AddScaled(row, inverse.AsSpan(i * width, width), block[offset + i]);
                }

                row.CopyTo(block, offset);
            }
        }
    }

    private static double[] Gram(float[] block, int width)
    {
        var gram = new double[width * width];
        var partial = new float[width * width];
        for (int offset = 0, rows = 1; offset < block.Length; offset += width, rows++)
        {
            var row = block.AsSpan(offset, width);
            for (var i = 0; i < width; i++)
            {
                Vectors.AddScaled(partial.AsSpan(i * width, width), row, row[i]);
            }

            // Single precision within a strip of rows, double across strips: fast, and exact enough for a Cholesky.
            if (rows % 256 == 0 || offset + width == block.Length)
            {
                for (var i = 0; i < partial.Length; i++)
                {
                    gram[i] += partial[i];
                }

                Array.Clear(partial);
            }
        }

        return gram;
    }

    /// <summary>R^-1 of gram = R^T R, row-major; columns without substance of their own become zero.</summary>
    private static float[] InverseCholesky(double[] gram, int width)
    {
        var lower = new double[width * width];
        var inverse = new double[width * width];
        for (var j = 0; j < width; j++)
        {
            var row = lower.AsSpan(j * width, width);
            for (var i = 0; i <= j; i++)
            {
                var other = lower.AsSpan(i * width, width);
                var sum = gram[(j * width) + i];
                for (var k = 0; k < i; k++)
                {
                    sum -= row[k] * other[k];
                }

                row[i] = i == j ? (sum > 1e-9 * gram[(j * width) + j] ? Math.Sqrt(sum) : 0) : other[i] == 0 ? 0 : sum / other[i];
            }
        }

        for (var column = 0; column < width; column++)
        {
            for (var i = column; i < width; i++)
            {
                var sum = i == column ? 1.0 : 0.0;
                for (var k = column; k < i; k++)
                {
                    sum -= lower[(i * width) + k] * inverse[(column * width) + k];
                }

                var pivot = lower[(i * width) + i];
                inverse[(column * width) + i] = pivot == 0 ? 0 : sum / pivot;
            }
        }

        // inverse holds L^-1 by columns, which is (L^-1)^T = R^-1 by rows.
        return Array.ConvertAll(inverse, value => (float)value);
    }

    /// <summary>Rayleigh-Ritz: within the found subspace, the eigenvectors of the covariance by falling eigenvalue.</summary>
    private static float[] PrincipalRotation(WeightedTerm[][] rows, float[] basis, int width, int rank, out float[] energies)
    {
        var covariance = new float[width * width];
        var projected = new float[width];
        foreach (var row in rows)
        {
            Project(row, basis, projected);
            for (var i = 0; i < width; i++)
            {
                Vectors.AddScaled(covariance.AsSpan(i * width, width), projected, projected[i]);
            }
        }

        var vectors = Jacobi(covariance, width);
        var order = Enumerable.Range(0, width).OrderByDescending(i => covariance[(i * width) + i]).Take(rank).ToArray();
        energies = Array.ConvertAll(order, i => Math.Max(0, covariance[(i * width) + i]));
        var rotation = new float[rank * width];
        for (var i = 0; i < rank; i++)
        {
            vectors.AsSpan(order[i] * width, width).CopyTo(rotation.AsSpan(i * width));
        }

        return rotation;
    }

    /// <summary>Diagonalises the symmetric matrix in place; the eigenvectors are the rows of what is returned.</summary>
    private static float[] Jacobi(float[] matrix, int width)
    {
        var vectors = new float[width * width];
        for (var i = 0; i < width; i++)
        {
            vectors[(i * width) + i] = 1;
        }

        for (var sweep = 0; sweep < JacobiSweeps; sweep++)
        {
            var rotated = false;
            for (var p = 0; p < width - 1; p++)
            {
                for (var q = p + 1; q < width; q++)
                {
                    var off = matrix[(p * width) + q];
                    var scale = Math.Abs(matrix[(p * width) + p]) + Math.Abs(matrix[(q * width) + q]);
                    if (Math.Abs(off) <= 1e-6f * scale)
                    {
                        continue;
                    }

                    rotated = true;
                    var theta = (matrix[(q * width) + q] - matrix[(p * width) + p]) / (2.0 * off);
                    var tangent = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
                    var cosine = (float)(1 / Math.Sqrt((tangent * tangent) + 1));
                    var sine = (float)tangent * cosine;
                    for (var k = 0; k < width; k++)
                    {
                        Turn(ref matrix[(k * width) + p], ref matrix[(k * width) + q], cosine, sine);
                    }

                    for (var k = 0; k < width; k++)
                    {
                        Turn(ref matrix[(p * width) + k], ref matrix[(q * width) + k], cosine, sine);
                        Turn(ref vectors[(p * width) + k], ref vectors[(q * width) + k], cosine, sine);
                    }
                }
            }

            if (!rotated)
            {
                break;
            }
        }

        return vectors;
    }

    private static void Turn(ref float first, ref float second, float cosine, float sine)
    {
        var kept = first;
        first = (cosine * kept) - (sine * second);
        second = (sine * kept) + (cosine * second);
    }

    private static float[] Rotate(float[] basis, int width, float[] rotation, int rank)
    {
        var count = basis.Length / width;
        var rotated = new float[count * rank];
        for (var row = 0; row < count; row++)
        {
            for (var i = 0; i < rank; i++)
            {
                rotated[(row * rank) + i] = TensorPrimitives.Dot<float>(
                    basis.AsSpan(row * width, width), rotation.AsSpan(i * width, width));
            }
        }

        return rotated;
    }
}

using System.Numerics.Tensors;
using System.Runtime.Intrinsics.X86;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Search;

namespace Workflows.AiSearch.Tests;

public sealed class VectorCodesTests
{
    [Theory]
    [InlineData(384)]
    [InlineData(768)]
    [InlineData(1024)]
    [InlineData(1536)]
    public void A_cosine_of_codes_is_that_of_the_vectors_within_a_hundredth(int dimension)
    {
        var random = new Random(dimension);
        var codes = new VectorCodes(dimension);
        var vectors = Enumerable.Range(0, 1_500).Select(_ => Direction(random, dimension)).ToArray();
        for (var i = 0; i < vectors.Length; i++)
        {
            codes.Set(i, Array.ConvertAll(vectors[i], value => (Half)value));
        }

        var query = Direction(random, dimension);
        var scores = new float[vectors.Length];
        codes.Score(query, Enumerable.Repeat(true, vectors.Length).ToArray(), scores);

        Assert.All(vectors.Zip(scores), pair =>
            Assert.Equal(TensorPrimitives.Dot<float>(pair.First, query), pair.Second, 0.01f));
    }

    [Theory]
    [InlineData(384)]
    [InlineData(1536)]
    public void Each_way_to_multiply_gives_the_sum_of_the_products(int dimension)
    {
        var random = new Random(dimension);
        var query = Enumerable.Range(0, dimension).Select(_ => (short)random.Next(-127, 128)).ToArray();
        var codes = Enumerable.Range(0, dimension).Select(i => (sbyte)(i % 7 == 0 ? -127 : random.Next(-127, 128)))
            .ToArray();
        var expected = query.Zip(codes, (left, right) => left * right).Sum();

        Assert.Equal(expected, VectorCodes.DotPortable(query, codes));
        Assert.Equal(expected, Avx2.IsSupported ? VectorCodes.DotAvx2(query, codes) : expected);
        Assert.Equal(expected, Avx512BW.IsSupported ? VectorCodes.DotAvx512(query, codes) : expected);
    }

    [Fact]
    public void Exact_search_over_codes_finds_the_nearest_of_the_vectors()
    {
        const int Count = 20_000;
        var random = new Random(1);
        var centres = Enumerable.Range(0, 400).Select(_ => Direction(random, 384)).ToArray();
        var vectors = Enumerable.Range(0, Count).Select(i => Near(random, centres[i % centres.Length])).ToArray();
        var codes = new VectorCodes(384);
        for (var i = 0; i < Count; i++)
        {
            codes.Set(i, Array.ConvertAll(vectors[i], value => (Half)value));
        }

        var all = Enumerable.Repeat(true, Count).ToArray();
        var scores = new float[Count];
        var found = 0;
        for (var round = 0; round < 20; round++)
        {
            var query = Near(random, centres[round]);
            codes.Score(query, all, scores);
            var expected = Best(Array.ConvertAll(vectors, vector => TensorPrimitives.Dot<float>(vector, query)));
            found += Best(scores).Intersect(expected).Count();
        }

        Assert.InRange(found / 200.0, 0.98, 1);
    }

    [Fact]
    public void What_has_no_vector_or_is_not_allowed_is_not_scored()
    {
        var codes = new VectorCodes(384);
        var vector = Direction(new Random(2), 384);
        codes.Set(2, Array.ConvertAll(vector, value => (Half)value));
        float[] scores = [9, 9, 9, 9];

        codes.Score(vector, [true, false, true, true], scores);

        Assert.Equal([0, 9], scores[..2]);
        Assert.Equal(1, scores[2], 0.01f);
        Assert.Equal(0, scores[3]);
    }

    private static IEnumerable<int> Best(float[] scores) =>
        Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]).Take(10);

    private static float[] Near(Random random, float[] centre)
    {
        var vector = Direction(random, centre.Length);
        for (var i = 0; i < vector.Length; i++)
        {
            vector[i] = centre[i] + (0.6f * vector[i]);
        }

        Vectors.Normalize(vector);
        return vector;
    }

    private static float[] Direction(Random random, int dimension)
    {
        var vector = Enumerable.Range(0, dimension).Select(_ => (float)((random.NextDouble() * 2) - 1)).ToArray();
        Vectors.Normalize(vector);
        return vector;
    }
}

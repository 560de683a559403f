using System.Globalization;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Text;

namespace Workflows.Bench.Search;

/// <summary>
/// Vectors without a model, for measuring the index and not the embedding: a text lies about the direction of its
/// topic (the first "tN" in it), about a direction within the topic, and otherwise where its hash says. Neighbours
/// are as near to each other as those of real texts.
/// </summary>
internal sealed class TopicEmbeddings : IEmbeddingProvider
{
    public const string Model = "bench/topics";
    public const int Dimension = 384;

    public string Name => "topics";

    public bool IsRemote => false;

    public bool Knows(string modelName) => modelName == Model;

    public int DimensionOf(string modelName) => Dimension;

    public double ShareOf(string modelName) => 0.3;

    public float FloorOf(string modelName) => 0.27f;

    public ValueTask<EmbeddingModel> CurrentModelAsync(Guid tenantId, CancellationToken cancellationToken) =>
        new(new EmbeddingModel(Model, Dimension));

    public Task<EmbeddingOutcome> EmbedAsync(
        Guid tenantId, string modelName, IReadOnlyList<EmbeddingInput> inputs, EmbeddingPurpose purpose,
            CancellationToken cancellationToken) =>
        Task.FromResult(new EmbeddingOutcome([.. inputs.Select(input => Embed(input.Text))], Failure: null));

    public static float[] Embed(string text)
    {
        var hash = TermVector.Hash(text);
        var topic = TopicOf(text);
        var vector = new float[Dimension];
        Add(vector, TermVector.Mix(topic + 1), 1);
        Add(vector, TermVector.Mix((topic * 1_000) + (hash % 16) + 77), 0.7f);
        Add(vector, hash, 0.7f);
        Vectors.Normalize(vector);
        return vector;
    }

    private static ulong TopicOf(string text)
    {
        var word = text.Split(' ', '\n').FirstOrDefault(word => word.Length > 1 && word[0] == 't'
            && char.IsDigit(word[1])) ?? "t0";
        return ulong.Parse(word[1..].Split('x')[0], CultureInfo.InvariantCulture);
    }

    private static void Add(float[] vector, ulong seed, float weight)
    {
        for (var i = 0; i < vector.Length; i++)
        {
            seed = TermVector.Mix(seed + 0x9e3779b97f4a7c15UL);
            vector[i] += weight * (((seed >> 40) / (float)(1 << 23)) - 1) * MathF.Sqrt(3f / Dimension);
        }
    }
}

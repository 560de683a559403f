using Workflows.Api.Http;

namespace Workflows.Api.Embeddings;

/// <param name="Vector">1 to 4,000 finite numbers, not all zero; as many as the first vector of the type had.</param>
/// <param name="Metadata">An object that searches can ask for.</param>
/// <param name="Text">What the vector stands for, to be shown with a hit.</param>
internal sealed record PutEmbeddingRequest(float[] Vector, RawJson? Metadata = null, string? Text = null);

internal sealed record PutEmbeddingItem(
    string ContentId, float[] Vector, RawJson? Metadata = null, string? Text = null);

/// <param name="Embeddings">1 to 100, of one dimension and with different ids; all are stored or none.</param>
internal sealed record PutEmbeddingsRequest(PutEmbeddingItem[] Embeddings);

internal sealed record StoredCountView(int Stored);

internal sealed record EmbeddingView(
    string ContentType, string ContentId, IReadOnlyList<float> Vector, RawJson Metadata, string? Text, int Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <param name="Dimension">Numbers of each vector.</param>
internal sealed record EmbeddingTypeView(string ContentType, int Dimension, long Vectors, DateTimeOffset CreatedAt);

/// <param name="ContentType">Whose vectors are compared.</param>
/// <param name="Metadata">An object: what a vector's metadata must contain.</param>
/// <param name="Threshold">Lowest cosine, -1 to 1.</param>
internal sealed record SearchEmbeddingsRequest(
    string ContentType, float[] Vector, RawJson? Metadata = null, double? Threshold = null, int? Limit = null);

/// <param name="Similarity">Cosine of the angle between the vectors.</param>
internal sealed record EmbeddingHitView(
    string ContentType, string ContentId, double Similarity, RawJson Metadata, string? Text);

/// <param name="IsExact">All vectors that pass the filter were compared; else an index chose those that were.</param>
internal sealed record EmbeddingHitsView(IReadOnlyList<EmbeddingHitView> Hits, bool IsExact);

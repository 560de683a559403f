using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Embeddings;

/// <summary>Vectors of one model are comparable with each other and with no others.</summary>
internal sealed record EmbeddingModel(string Name, int Dimension);

/// <summary>A text to embed; the local provider needs only its terms.</summary>
internal sealed record EmbeddingInput(string Text, TermVector Terms);

/// <summary>Vectors in the order of the inputs, or why there are none.</summary>
internal sealed record EmbeddingOutcome(IReadOnlyList<float[]> Vectors, string? Failure)
{
    public static EmbeddingOutcome Failed(string reason) => new([], reason);
}

/// <summary>What a vector is for: some models read a query otherwise than what it is to find.</summary>
internal enum EmbeddingPurpose
{
    Text,
    Query,
}

/// <summary>Makes vectors of texts. A failure of the provider is an outcome, since search goes on without it.</summary>
internal interface IEmbeddingProvider
{
    /// <summary>What the health report and the metrics call it.</summary>
    string Name { get; }

    /// <summary>Whether a vector costs a call outside, so that one which is there already should be used again.</summary>
    bool IsRemote { get; }

    /// <summary>Whether this provider made the vectors of a stored model, and so can embed queries for them.</summary>
    bool Knows(string modelName);

    /// <summary>Dimension of a model that it <see cref="Knows"/>.</summary>
    int DimensionOf(string modelName);

    /// <summary>How much a model's similarity counts in a fused score, between 0 and 1; the words count for the rest.</summary>
    double ShareOf(string modelName);

    /// <summary>The cosine below which a text that shares no word with the query is no hit, between 0 and 1.</summary>
    float FloorOf(string modelName);

    /// <summary>The model that a tenant's new vectors should have.</summary>
    ValueTask<EmbeddingModel> CurrentModelAsync(Guid tenantId, CancellationToken cancellationToken);

    /// <summary>Embeds up to <see cref="Limits.TextsPerEmbedding"/> texts with a model that it <see cref="Knows"/>.</summary>
    Task<EmbeddingOutcome> EmbedAsync(
        Guid tenantId, string modelName, IReadOnlyList<EmbeddingInput> inputs, EmbeddingPurpose purpose,
        CancellationToken cancellationToken);
}

namespace Workflows.AiSearch.Embeddings;

/// <summary>The provider that configuration names, and the local one, which always can embed for what it once embedded.</summary>
internal sealed class EmbeddingProviders(IEmbeddingProvider configured, LocalEmbeddings local)
{
    /// <summary>Whose model new vectors get.</summary>
    public IEmbeddingProvider Configured => configured;

    /// <returns>Null when the model came from a provider that is no longer configured.</returns>
    public IEmbeddingProvider? ForModel(string modelName) =>
        configured.Knows(modelName) ? configured : local.Knows(modelName) ? local : null;
}

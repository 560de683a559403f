namespace Workflows.AiSearch.Embeddings;

/// <summary>The provider that configuration names, and the built-in ones, which always can embed for what they once
/// embedded.</summary>
internal sealed class EmbeddingProviders(
    IEmbeddingProvider configured, params IReadOnlyList<IEmbeddingProvider> builtIn)
{
    /// <summary>Whose model new vectors get.</summary>
    public IEmbeddingProvider Configured => configured;

    /// <returns>Null when the model came from a provider that is no longer configured.</returns>
    public IEmbeddingProvider? ForModel(string modelName) =>
        configured.Knows(modelName) ? configured : builtIn.FirstOrDefault(provider => provider.Knows(modelName));
}

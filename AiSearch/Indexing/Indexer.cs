using Pgvector;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Search;

namespace Workflows.AiSearch.Indexing;

/// <summary>
/// From contents to what can be found: leaves out what has not changed, embeds what has, stores it together with the end of the outbox
/// rows. A provider that fails does not hold up the words: the document is stored without vectors, which the sweep adds later.
/// </summary>
internal sealed partial class Indexer(
    DocumentStore documents, EmbeddingProviders providers, SearchMetrics metrics, TimeProvider clock, ILogger<Indexer> logger)
{
    /// <summary>Changes of the models that are put up with before the caller has to try again.</summary>
    private const int MaxModelChanges = 3;

    /// <summary>Makes the index show the contents' present state. Idempotent.</summary>
    /// <returns>How many documents were written.</returns>
    /// <exception cref="InvalidOperationException">The tenant's models keep changing.</exception>
    public async Task<int> IndexAsync(
        Guid tenantId, IReadOnlyList<Content> contents, IReadOnlyList<Guid> outboxIds, CancellationToken cancellationToken)
    {
        for (var i = 0; i < MaxModelChanges; i++)
        {
            var (state, stored) = await documents.ReadAsync(tenantId, contents, cancellationToken);
            var changed = Changed(contents, stored);
            var models = await ModelsOfAsync(tenantId, state, cancellationToken);
            var prepared = await PrepareAsync(tenantId, changed, models, cancellationToken);
            if (await documents.WriteAsync(tenantId, prepared, [.. models.Select(model => model.Name)], outboxIds, cancellationToken))
            {
                return prepared.Count;
            }
        }

        throw new InvalidOperationException($"The embedding models of tenant {tenantId} changed {MaxModelChanges} times while indexing.");
    }

    private static List<(Content Content, byte[] Hash)> Changed(IReadOnlyList<Content> contents, IReadOnlyList<StoredDocument> stored)
    {
        var known = stored.ToDictionary(document => (document.ContentType, document.ContentId));
        var changed = new List<(Content, byte[])>();
        foreach (var content in contents)
        {
            var hash = content.Hash();
            var before = known.GetValueOrDefault((content.Type, content.Id));
            var isSame = content.Chunks.Count == 0
                ? before is null || before.IsRemoved
                : before is not null && before.Hash.AsSpan().SequenceEqual(hash);
            if (!isSame)
            {
                changed.Add((content, hash));
            }
        }

        return changed;
    }

    private async Task<IReadOnlyList<EmbeddingModel>> ModelsOfAsync(
        Guid tenantId, CorpusState? state, CancellationToken cancellationToken)
    {
        if (state is null)
        {
            return [await providers.Configured.CurrentModelAsync(tenantId, cancellationToken)];
        }

        // The dimension of a model that nobody knows any more does not matter: nothing is embedded for it.
        string[] names = state.NextModel is { } next ? [state.Model, next] : [state.Model];
        return [.. names.Select(name => new EmbeddingModel(name, providers.ForModel(name)?.DimensionOf(name) ?? 0))];
    }

    private async Task<List<PreparedDocument>> PrepareAsync(
        Guid tenantId, List<(Content Content, byte[] Hash)> changed, IReadOnlyList<EmbeddingModel> models, CancellationToken cancellationToken)
    {
        var pending = changed
            .SelectMany(document => document.Content.Chunks.Select(chunk => new PendingChunk(
                document.Content, chunk, chunk.InputUnder(document.Content.Title), chunk.HashUnder(document.Content.Title))))
            .ToList();
        foreach (var model in models)
        {
            if (pending.Count > 0 && providers.ForModel(model.Name) is { } provider)
            {
                await EmbedAsync(tenantId, provider, model, pending, cancellationToken);
            }
        }

        var chunks = pending.ToLookup(chunk => chunk.Content);
        return [.. changed.Select(document => new PreparedDocument(
            document.Content,
            document.Hash,
            [.. chunks[document.Content].Select(chunk => new PreparedChunk(chunk.Chunk, chunk.Input.Terms.ToBytes(), chunk.Hash, chunk.Vectors))]))];
    }

    private async Task EmbedAsync(
        Guid tenantId, IEmbeddingProvider provider, EmbeddingModel model, List<PendingChunk> pending, CancellationToken cancellationToken)
    {
        if (provider.IsRemote)
        {
            await ReuseVectorsAsync(tenantId, model, pending, cancellationToken);
        }

        foreach (var group in pending.Where(chunk => !chunk.Has(model.Name)).Chunk(Limits.TextsPerEmbedding))
        {
            var started = clock.GetTimestamp();
            var outcome = await provider.EmbedAsync(tenantId, model.Name, [.. group.Select(chunk => chunk.Input)],
                EmbeddingPurpose.Text, cancellationToken);
            if (outcome.Failure is { } failure)
            {
                LogNotEmbedded(group.Length, provider.Name, failure);
                return;
            }

            metrics.Embedded(provider.Name, group.Length, clock.GetElapsedTime(started));
            for (var i = 0; i < group.Length; i++)
            {
                group[i].Vectors.Add((model.Name, Vectors.ToHalfVector(outcome.Vectors[i])));
            }
        }
    }

    private async Task ReuseVectorsAsync(
        Guid tenantId, EmbeddingModel model, List<PendingChunk> pending, CancellationToken cancellationToken)
    {
        var known = await documents.ReadVectorsAsync(
            tenantId, [.. pending.Select(chunk => chunk.Content.Id).Distinct()], [model.Name], cancellationToken);
        foreach (var chunk in pending)
        {
            if (known.TryGetValue((Convert.ToHexString(chunk.Hash), model.Name), out var vector))
            {
                chunk.Vectors.Add((model.Name, vector));
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} texts stored without a vector: embedding provider {Provider} failed: {Reason}")]
    private partial void LogNotEmbedded(int count, string provider, string reason);

    private sealed record PendingChunk(Content Content, ContentChunk Chunk, EmbeddingInput Input, byte[] Hash)
    {
        public List<(string Model, HalfVector Vector)> Vectors { get; } = [];

        public bool Has(string model) => Vectors.Exists(vector => vector.Model == model);
    }
}

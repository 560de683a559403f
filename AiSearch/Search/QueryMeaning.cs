using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>What is known of a query's meaning, and what is to be said about it.</summary>
/// <param name="Meaning">Null: the words answer alone.</param>
/// <param name="Share">How much it counts; 0 without it.</param>
/// <param name="Model">Of the vectors; null without it.</param>
/// <param name="Notice">Why there is none, or only part of it.</param>
internal sealed record KnownMeaning(Meaning? Meaning, double Share, string? Model, string? Notice)
{
    public static KnownMeaning NotAsked { get; } = new(null, 0, null, null);

    /// <summary>Whether meaning had its say, or was not needed.</summary>
    public bool IsAsked => Notice is null || Meaning is not null;
}

/// <summary>
/// Embeds queries, and finds what is near where a tenant's vectors are too many for memory: there the index proposes
/// chunks, and the chunks that the words propose are compared exactly, so that both legs are scored for every
/// candidate.
/// </summary>
internal sealed partial class QueryMeaning(
    EmbeddingProviders providers, VectorSearch vectors, ILogger<QueryMeaning> logger)
{
    /// <param name="text">What the query means; without any, meaning is not asked.</param>
    public async Task<KnownMeaning> OfQueryAsync(
        Guid tenantId, Corpus corpus, CorpusState state, string text, KnownQuery known, SearchFilter filter,
            CancellationToken cancellationToken)
    {
        if (text.Length == 0)
        {
            return KnownMeaning.NotAsked;
        }

        if (state.AnsweringModel(providers) is not { } model)
        {
            return KnownMeaning.NotAsked with
            {
                Notice = $"Searched by words only: no configured provider knows the model {state.Model}.",
            };
        }

        var provider = providers.ForModel(model)!;
        var embedded = await EmbedAsync(provider, tenantId, model, text, known, cancellationToken);
        if (embedded.Failure is { } failure)
        {
            LogDegraded(provider.Name, failure);
            return KnownMeaning.NotAsked with
            {
                Notice = $"Searched by words only: the embedding provider {provider.Name} failed.",
            };
        }

        var vector = embedded.Vectors[0];
        var floor = provider.FloorOf(model);
        var meaning = corpus.LeavesVectors
            ? new Meaning(null, await NearestAsync(tenantId, corpus, model, vector, known, filter, cancellationToken),
                floor)
            : new Meaning(vector, null, floor);
        return new KnownMeaning(meaning, provider.ShareOf(model), model, Partial(state, model));
    }

    /// <summary>The meaning of a document that is there.</summary>
    public KnownMeaning OfDocument(Corpus corpus, CorpusState state, Guid documentId) =>
        state.AnsweringModel(providers) is { } model && model == corpus.VectorModel
            && corpus.DirectionOf(documentId) is { } direction
            ? new KnownMeaning(
                new Meaning(direction, null, providers.ForModel(model)!.FloorOf(model)),
                    providers.ForModel(model)!.ShareOf(model), model,
                Partial(state, model))
            : KnownMeaning.NotAsked;

    private static string? Partial(CorpusState state, string model) => model == state.Model
        ? null
        : "The embedding model is being changed: not everything can be found by its meaning yet.";

    private static async Task<EmbeddingOutcome> EmbedAsync(
        IEmbeddingProvider provider, Guid tenantId, string model, string text, KnownQuery known,
            CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Limits.QueryEmbeddingTimeout);
        try
        {
            return await provider.EmbedAsync(
                tenantId, model, [new EmbeddingInput(text, known.ToTermVector())], EmbeddingPurpose.Query,
                    timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return EmbeddingOutcome.Failed($"no answer within {Limits.QueryEmbeddingTimeout.TotalSeconds} s");
        }
    }

    private async Task<Dictionary<(Guid, int), float>> NearestAsync(
        Guid tenantId, Corpus corpus, string model, float[] vector, KnownQuery known, SearchFilter filter,
            CancellationToken cancellationToken)
    {
        // The index does not know what somebody may see: of what was granted, all is compared.
        var proposed = corpus.Rank(new RankingRequest(
            known, TermVector.TrigramsOf(""), null, 0, filter, Skip: 0, Limits.CandidatesPerSignal, Threshold: 0));
        var nearest = filter.Workflows is null && filter.Visible is null && filter.Category is null
            ? await vectors.SearchAsync(tenantId, model, vector, filter, null, Limits.CandidatesPerSignal,
                cancellationToken)
            : await vectors.SearchAsync(
                tenantId, model, vector, filter, corpus.AllowedDocuments(filter), Limits.CandidatesPerSignal,
                    cancellationToken);
        var ofWords = await vectors.SearchAsync(
            tenantId, model, vector, filter, [.. proposed.Hits.Select(hit => hit.DocumentId)],
                Limits.ChunksPerDocument, cancellationToken);
        var cosines = new Dictionary<(Guid, int), float>();
        foreach (var hit in nearest.Concat(ofWords))
        {
            cosines[(hit.DocumentId, hit.Chunk)] = hit.Score;
        }

        return cosines;
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Searching by words only: embedding provider {Provider} failed: {Reason}")]
    private partial void LogDegraded(string provider, string reason);
}

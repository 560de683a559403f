namespace Workflows.AiSearch.Embeddings;

/// <summary>
/// The built-in provider: no network, no model file. What it gives is a lexical-statistical vector (see <see cref="SemanticModel"/>):
/// it knows which words keep company in this tenant's own corpus, not what they mean.
/// Model names: <c>local-1</c> untrained, <c>local-1/R</c> learnt when the corpus was at revision R.
/// </summary>
internal sealed class LocalEmbeddings(ModelStore models) : IEmbeddingProvider
{
    public const string UntrainedModel = "local-1";

    public string Name => "local";

    public bool IsRemote => false;

    // What it knows it has from the words: it may move what they say, and not overrule it. Hashed terms alone say still less.
    private const double TrainedShare = 0.15;
    private const double UntrainedShare = 0.05;
    private const float Floor = 0.35f;

    public double ShareOf(string modelName) => modelName == UntrainedModel ? UntrainedShare : TrainedShare;

    public float FloorOf(string modelName) => Floor;

    public int DimensionOf(string modelName) => SemanticModel.Dimension;

    public static string TrainedModel(long revision) => string.Create(null, $"{UntrainedModel}/{revision}");

    public bool Knows(string modelName) =>
        modelName == UntrainedModel || modelName.StartsWith(UntrainedModel + "/", StringComparison.Ordinal);

    public async ValueTask<EmbeddingModel> CurrentModelAsync(Guid tenantId, CancellationToken cancellationToken) =>
        new(await models.NewestAsync(tenantId, cancellationToken) ?? UntrainedModel, SemanticModel.Dimension);

    public async Task<EmbeddingOutcome> EmbedAsync(
        Guid tenantId, string modelName, IReadOnlyList<EmbeddingInput> inputs, EmbeddingPurpose purpose,
        CancellationToken cancellationToken)
    {
        var model = modelName == UntrainedModel
            ? SemanticModel.Untrained
            : await models.LoadAsync(tenantId, modelName, cancellationToken);
        return model is null
            ? EmbeddingOutcome.Failed($"The tenant has no model {modelName}.")
            : new EmbeddingOutcome([.. inputs.Select(input => model.Embed(input.Terms))], Failure: null);
    }
}

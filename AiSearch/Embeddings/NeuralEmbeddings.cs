using Microsoft.Extensions.AI;
using Microsoft.ML.OnnxRuntime;

namespace Workflows.AiSearch.Embeddings;

/// <summary>
/// The built-in provider: a neural model that runs in this process. Queries and texts wait in lines of their own, so
/// a query never waits for a batch of texts that are being indexed; how much runs at once is bounded by the
/// processors.
/// </summary>
internal sealed class NeuralEmbeddings(IEmbeddingGenerator<string, Embedding<float>> generator) : IEmbeddingProvider,
    IDisposable
{
    /// <summary>The last part changes when the same weights give other vectors.</summary>
    public const string Model = "neural/all-minilm-l6-v2/1";

    // Chosen with seven sets that did not take part (docs/adr/0043): flat between .25 and .5.
    private const double Share = 0.3;

    // Below it, what shares no word is unrelated.
    private const float Floor = 0.27f;

    private readonly SemaphoreSlim _queries = new(Math.Max(2, Environment.ProcessorCount));
    private readonly SemaphoreSlim _texts = new(Math.Max(1, Environment.ProcessorCount / 2));

    public string Name => "neural";

    public bool IsRemote => false;

    public bool Knows(string modelName) => modelName == Model;

    public int DimensionOf(string modelName) => MiniLm.Dimension;

    public double ShareOf(string modelName) => Share;

    public float FloorOf(string modelName) => Floor;

    public ValueTask<EmbeddingModel> CurrentModelAsync(Guid tenantId, CancellationToken cancellationToken) =>
        new(new EmbeddingModel(Model, MiniLm.Dimension));

    public async Task<EmbeddingOutcome> EmbedAsync(
        Guid tenantId, string modelName, IReadOnlyList<EmbeddingInput> inputs, EmbeddingPurpose purpose,
        CancellationToken cancellationToken)
    {
        var line = purpose == EmbeddingPurpose.Query ? _queries : _texts;
        await line.WaitAsync(cancellationToken);
        try
        {
            var made = await Task.Run(
                () => generator.GenerateAsync(inputs.Select(input => input.Text),
                    cancellationToken: cancellationToken), cancellationToken);
            return Check(made, inputs.Count);
        }
        catch (Exception exception) when (exception is OnnxRuntimeException or IOException or InvalidDataException)
        {
            return EmbeddingOutcome.Failed(exception.Message);
        }
        finally
        {
            line.Release();
        }
    }

    private static EmbeddingOutcome Check(GeneratedEmbeddings<Embedding<float>> made, int expected) =>
        made.Count != expected || made.Any(embedding => embedding.Vector.Length != MiniLm.Dimension)
            ? EmbeddingOutcome.Failed($"it gave {made.Count} vectors for {expected} texts, or of another dimension")
            : new EmbeddingOutcome([.. made.Select(embedding => embedding.Vector.ToArray())], Failure: null);

    public void Dispose()
    {
        _queries.Dispose();
        _texts.Dispose();
    }
}

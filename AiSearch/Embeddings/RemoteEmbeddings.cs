using System.Net.Http.Headers;
using System.Text.Json;
using Polly;
using Workflows.ServiceDefaults;

namespace Workflows.AiSearch.Embeddings;

/// <summary>
/// A provider behind the embeddings call of OpenAI, which Azure OpenAI, Ollama (<c>/v1</c>), vLLM and others speak
/// too. Retries, time limits and the circuit breaker are the client's resilience handler's; what is left after them
/// is an outcome, not an exception. An embedding call has no effect outside, so it may be repeated although it is a
/// POST.
/// </summary>
internal sealed class RemoteEmbeddings(IHttpClientFactory clients, EmbeddingOptions options) : IEmbeddingProvider
{
    public const string ClientName = "embeddings";

    // The provider and the dimension belong to the name: the same model cut to another length is another model. So
    // does what is put before a text.
    private readonly EmbeddingModel _model = new(
        $"{options.Provider}/{options.Model}/{options.Dimension}"
            + (options.TextPrefix.Length > 0 ? "/" + options.TextPrefix.Trim() : ""),
        options.Dimension);

    public string Name => options.Provider;

    public bool IsRemote => true;

    public bool Knows(string modelName) => modelName == _model.Name;

    public double ShareOf(string modelName) => options.Share;

    public float FloorOf(string modelName) => options.Floor;

    public int DimensionOf(string modelName) => _model.Dimension;

    public ValueTask<EmbeddingModel> CurrentModelAsync(Guid tenantId, CancellationToken cancellationToken) =>
        new(_model);

    public async Task<EmbeddingOutcome> EmbedAsync(
        Guid tenantId, string modelName, IReadOnlyList<EmbeddingInput> inputs, EmbeddingPurpose purpose,
        CancellationToken cancellationToken)
    {
        var prefix = purpose == EmbeddingPurpose.Query ? options.QueryPrefix : options.TextPrefix;
        var vectors = new List<float[]>(inputs.Count);
        foreach (var batch in inputs.Chunk(options.BatchSize))
        {
            var (embedded, failure) = await CallAsync(
                [.. batch.Select(input => prefix + input.Text)], cancellationToken);
            if (failure is not null)
            {
                return EmbeddingOutcome.Failed(failure);
            }

            vectors.AddRange(embedded);
        }

        return new EmbeddingOutcome(vectors, Failure: null);
    }

    private async Task<(float[][] Vectors, string? Failure)> CallAsync(
        string[] texts, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, AddressOf(options.Endpoint!));
            request.Content = JsonContent.Create(new EmbeddingRequest(
                options.Model!, texts, options.Dimension, "float"), options: RequestJson);
            if (options.ApiKey is { Length: > 0 } key)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
                request.Headers.Add("api-key", key);
            }

            using var http = clients.CreateClient(ClientName);
            using var response = await http.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                return ([], $"it answered {(int)response.StatusCode}");
            }

            var answer = await response.Content.ReadFromJsonAsync<EmbeddingResponse>(
                JsonDefaults.Options, cancellationToken);
            return Check(answer, texts.Length);
        }
        catch (Exception exception) when (
            exception is HttpRequestException or JsonException or ExecutionRejectedException)
        {
            return ([], exception.Message);
        }
    }

    private (float[][] Vectors, string? Failure) Check(EmbeddingResponse? answer, int expected)
    {
        if (answer is null || answer.Data.Count != expected)
        {
            return ([], $"it gave {answer?.Data.Count ?? 0} vectors for {expected} texts");
        }

        var vectors = new float[expected][];
        foreach (var item in answer.Data)
        {
            if (item.Index < 0 || item.Index >= expected || vectors[item.Index] is not null)
            {
                return ([], "its vectors are not numbered as the texts are");
            }

            if (item.Embedding.Length != options.Dimension)
            {
                return ([], $"its vectors have {item.Embedding.Length} dimensions, not {options.Dimension}");
            }

            if (!item.Embedding.All(float.IsFinite) || !Vectors.Normalize(item.Embedding))
            {
                return ([], "one of its vectors has no direction");
            }

            vectors[item.Index] = item.Embedding;
        }

        return (vectors, null);
    }

    /// <summary>The address with <c>/embeddings</c>, its query (Azure's api-version) kept.</summary>
    private static Uri AddressOf(Uri endpoint) =>
        new UriBuilder(endpoint) { Path = endpoint.AbsolutePath.TrimEnd('/') + "/embeddings" }.Uri;

    private static readonly JsonSerializerOptions RequestJson = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private sealed record EmbeddingRequest(string Model, string[] Input, int Dimensions, string EncodingFormat);

    private sealed record EmbeddingResponse(IReadOnlyList<EmbeddingItem> Data);

    private sealed record EmbeddingItem(int Index, float[] Embedding);
}

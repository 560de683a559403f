using Microsoft.Extensions.AI;
using Workflows.Connectors.Network;
using Workflows.Data.Models;
using Workflows.Engine.Connectors;
using Workflows.Engine.Executions;
using Workflows.Models.Providers;

namespace Workflows.Models;

/// <summary>A registered model with the connections and the key of its connector, for one call.</summary>
internal sealed class OpenModel : IDisposable
{
    /// <summary>What traces and metrics of calls are told under, by the conventions for generative models.</summary>
    public const string TelemetryName = "Workflows.Models";

    private readonly OpenConnector _connector;
    private readonly ModelTransport _transport;
    private readonly HttpClient _http;
    private readonly SecretMask _mask;

    public OpenModel(RegisteredModel model, OpenConnector connector, HttpClients clients)
    {
        Model = model;
        _connector = ProviderClients.Addressed(connector);
        _transport = new ModelTransport(clients, _connector);
        _http = new HttpClient(_transport)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            BaseAddress = new Uri(_connector["baseUrl"]!.TrimEnd('/') + "/"),
        };
        if (_connector["provider"] == ModelProviders.Ollama && _connector["apiKey"] is { } key)
        {
            _http.DefaultRequestHeaders.Authorization = new("Bearer", key);
        }

        _mask = SecretMask.Of(connector.Sensitive);
    }

    public RegisteredModel Model { get; }

    public string Provider => _connector["provider"]!;

    public IChatClient Chat() => new ChatClientBuilder(ProviderClients.Chat(_connector, Model, _http))
        .UseOpenTelemetry(sourceName: TelemetryName).Build();

    public IEmbeddingGenerator<string, Embedding<float>> Embeddings() =>
        new EmbeddingGeneratorBuilder<string, Embedding<float>>(
            ProviderClients.Embeddings(_connector, Model, _http)).UseOpenTelemetry(sourceName: TelemetryName).Build();

    /// <summary>Why a client's call failed.</summary>
    public ModelException Explain(Exception exception) =>
        ProviderErrors.Explain(exception, _transport, text => _mask.Apply(text));

    public void Dispose() => _http.Dispose();
}

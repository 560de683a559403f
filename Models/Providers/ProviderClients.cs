using System.ClientModel;
using System.ClientModel.Primitives;
using Anthropic;
using Microsoft.Extensions.AI;
using OllamaSharp;
using OpenAI;
using Workflows.Data.Models;
using Workflows.Engine.Connectors;

namespace Workflows.Models.Providers;

/// <summary>
/// The ecosystem's clients, each told to call through our transport and to leave retries to us: a retry that the ledger
/// does not know of would cost what nobody sees.
/// </summary>
internal static class ProviderClients
{
    private const string NoKey = "none";

    /// <summary>The connector with the address that its provider has by itself.</summary>
    public static OpenConnector Addressed(OpenConnector connector) => connector["baseUrl"] is not null
        ? connector
        : connector with
        {
            Config = new Dictionary<string, string>(connector.Config)
            {
                ["baseUrl"] = ModelProviders.AddressOf(connector["provider"]!)!,
            },
        };

    public static IChatClient Chat(OpenConnector connector, RegisteredModel model, HttpClient http) =>
        connector["provider"] switch
        {
            ModelProviders.Anthropic => new AnthropicClient
            {
                ApiKey = connector["apiKey"],
                BaseUrl = connector["baseUrl"]!,
                HttpClient = http,
                MaxRetries = 0,
                Timeout = model.Timeout,
            }.AsIChatClient(model.Model, model.MaxOutputTokens),
            ModelProviders.Ollama => Ollama(model, http),
            _ => OpenAi(connector, http).GetChatClient(model.Model).AsIChatClient(),
        };

    /// <exception cref="ModelException">The provider has no embeddings.</exception>
    public static IEmbeddingGenerator<string, Embedding<float>> Embeddings(
        OpenConnector connector, RegisteredModel model, HttpClient http) => connector["provider"] switch
        {
            ModelProviders.Anthropic => throw new ModelException(
                ModelErrorCodes.Unknown, "The provider anthropic has no embedding models."),
            ModelProviders.Ollama => Ollama(model, http),
            _ => OpenAi(connector, http).GetEmbeddingClient(model.Model).AsIEmbeddingGenerator(model.Dimensions),
        };

    private static OpenAIClient OpenAi(OpenConnector connector, HttpClient http) => new(
        new ApiKeyCredential(connector["apiKey"] ?? NoKey),
        new OpenAIClientOptions
        {
            Endpoint = new Uri(connector["baseUrl"]!),
            Transport = new HttpClientPipelineTransport(http),
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        });

    // It takes address and key from the client.
    private static OllamaApiClient Ollama(RegisteredModel model, HttpClient http) => new(http, model.Model);
}

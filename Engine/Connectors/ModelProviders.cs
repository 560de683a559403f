namespace Workflows.Engine.Connectors;

/// <summary>Providers of language models, by how they speak.</summary>
public static class ModelProviders
{
    public const string OpenAi = "openai";
    public const string Azure = "azure";
    public const string Anthropic = "anthropic";
    public const string Ollama = "ollama";
    public const string Compatible = "compatible";

    public static IReadOnlyList<string> All { get; } = [OpenAi, Azure, Anthropic, Ollama, Compatible];

    /// <summary>Where a provider is that has an address of its own; null = the connector has to say.</summary>
    public static string? AddressOf(string provider) => provider switch
    {
        OpenAi => "https://api.openai.com/v1",
        Anthropic => "https://api.anthropic.com",
        _ => null,
    };

    /// <summary>What a configuration lacks for its provider.</summary>
    internal static IEnumerable<ConnectorProblem> FindProblems(IReadOnlyDictionary<string, string> config)
    {
        var provider = config.GetValueOrDefault("provider", "");
        if (!All.Contains(provider))
        {
            yield break; // said of the field itself
        }

        if (AddressOf(provider) is null && config.GetValueOrDefault("baseUrl", "").Length == 0)
        {
            yield return new("baseUrl", "REQUIRED", $"'baseUrl' is required with the provider {provider}.");
        }

        if (provider is OpenAi or Azure or Anthropic && config.GetValueOrDefault("apiKey", "").Length == 0)
        {
            yield return new("apiKey", "REQUIRED", $"'apiKey' is required with the provider {provider}.");
        }
    }
}

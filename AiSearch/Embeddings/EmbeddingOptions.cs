namespace Workflows.AiSearch.Embeddings;

/// <summary>Section <c>Search:Embeddings</c>: which provider makes the vectors.</summary>
internal sealed class EmbeddingOptions
{
    public const string Section = "Search:Embeddings";

    private static readonly int[] IndexedDimensions = [384, 768, 1024, 1536];

    /// <summary><c>neural</c> (default), <c>statistical</c> (for machines with little memory; <c>local</c> is its
    /// earlier name), <c>openai</c> (also any compatible endpoint, Azure OpenAI included) or <c>ollama</c>.</summary>
    public string Provider { get; set; } = "neural";

    /// <summary>Base address up to and without <c>/embeddings</c>, such as <c>https://api.openai.com/v1</c>.</summary>
    public Uri? Endpoint { get; set; }

    /// <summary>Sent as a bearer token, and as <c>api-key</c> for Azure; Ollama needs none.</summary>
    public string? ApiKey { get; set; }

    public string? Model { get; set; }

    /// <summary>384, 768, 1024 or 1536: the dimensions that have an index.</summary>
    public int Dimension { get; set; }

    /// <summary>Texts per call; some servers take only few.</summary>
    public int BatchSize { get; set; } = Limits.TextsPerEmbedding;

    /// <summary>How much the similarity counts in a score, between 0 and 1; the words count for the rest.</summary>
    public double Share { get; set; } = 0.35;

    /// <summary>The cosine below which a text that shares no word with the query is not found, between 0 and
    /// 1.</summary>
    public float Floor { get; set; } = 0.25f;

    /// <summary>What is put before a query and before a text, for models that were trained so (<c>query: </c>,
    /// <c>passage: </c>).</summary>
    public string QueryPrefix { get; set; } = "";

    public string TextPrefix { get; set; } = "";

    public bool IsNeural => Provider == "neural";

    public bool IsLocal => Provider is "statistical" or "local";

    public bool IsBuiltIn => IsLocal || IsNeural;

    /// <summary>The package of the built-in model, when it lies elsewhere than where the build puts it.</summary>
    public string? ModelFile { get; set; }

    /// <summary>What is wrong with the configuration; empty when nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (Provider is not ("neural" or "statistical" or "local" or "openai" or "ollama"))
        {
            yield return $"{Section}:Provider is '{Provider}'; it must be neural, statistical, openai or ollama.";
        }

        if (IsBuiltIn)
        {
            yield break;
        }

        if (Endpoint is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            yield return $"{Section}:Endpoint must be an absolute http or https address.";
        }

        if (string.IsNullOrWhiteSpace(Model))
        {
            yield return $"{Section}:Model is missing.";
        }

        if (!IndexedDimensions.Contains(Dimension))
        {
            yield return $"{Section}:Dimension is {Dimension}; it must be one of "
                + $"{string.Join(", ", IndexedDimensions)}.";
        }

        if (Provider == "openai" && string.IsNullOrEmpty(ApiKey))
        {
            yield return $"{Section}:ApiKey is missing.";
        }

        if (Share is not (>= 0 and <= 1) || Floor is not (>= 0 and <= 1))
        {
            yield return $"{Section}:Share and {Section}:Floor lie between 0 and 1.";
        }

        if (BatchSize is < 1 or > Limits.TextsPerEmbedding)
        {
            yield return $"{Section}:BatchSize is {BatchSize}; it must be between 1 and {Limits.TextsPerEmbedding}.";
        }
    }
}

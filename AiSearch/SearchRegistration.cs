using Microsoft.Extensions.AI;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Extraction;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.AiSearch.Storage;
using Workflows.Data.Database;
using Workflows.Data.Rounds;

namespace Workflows.AiSearch;

internal static class SearchRegistration
{
    /// <summary>
    /// Registers search and indexing, and the database they work on, without the background services.
    /// </summary>
    /// <exception cref="InvalidOperationException">The connection string is missing, or the configuration of the
    /// embeddings is wrong.</exception>
    public static IServiceCollection AddSearch(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddWorkflowsDatabase(configuration, DatabaseRole.Search, source => source.UseVector());
        services.AddSingleton(provider => new SearchDatabase(provider.GetRequiredService<WorkflowsDatabase>().Source));
        services.AddSingleton<SearchMetrics>();
        services.AddSingleton<ModelStore>();
        services.AddEmbeddings(configuration.GetSection(EmbeddingOptions.Section)
            .Get<EmbeddingOptions>() ?? new EmbeddingOptions());

        services.AddSingleton<CorpusCache>();
        services.AddSingleton<VectorSearch>();
        services.AddSingleton<QueryMeaning>();
        services.AddSingleton<PhraseReader>();
        services.AddSingleton<HitDescriber>();
        services.AddSingleton<SearchService>();
        services.AddSingleton<PassageSearch>();
        services.AddSingleton<InternalCaller>();

        services.AddSingleton<LoopHealth>();
        services.AddSingleton<Loop>();
        services.AddSingleton<IndexSignal>();
        services.AddSingleton<OutboxStore>();
        services.AddSingleton<SourceReader>();
        services.AddSingleton<ArticleReader>();
        services.AddSingleton<DocumentStore>();
        services.AddSingleton<Indexer>();
        services.AddSingleton<OutboxConsumer>();
        services.AddSingleton<SweepStore>();
        services.AddSingleton<Sweep>();
        services.AddSingleton<ExtractionProcess>();
        services.AddSingleton<FileStore>();
        services.AddSingleton<FileReading>();

        services.AddHealthChecks()
            .AddCheck<DatabaseHealth>("database")
            .AddCheck<VectorIndexHealth>("vector-index")
            .AddProblems("loops", HealthStatus.Degraded, all => all.GetRequiredService<LoopHealth>().Problems())
            .AddCheck<ProviderHealth>("embedding-provider", HealthStatus.Degraded);
        return services;
    }

    private static void AddEmbeddings(this IServiceCollection services, EmbeddingOptions options)
    {
        var problems = string.Join(' ', options.Problems());
        if (problems.Length > 0)
        {
            throw new InvalidOperationException(problems);
        }

        services.AddSingleton<LocalEmbeddings>();
        services.AddSingleton<IEmbeddingGenerator<string,
            Embedding<float>>>(_ => new MiniLm(options.ModelFile ?? ModelPackage.DefaultPath));
        services.AddSingleton<NeuralEmbeddings>();
        if (!options.IsBuiltIn)
        {
            services.AddHttpClient(RemoteEmbeddings.ClientName, client =>
                client.MaxResponseContentBufferSize = Limits.EmbeddingAnswerBytes)
                .AddStandardResilienceHandler();
        }

        services.AddSingleton(provider =>
        {
            var local = provider.GetRequiredService<LocalEmbeddings>();
            var neural = provider.GetRequiredService<NeuralEmbeddings>();
            IEmbeddingProvider configured = options.IsLocal ? local
                : options.IsNeural ? neural
                : new RemoteEmbeddings(provider.GetRequiredService<IHttpClientFactory>(), options);
            return new EmbeddingProviders(configured, neural, local);
        });
    }
}

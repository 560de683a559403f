using Microsoft.Extensions.Diagnostics.HealthChecks;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Storage;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>Whether the database answers as workflows_search.</summary>
internal sealed class DatabaseHealth(SearchDatabase database) : IHealthCheck
{
    private const string AskSql = "select count(*) from (select from search.corpora limit 1) c";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var command = database.Source.CreateCommand(AskSql);
        await command.ExecuteScalarAsync(cancellationToken);
        return HealthCheckResult.Healthy();
    }
}

/// <summary>
/// Whether the vector index of the configured model can be used: asks it for neighbours in a tenant that has none.
/// A type that is not known is looked for once more, so that a service that came before the schema gets well by
/// itself.
/// </summary>
internal sealed class VectorIndexHealth(SearchDatabase database, VectorSearch vectors, EmbeddingProviders providers)
    : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var model = await providers.Configured.CurrentModelAsync(Guid.Empty, cancellationToken);
        var vector = new float[model.Dimension];
        vector[0] = 1;
        try
        {
            await AskAsync(model.Name, vector, cancellationToken);
        }
        catch (InvalidCastException)
        {
            await database.LearnTypesAsync(cancellationToken);
            await AskAsync(model.Name, vector, cancellationToken);
        }

        return HealthCheckResult.Healthy(model.Name);
    }

    private Task<IReadOnlyList<SignalHit>> AskAsync(
        string model, float[] vector, CancellationToken cancellationToken) => vectors.SearchAsync(
        Guid.Empty, model, vector, SearchFilter.None, documents: null, limit: 1, cancellationToken);
}

/// <summary>Whether the embedding provider answers. Without it search goes on by words: degraded.</summary>
internal sealed class ProviderHealth(EmbeddingProviders providers) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var provider = providers.Configured;
        var model = await provider.CurrentModelAsync(Guid.Empty, cancellationToken);
        var outcome = await provider.EmbedAsync(
            Guid.Empty, model.Name, [new EmbeddingInput("health", TermVector.Of("health"))], EmbeddingPurpose.Query,
            cancellationToken);
        return outcome.Failure is { } failure
            ? HealthCheckResult.Degraded($"{provider.Name}: {failure}; searching by words only")
            : HealthCheckResult.Healthy(provider.Name);
    }
}

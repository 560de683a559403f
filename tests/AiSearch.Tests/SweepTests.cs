using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Text;
using Workflows.Data.Isolation;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

/// <summary>One tenant's trouble is not the others': the sweep goes on, whatever failed and whenever its turn was.
/// </summary>
public sealed class SweepTests(PostgresServer server)
{
    private const int Tenants = 3;

    [Fact]
    public async Task A_tenant_whose_training_throws_keeps_no_other_from_a_model()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenants = await AddTenantsAsync(bed);
        await bed.ExecuteAsync("update search.chunks set terms = '\\x01' where tenant_id = $1", tenants[1]);

        await bed.Get<Sweep>().RunAsync(TestContext.Current.CancellationToken);

        var served = await Task.WhenAll(tenants.Select(tenant => bed.ScalarAsync<bool>(
            "select exists (select from search.models where tenant_id = $1)", tenant)));
        Assert.Equal([true, false, true], served);
    }

    [Theory]
    [InlineData(typeof(TimeoutException))]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(TaskCanceledException))]
    [InlineData(typeof(OutOfMemoryException))]
    public async Task A_provider_that_throws_for_one_tenant_keeps_no_other_from_its_vectors(Type failure)
    {
        Guid[] failing = [];
        await using var bed = await SearchBed.CreateAsync(server, configure: services => services.AddSingleton(all =>
            new EmbeddingProviders(
                new Throwing(
                    all.GetRequiredService<LocalEmbeddings>(),
                    tenant => failing.Contains(tenant),
                    failure),
                all.GetRequiredService<LocalEmbeddings>())));
        var tenants = await AddTenantsAsync(bed);
        failing = [tenants[1]];
        await bed.ExecuteAsync("delete from search.embeddings");
        await bed.ExecuteAsync("update search.corpora set incomplete = true");

        await bed.Get<Sweep>().RunAsync(TestContext.Current.CancellationToken);

        var served = await Task.WhenAll(tenants.Select(tenant => bed.ScalarAsync<bool>(
            "select exists (select from search.embeddings where tenant_id = $1)", tenant)));
        Assert.Equal([true, false, true], served);
    }

    [Fact]
    public void An_outage_ends_the_round_instead_of_being_met_once_for_each_tenant()
    {
        Assert.False(Batches.MayBeOneTenant(new PostgresException("stopping", "FATAL", "FATAL", "57P01")));
        Assert.False(Batches.MayBeOneTenant(new NpgsqlException("gone", new IOException("reset"))));
        Assert.True(Batches.MayBeOneTenant(new PostgresException("too long", "ERROR", "ERROR", "57014")));
        Assert.True(Batches.MayBeOneTenant(new NpgsqlException("no answer", new TimeoutException())));
    }

    private static async Task<Guid[]> AddTenantsAsync(SearchBed bed)
    {
        var tenants = new List<Guid>();
        for (var number = 0; number < Tenants; number++)
        {
            var tenant = await bed.AddTenantAsync();
            await bed.PutAsync(tenant, EmbeddingTests.Corpus());
            tenants.Add(tenant);
        }

        return [.. tenants];
    }

    [Fact]
    public async Task What_an_older_analysis_has_left_is_analysed_anew()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        await bed.AddWorkflowAsync(tenantId, "Refund order");
        await bed.IndexAsync();
        await bed.ExecuteAsync("update search.documents set content_hash = '\\x00'");
        await bed.ExecuteAsync("update search.chunks set terms = ''");
        await bed.ExecuteAsync("update search.corpora set analysis = 1");
        await using var other = bed.AnotherInstance();
        Assert.DoesNotContain(
            (await other.SearchAsync(tenantId, "refund")).Hits.SelectMany(hit => hit.Why), reason =>
                reason.Signal == "words");

        await bed.Get<Sweep>().RunAsync(TestContext.Current.CancellationToken);

        Assert.Contains((await other.SearchAsync(tenantId, "refund")).Hits.Single().Why, reason =>
            reason.Signal == "words");
        Assert.Equal(Analyzer.Version, await bed.ScalarAsync<int>("select analysis from search.corpora"));
    }

    private sealed class Throwing(IEmbeddingProvider inner, Func<Guid, bool> at, Type failure) : IEmbeddingProvider
    {
        public string Name => inner.Name;

        public bool IsRemote => inner.IsRemote;

        public bool Knows(string modelName) => inner.Knows(modelName);

        public int DimensionOf(string modelName) => inner.DimensionOf(modelName);

        public double ShareOf(string modelName) => inner.ShareOf(modelName);

        public float FloorOf(string modelName) => inner.FloorOf(modelName);

        public ValueTask<EmbeddingModel> CurrentModelAsync(Guid tenantId, CancellationToken cancellationToken) =>
            inner.CurrentModelAsync(tenantId, cancellationToken);

        public Task<EmbeddingOutcome> EmbedAsync(
            Guid tenantId,
            string modelName,
            IReadOnlyList<EmbeddingInput> inputs,
            EmbeddingPurpose purpose,
            CancellationToken cancellationToken) => at(tenantId)
            ? throw (Exception)Activator.CreateInstance(failure)!
            : inner.EmbedAsync(tenantId, modelName, inputs, purpose, cancellationToken);
    }
}

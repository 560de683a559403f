using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Workflows.AiSearch;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Indexing;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Bench.Search;

/// <summary>A migrated database with one tenant, and the service's parts over it under workflows_search.</summary>
internal sealed class Bed : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly ServiceProvider _services;

    private Bed(TestDatabase database, ServiceProvider services)
    {
        (_database, _services) = (database, services);
        Owner = NpgsqlDataSource.Create(database.ConnectionString);
    }

    public Guid TenantId { get; } = Guid.CreateVersion7();

    public NpgsqlDataSource Owner { get; }

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <param name="provider">Instead of the one that the configuration names.</param>
    public static async Task<Bed> CreateAsync(PostgresServer server, IEmbeddingProvider? provider = null)
    {
        var database = await server.CreateDatabaseAsync();
        await new MigrationRunner(new DatabaseOptions
        {
            ConnectionString = database.ConnectionString, ApiPassword = "api", WorkerPassword = "worker",
            SearchPassword = "search",
        }).MigrateAsync(CancellationToken.None);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["ConnectionStrings:workflows"] = database.ConnectionString,
                ["Database:SearchPassword"] = "search",
                ["Security:EncryptionKey"] = "a key for benchmarks only",
            })
            .AddEnvironmentVariables() // Search__Embeddings__Provider and so on
            .Build();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddMetrics();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddSingleton(TimeProvider.System);
        services.AddSearch(configuration);
        if (configuration["MODEL_PRECISION"] == "full")
        {
            services.AddSingleton<IEmbeddingGenerator<string,
                Embedding<float>>>(new MiniLm(ModelPackage.DefaultPath) { IsFullPrecision = true });
        }

        if (provider is not null)
        {
            services.AddSingleton(new EmbeddingProviders(provider));
        }

        var bed = new Bed(database, services.BuildServiceProvider());
        await bed.AddTenantAsync();
        return bed;
    }

    private const string TenantSql =
        "insert into tenants (tenant_id, name, slug, created_at, updated_at) values ($1, 'Bench', 'bench', now(), now())";

    private async Task AddTenantAsync()
    {
        await using var command = Owner.CreateCommand(TenantSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantId });
        await command.ExecuteNonQueryAsync();
    }

    public async Task ExecuteAsync(string sql)
    {
#pragma warning disable CA2100 // constants of the benchmarks
        await using var command = Owner.CreateCommand(sql);
#pragma warning restore CA2100
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }

    public async Task IndexAsync(IEnumerable<Content> contents)
    {
        foreach (var batch in contents.Chunk(250))
        {
            await Get<Indexer>().IndexAsync(TenantId, batch, [], CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Owner.DisposeAsync();
        await _database.DisposeAsync();
    }
}

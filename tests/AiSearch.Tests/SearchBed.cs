using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using NpgsqlTypes;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

/// <summary>A migrated database of its own and the service's parts over it, with the rights of workflows_search.</summary>
internal sealed class SearchBed : IAsyncDisposable
{
    private readonly TestDatabase? _database;
    private readonly ServiceProvider _services;

    private SearchBed(TestDatabase? database, string ownerConnection, ServiceProvider services)
    {
        (_database, OwnerConnection, _services) = (database, ownerConnection, services);
        Owner = NpgsqlDataSource.Create(ownerConnection);
    }

    public string OwnerConnection { get; }

    /// <summary>The superuser, for arranging and looking.</summary>
    public NpgsqlDataSource Owner { get; }

    public IServiceProvider Provider => _services;

    public JumpingClock Clock => (JumpingClock)_services.GetRequiredService<TimeProvider>();

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public static async Task<SearchBed> CreateAsync(
        PostgresServer server, IReadOnlyDictionary<string, string?>? settings = null, Action<IServiceCollection>? configure = null)
    {
        await server.EnsureTemplateAsync("search", async connection =>
            await new MigrationRunner(Options(connection)).MigrateAsync(CancellationToken.None));
        var database = await server.CreateDatabaseAsync("search");
        return new SearchBed(database, database.ConnectionString, Services(database.ConnectionString, settings, configure));
    }

    /// <summary>Another instance of the service on the same database.</summary>
    public SearchBed AnotherInstance(
        IReadOnlyDictionary<string, string?>? settings = null, Action<IServiceCollection>? configure = null) =>
        new(database: null, OwnerConnection, Services(OwnerConnection, settings, configure));

    /// <summary>The service over a database that has nothing in it yet.</summary>
    public static async Task<SearchBed> CreateEmptyAsync(PostgresServer server)
    {
        var database = await server.CreateDatabaseAsync();
        return new SearchBed(database, database.ConnectionString, Services(database.ConnectionString, null, null));
    }

    public static DatabaseOptions Options(string connection) => new()
    {
        ConnectionString = connection, ApiPassword = "api", WorkerPassword = "worker", SearchPassword = "search",
    };

    public static IConfiguration Configuration(string connection, IReadOnlyDictionary<string, string?>? settings) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["ConnectionStrings:workflows"] = connection,
                ["Database:SearchPassword"] = "search",
                ["Security:EncryptionKey"] = "a key for tests only",
                ["Search:Embeddings:Provider"] = "statistical",
            })
            .AddInMemoryCollection(settings ?? new Dictionary<string, string?>())
            .Build();

    public static void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddLogging();
        services.AddMetrics();
        services.TryAddSingleton(configuration);
        services.AddSingleton<TimeProvider>(new JumpingClock());
        services.AddSearch(configuration);
    }

    public async Task<Guid> AddTenantAsync()
    {
        var tenantId = Guid.CreateVersion7();
        await ExecuteAsync(
            "insert into tenants (tenant_id, name, slug, created_at, updated_at) values ($1, 'T', $2, now(), now())",
            tenantId, $"t{tenantId:N}");
        await ExecuteAsync("insert into workspaces (tenant_id, id, name, created_at, updated_at) values ($1, $1, 'W', now(), now())", tenantId);
        await ExecuteAsync("insert into folders (tenant_id, id, workspace_id, name, created_at, updated_at) values ($1, $1, $1, 'F', now(), now())", tenantId);
        await ExecuteAsync("insert into jobs (tenant_id, id, folder_id, name, created_at, updated_at) values ($1, $1, $1, 'J', now(), now())", tenantId);
        return tenantId;
    }

    public async Task<Guid> AddWorkflowAsync(
        Guid tenantId, string name, string description = "", string[]? tags = null, string definition = """{"nodes":[],"edges":[]}""")
    {
        var id = Guid.CreateVersion7();
        await ExecuteAsync(
            "insert into workflows (tenant_id, id, job_id, name, description, tags, created_at, updated_at) values ($1, $2, $1, $3, $4, $5, now(), now())",
            tenantId, id, name, description, tags ?? []);
        await ExecuteAsync(
            "insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at) values ($1, $2, 1, $3, 'create', now())",
            tenantId, id, Json(definition));
        await EnqueueAsync(tenantId, "index_workflow", id);
        return id;
    }

    public async Task<Guid> AddFailedExecutionAsync(Guid tenantId, Guid workflowId, string error)
    {
        var id = Guid.CreateVersion7();
        await ExecuteAsync(
            """
            insert into executions (tenant_id, id, workflow_id, version, status, trigger_type, input, error, queued_at, finished_at)
            values ($1, $2, $3, 1, 'failed', 'manual', '{}', $4, now(), now())
            """,
            tenantId, id, workflowId, Json(error));
        await ExecuteAsync(
            """
            insert into step_executions (tenant_id, execution_id, node_id, attempt, sequence, node_type, status, output, started_at, finished_at)
            values ($1, $2, 'fetch-rates', 1, 1, 'http', 'completed', '{"currency":"guilder"}', now(), now())
            """,
            tenantId, id);
        await EnqueueAsync(tenantId, "index_execution", id);
        return id;
    }

    public Task EnqueueAsync(Guid tenantId, string topic, Guid subjectId) => ExecuteAsync(
        "insert into outbox (tenant_id, id, topic, subject_id, not_before) values ($1, $2, $3, $4, $5)",
        tenantId, Guid.CreateVersion7(), topic, subjectId, Clock.GetUtcNow().UtcDateTime);

    /// <summary>Works off the outbox until nothing is due.</summary>
    public async Task IndexAsync()
    {
        var consumer = Get<OutboxConsumer>();
        while (await consumer.WorkOffAsync(TestContext.Current.CancellationToken) > 0)
        {
        }
    }

    /// <summary>Puts texts straight into the index.</summary>
    public async Task PutAsync(Guid tenantId, IEnumerable<(Guid Id, string Title, string Text)> texts)
    {
        var contents = texts.Select(text => new Content(
            ContentTypes.KnowledgeArticle, text.Id, SourceVersion: 1, text.Title, [], WorkspaceId: null, DateTimeOffset.UnixEpoch, "{}",
            [new ContentChunk("text", text.Text)]));
        foreach (var batch in contents.Chunk(200))
        {
            await Get<Indexer>().IndexAsync(tenantId, batch, [], TestContext.Current.CancellationToken);
        }
    }

    public Task<SearchAnswer> SearchAsync(Guid tenantId, string text, SearchFilter? filter = null, int limit = 10, double threshold = 0) =>
        SearchAsync(new SearchCaller(tenantId, PersonId: null), text, filter, limit, threshold);

    /// <summary>The same for somebody who sees only what was granted.</summary>
    public Task<SearchAnswer> SearchAsync(
        SearchCaller caller, string text, SearchFilter? filter = null, int limit = 10, double threshold = 0) =>
        Get<SearchService>().SearchAsync(
            caller, new SearchQuery(text, limit, threshold, filter ?? SearchFilter.None), TestContext.Current.CancellationToken);

    public async Task ExecuteAsync(string sql, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public async Task<T> ScalarAsync<T>(string sql, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        return (T)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    public static NpgsqlParameter Json(string json) => new() { Value = json, NpgsqlDbType = NpgsqlDbType.Jsonb };

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Owner.DisposeAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    private static ServiceProvider Services(
        string connection, IReadOnlyDictionary<string, string?>? settings, Action<IServiceCollection>? configure)
    {
        var services = new ServiceCollection();
        AddServices(services, Configuration(connection, settings));
        configure?.Invoke(services);
        return services.BuildServiceProvider();
    }

#pragma warning disable CA2100 // constants of the tests
    private NpgsqlCommand Command(string sql, object[] parameters)
    {
        var command = Owner.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter as NpgsqlParameter ?? new NpgsqlParameter { Value = parameter });
        }

        return command;
    }
#pragma warning restore CA2100
}

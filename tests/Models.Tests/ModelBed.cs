using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;
using Workflows.Connectors.Network;
using Workflows.Data.Connectors;
using Workflows.Data.Database;
using Workflows.Data.Identity;
using Workflows.Data.Models;
using Workflows.Data.Secrets;
using Workflows.Provider;
using Workflows.Testing;

namespace Workflows.Models.Tests;

/// <summary>A migrated database, a provider that listens, and callers of its models.</summary>
internal sealed class ModelBed : IAsyncDisposable
{
    public const string Key = "sk-very-secret-key";

    private static readonly string Password = Guid.CreateVersion7().ToString("N");

    private readonly TestDatabase _database;
    private readonly NpgsqlDataSource _owner;
    private readonly WorkflowsDatabase _api;
    private readonly IConnectionMultiplexer _redis;
    private readonly HttpClients _clients;
    private readonly ConnectorStore _connectors;

    private ModelBed(TestDatabase database, IConnectionMultiplexer redis, ProviderServer provider, string[] allow)
    {
        _database = database;
        _redis = redis;
        Provider = provider;
        var options = OptionsFor(database.ConnectionString);
        _owner = NpgsqlDataSource.Create(database.ConnectionString);
        _api = new WorkflowsDatabase(options, DatabaseRole.Api);
        Worker = new WorkflowsDatabase(options, DatabaseRole.Worker);
        var sealer = new SecretSealer(
            _api,
            new MasterKeys(new MasterKeyOptions { MasterKeys = new Dictionary<string, string> { ["test"] = Password } }),
            TimeProvider.System);
        _connectors = new ConnectorStore(_api, sealer, new Invalidation(redis), TimeProvider.System);
        _clients = new HttpClients(new GuardedNetwork(
            new AllowLists((_, _) => new(Array.Empty<string>()), _ => { }), new NetworkOptions(allow)));
        Ledger = new ModelLedger(_api);
        Caller = CallerOf(_api);
    }

    public ProviderServer Provider { get; }

    public WorkflowsDatabase Worker { get; }

    public ModelLedger Ledger { get; }

    public IModelCaller Caller { get; }

    public Guid TenantId { get; private set; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<ModelBed> StartAsync(PostgresServer server, params string[] allow)
    {
        await server.EnsureTemplateAsync(
            "platform",
            connectionString => new MigrationRunner(OptionsFor(connectionString)).MigrateAsync(CancellationToken.None));
        var redis = await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
        {
            EndPoints = { { "127.0.0.1", FreePort.Next() } }, AbortOnConnectFail = false, ConnectTimeout = 100,
        });
        var bed = new ModelBed(
            await server.CreateDatabaseAsync("platform"), redis, await ProviderServer.StartAsync(),
            allow.Length > 0 ? allow : ["127.0.0.1"]);
        bed.TenantId = await bed.AddTenantAsync();
        return bed;
    }

    /// <summary>As another process would call, with the rights of the workers.</summary>
    public IModelCaller CallerOfWorkers() => CallerOf(Worker);

    public async Task<Guid> AddTenantAsync()
    {
        var id = Guid.CreateVersion7();
        await ExecuteAsync(
            "insert into tenants (tenant_id, name, slug, created_at, updated_at) values ($1, 'T', $2, now(), now())",
            id, $"t{id:N}");
        return id;
    }

    /// <summary>A model of the tenant by a connector of its own, named like the provider.</summary>
    public async Task AddModelAsync(
        string provider, Guid? tenantId = null, string kind = "chat", string? address = null, string set = "")
    {
        var tenant = tenantId ?? TenantId;
        var (connector, model) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var config = new Dictionary<string, string>
        {
            ["provider"] = provider,
            ["baseUrl"] = address ?? Provider.Address + (provider is "anthropic" or "ollama" ? "" : "/v1"),
            ["apiKey"] = Key,
        };
        var @sealed = await _connectors.SealAsync(tenant, connector, config, Token);
        await ExecuteAsync(
            """
            insert into connectors (tenant_id, id, name, type, key_id, sealed, created_at, updated_at)
            values ($1, $2, $3, 'model', $4, $5, now(), now())
            """,
            tenant, connector, $"c{connector:N}", @sealed.KeyId, @sealed.Bytes);
        await ExecuteAsync(
            """
            insert into models (tenant_id, id, name, kind, connector_id, model, input_price, output_price, created_at, updated_at)
            values ($1, $2, $3, $4, $5, 'the-model', 1000, 2000, now(), now())
            """,
            tenant, model, kind == "chat" ? provider : $"{provider}-{kind}", kind, connector);
        if (set.Length > 0)
        {
            await ExecuteAsync($"update models set {set} where tenant_id = $1 and id = $2", tenant, model);
        }
    }

    public ModelRequest Request(string model, string text, string? key = null, Guid? workspace = null) => new(
        TenantId,
        model,
        new ModelCallOrigin("node") { IdempotencyKey = key, WorkspaceId = workspace },
        [new ChatMessage(ChatRole.System, "Be brief."), new ChatMessage(ChatRole.User, text)]);

    public async Task<List<string>> StreamAsync(ModelRequest request, CancellationToken? token = null)
    {
        var parts = new List<string>();
        await foreach (var update in Caller.StreamAsync(request, token ?? Token))
        {
            parts.Add(update.Answer is { } answer ? $"={answer.Text}" : update.Text);
        }

        return parts;
    }

    public async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = Command(sql, values);
        await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>The rows of the ledger as JSON, oldest first.</summary>
    public async Task<List<JsonElement>> CallsAsync() => await RowsAsync("model_calls", "started_at, id");

    public async Task<List<JsonElement>> UsageAsync() => await RowsAsync("model_usage_daily", "day, purpose");

    private async Task<List<JsonElement>> RowsAsync(string table, string order)
    {
        await using var command = Command($"select to_jsonb(r) - 'answer' from {table} r order by {order}", []);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = new List<JsonElement>();
        while (await reader.ReadAsync(Token))
        {
            rows.Add(JsonElement.Parse(reader.GetString(0)));
        }

        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        await Provider.DisposeAsync();
        _clients.Dispose();
        await _redis.DisposeAsync();
        await _api.DisposeAsync();
        await Worker.DisposeAsync();
        await _owner.DisposeAsync();
        await _database.DisposeAsync();
    }

    private ModelCaller CallerOf(WorkflowsDatabase database) => new(
        new ModelStore(database), new ModelLedger(database), _connectors, _clients, TimeProvider.System,
        NullLogger<ModelCaller>.Instance);

    private NpgsqlCommand Command(string sql, object[] values)
    {
        var command = _owner.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }

    private static DatabaseOptions OptionsFor(string connectionString) => new()
    {
        ConnectionString = connectionString,
        ApiPassword = Password,
        WorkerPassword = Password,
        SearchPassword = Password,
    };
}

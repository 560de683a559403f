using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Api.Tenants;
using Workflows.Api.WebConsole;
using Workflows.Data.ControlPlane;
using Workflows.Testing;

namespace Workflows.Api.Tests.Host;

/// <summary>The credentials of a tenant's first moment.</summary>
public sealed record FirstCredentials(
    string OwnerEmail, string OwnerPassword, string ApiKey, Guid TenantId, string OperatorEmail = "",
    string OperatorPassword = "");

/// <summary>The real API on Kestrel over a database of its own, a copy of one that was migrated and first started once per test run.</summary>
public sealed class ApiHost : IAsyncDisposable
{
    private const string Template = "api";

    private static readonly string Secret = Convert.ToHexString(Guid.CreateVersion7().ToByteArray()) + Convert.ToHexString(Guid.CreateVersion7().ToByteArray());

    private readonly WebApplication _app;
    private readonly TestDatabase _database;
    private readonly List<ApiHost> _twins = [];

    private bool _isTwin;
    private bool _isDisposed;

    private ApiHost(WebApplication app, TestDatabase database, FirstCredentials first)
    {
        (_app, _database, First) = (app, database, first);
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public Uri BaseAddress { get; }

    /// <summary>Of tenant <c>default</c>.</summary>
    public FirstCredentials First { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Connection string of the superuser, who sees all tenants.</summary>
    public string ConnectionString => _database.ConnectionString;

    /// <param name="port">Where this instance finds PostgreSQL, if not at its own port.</param>
    public static async Task<ApiHost> StartAsync(PostgresServer postgres, RedisServer redis, Dictionary<string,
        string?>? settings = null, int? port = null)
    {
        var credentialsFile = Path.Combine(Path.GetTempPath(), $"workflows-api-tests-{Environment.ProcessId}-{postgres.Port}.json");
        await postgres.EnsureTemplateAsync(Template, async connectionString =>
        {
            await using var app = Build(connectionString, redis.ConnectionString, new() { ["Bootstrap:CredentialsFile"] = credentialsFile });
            await app.PrepareAsync(CancellationToken.None);
            NpgsqlConnection.ClearAllPools();
        });
        var first = JsonSerializer.Deserialize<FirstCredentials>(await File.ReadAllTextAsync(credentialsFile), JsonSerializerOptions.Web)!;
        var database = await postgres.CreateDatabaseAsync(Template);
        return await StartOnAsync(database, redis, first, settings, port);
    }

    /// <summary>A second instance of the API beside this one; it ends with it, or before.</summary>
    public async Task<ApiHost> StartTwinAsync(RedisServer redis, Dictionary<string, string?>? settings = null)
    {
        var twin = await StartOnAsync(_database, redis, First, settings, null);
        twin._isTwin = true;
        lock (_twins)
        {
            _twins.Add(twin);
        }

        return twin;
    }

    public static WebApplication Build(string connectionString, string redis, Dictionary<string, string?>? settings = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:workflows"] = connectionString,
            ["ConnectionStrings:redis"] = redis,
            ["Database:ApiPassword"] = "api-of-tests",
            ["Database:WorkerPassword"] = "worker-of-tests",
            ["Database:SearchPassword"] = "search-of-tests",
            ["Security:EncryptionKey"] = Secret,
            ["Secrets:MasterKeys:test"] = Secret,
            ["RateLimits:LoginBurst"] = "1000",
            [Drain.Setting] = "0",
            [ConsoleFiles.Setting] = "none", // whether or not it was built
        });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.Logging.ClearProviders();
        if (Environment.GetEnvironmentVariable("WORKFLOWS_TEST_LOG") is not null)
        {
            builder.Logging.AddConsole();
        }

        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        builder.AddApi();
        var app = builder.Build();
        app.UseApi();
        return app;
    }

    /// <summary>Stops it as a signal does, and returns when it has stopped.</summary>
    public Task StopAsync() => _app.StopAsync();

    /// <summary>A client of this API with a credential, or none.</summary>
    public ApiClient Client(string? credential = null) => new(BaseAddress, credential);

    /// <summary>A client with the owner's API key, which may do everything.</summary>
    public ApiClient Owner() => Client(First.ApiKey);

    /// <summary>A client with a session of the platform's first operator.</summary>
    public async Task<ApiClient> OperatorAsync()
    {
        using var anybody = Client();
        var login = (await anybody.PostAsync(
            "auth/login", new { email = First.OperatorEmail, password = First.OperatorPassword })).Ok();
        return Client(login.Data.GetProperty("accessToken").GetString());
    }

    /// <summary>Another tenant with all that the first one has.</summary>
    public async Task<FirstCredentials> CreateTenantAsync(string slug)
    {
        await using var scope = Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<WorkflowsDbContext>();
        var now = TimeProvider.System.NowStored();
        var credentials = new FirstCredentials($"owner@{slug}.example", Tokens.NewPassword(), Tokens.NewApiKey(), Guid.CreateVersion7());
        var hash = await Services.GetRequiredService<Passwords>().HashAsync(credentials.OwnerPassword, CancellationToken.None);
        db.TenantId = credentials.TenantId;
        await db.TransactAsync(
            token =>
            {
                db.AddTenant(new NewTenant(credentials.TenantId, slug, slug, credentials.OwnerEmail, hash, credentials.ApiKey), now);
                return Task.FromResult(true);
            },
            _ => true,
            CancellationToken.None);
        return credentials;
    }

    /// <summary>Asks the database as the superuser.</summary>
    public async Task<T> ScalarAsync<T>(string sql, params object[] parameters)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
#pragma warning disable CA2100 // the test's own text
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        return (T)(await command.ExecuteScalarAsync())!;
    }

    public Task ExecuteAsync(string sql, params object[] parameters) => ScalarAsync<long>($"with done as ({sql} returning 1) select count(*) from done", parameters);

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        // What goes on without its database tries again and again to reach it.
        foreach (var twin in _twins)
        {
            await twin.DisposeAsync();
        }

        await _app.DisposeAsync();
        if (!_isTwin)
        {
            await _database.DisposeAsync();
        }
    }

    private static async Task<ApiHost> StartOnAsync(
        TestDatabase database, RedisServer redis, FirstCredentials first, Dictionary<string, string?>? settings,
        int? port)
    {
        var place = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        place.Port = port ?? place.Port;
        var app = Build(place.ConnectionString, redis.ConnectionString, settings);
        await app.PrepareAsync(CancellationToken.None);
        await app.StartAsync();
        return new ApiHost(app, database, first);
    }
}

/// <summary>One API for all tests of a class.</summary>
public class ApiFixture(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private ApiHost? _host;

    public ApiHost Host => _host ?? throw new InvalidOperationException("Not started yet.");

    public PostgresServer Postgres => postgres;

    public RedisServer Redis => redis;

    protected virtual Dictionary<string, string?> Settings => [];

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync(postgres, redis, Settings);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Host.DisposeAsync();
    }
}

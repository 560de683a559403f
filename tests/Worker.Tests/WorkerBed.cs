using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;
using Workflows.Connectors.Network;
using Workflows.Data.Approvals;
using Workflows.Data.Connectors;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Events;
using Workflows.Data.Executions;
using Workflows.Data.Identity;
using Workflows.Data.Secrets;
using Workflows.Data.Sessions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>A migrated database, the API's stores on it, and workers as processes of their own. Without Redis they work by sweeping.</summary>
internal sealed class WorkerBed : IAsyncDisposable
{
    private const string TemplateName = "worker-platform";

    /// <summary>Of all roles.</summary>
    public static readonly string Password = Guid.CreateVersion7().ToString("N");

    private readonly TestDatabase _database;
    private readonly string _redisAddress;
    private readonly IConnectionMultiplexer _redis;
    private readonly WorkflowsDatabase _api;
    private readonly NpgsqlDataSource _owner;
    private readonly DatabaseClock _clock;
    private readonly List<WorkerProcess> _workers = [];

    private WorkerBed(TestDatabase database, string redisAddress, IConnectionMultiplexer redis, TimeProvider machine)
    {
        _clock = new DatabaseClock(machine);
        _database = database;
        _redisAddress = redisAddress;
        _redis = redis;
        var options = OptionsFor(database.ConnectionString);
        _api = new WorkflowsDatabase(options, DatabaseRole.Api);
        _owner = NpgsqlDataSource.Create(database.ConnectionString);
        WorkerDatabase = new WorkflowsDatabase(options, DatabaseRole.Worker);
        Changes = new Invalidation(redis);
        Sealer = new SecretSealer(
            WorkerDatabase, new MasterKeys(new MasterKeyOptions { MasterKeys = new Dictionary<string, string> { ["test"] = Password } }), TimeProvider.System);
        var lists = new TenantAllowLists(new TenantSettingsStore(WorkerDatabase), TimeProvider.System);
        AllowLists = new AllowLists(lists.GetAsync, lists.Forget);
        Connectors = new ConnectorStore(WorkerDatabase, Sealer, Changes, TimeProvider.System);
        var dispatch = new DispatchStreams(redis);
        var signals = new WorkerSignals(redis);
        Dialogues = new DialogueStore(_api, dispatch, signals);
        Sessions = new SessionStore(redis);
        Starter = new ExecutionStarter(_api, dispatch, _clock);
        Control = new ExecutionControl(_api, dispatch, signals, _clock);
        Decisions = new DecisionStore(_api, dispatch, signals, _clock);
        Callbacks = new CallbackStore(_api, dispatch, signals);
        Events = new EventStore(_api, new EventRouter(_api, dispatch, signals, _clock), _clock, NullLogger<EventStore>.Instance);
    }

    public Guid TenantId { get; private set; }

    /// <summary>Connectors as the workers see them; they keep nothing for longer than a test's next change.</summary>
    public ConnectorStore Connectors { get; }

    public SecretSealer Sealer { get; }

    public DialogueStore Dialogues { get; }

    public SessionStore Sessions { get; }

    public Invalidation Changes { get; }

    public string ConnectionString => _database.ConnectionString;

    public WorkflowsDatabase WorkerDatabase { get; }

    public WorkflowsDatabase ApiDatabase => _api;

    /// <summary>Allow-lists of tenants as the workers see them.</summary>
    public AllowLists AllowLists { get; }

    public ExecutionStarter Starter { get; }

    public ExecutionControl Control { get; }

    public DecisionStore Decisions { get; }

    public CallbackStore Callbacks { get; }

    public EventStore Events { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="server">The database's.</param>
    /// <param name="redis">Null = none.</param>
    /// <param name="machine">The clock of the machine on which the API's stores work; null = this one's.</param>
    public static async Task<WorkerBed> CreateAsync(PostgresServer server, RedisServer? redis, TimeProvider? machine = null)
    {
        await server.EnsureTemplateAsync(
            TemplateName, connectionString => new MigrationRunner(OptionsFor(connectionString)).MigrateAsync(CancellationToken.None));
        var address = redis?.ConnectionString ?? $"127.0.0.1:{FreePort.Next()}";
        var options = ConfigurationOptions.Parse(address);
        options.AbortOnConnectFail = false;
        var bed = new WorkerBed(await server.CreateDatabaseAsync(TemplateName), address, await ConnectionMultiplexer.ConnectAsync(options), machine ?? TimeProvider.System);
        await bed._clock.SyncAsync(bed._api, Token);
        bed.TenantId = await bed.AddTenantAsync();
        return bed;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }

        await Starter.DisposeAsync();
        await _api.DisposeAsync();
        await WorkerDatabase.DisposeAsync();
        await _owner.DisposeAsync();
        await _redis.DisposeAsync();
        await _database.DisposeAsync();
    }

    public static NodeRun NodeRun(string type, Guid execution, string node, ReadOnlyMemory<byte> parameters) =>
        new(execution, 0, node, type, "", 1, parameters, null, null);

    /// <summary>Starts a worker that may call loopback.</summary>
    public async Task<WorkerProcess> StartWorkerAsync(int maxInFlight = 1_000, double stopGraceSeconds = 10, params (string Name, string Value)[] settings)
    {
        var all = Settings();
        all["Worker__MaxInFlight"] = $"{maxInFlight}";
        all["Worker__StopGraceSeconds"] = FormattableString.Invariant($"{stopGraceSeconds}");
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        var worker = await WorkerProcess.StartAsync(this, all);
        _workers.Add(worker);
        return worker;
    }

    /// <summary>The configuration of a worker, as environment variables.</summary>
    public Dictionary<string, string> Settings() => new()
    {
        ["ConnectionStrings__workflows"] = _database.ConnectionString,
        ["ConnectionStrings__redis"] = _redisAddress,
        ["Database__WorkerPassword"] = Password,
        ["Secrets__MasterKeys__test"] = Password,
        ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
        ["Logging__LogLevel__Default"] = "Warning",
        ["Security__EncryptionKey"] = Password,
        ["Api__PublicUrl"] = "https://flows.example",
        ["Worker__HttpAllow__0"] = "127.0.0.1",
    };

    public async Task<Guid> AddTenantAsync()
    {
        var id = Guid.CreateVersion7();
        await ExecuteAsync(
            """
            with t as (insert into tenants (tenant_id, name, slug, created_at, updated_at) values ($1, 'Tenant', 't' || replace($1::text, '-', ''), now(), now())),
            w as (insert into workspaces (tenant_id, id, name, created_at, updated_at) values ($1, $1, 'Workspace', now(), now())),
            f as (insert into folders (tenant_id, id, workspace_id, name, created_at, updated_at) values ($1, $1, $1, 'Folder', now(), now()))
            insert into jobs (tenant_id, id, folder_id, name, created_at, updated_at) values ($1, $1, $1, 'Job', now(), now())
            """, id);
        return id;
    }

    /// <summary>The wait behind a one-time address that a worker made.</summary>
    public static CallbackTarget TargetOf(string address) =>
        new CallbackTokens(Password).TryRead(address[(address.LastIndexOf('/') + 1)..], out var target)
            ? target
            : throw new ArgumentException($"No worker of this bed made '{address}'.", nameof(address));

    public async Task<Guid> AddUserAsync(string name)
    {
        var id = Guid.CreateVersion7();
        await ExecuteAsync(
            "insert into users (tenant_id, id, email, username, name, created_at, updated_at) values ($1, $2, $3 || '@x.org', $3, $3, now(), now())", TenantId, id, name);
        return id;
    }

    public Task<Guid> RequestOfAsync(Guid execution) => ScalarAsync<Guid>("select id from approval_requests where execution_id = $1", execution);

    public Task<DecisionOutcome> DecideAsync(Guid request, Guid user, bool approves = true) => Decisions.DecideAsync(
        new NewDecision(TenantId, request, user, "somebody@x.org", approves, "because", null), new Actor("user", user, "somebody@x.org"), Token);
    public async Task AddSecretAsync(string name, string value)
    {
        var @sealed = await Sealer.SealAsync(TenantId, SecretStore.PurposeOf(name), Encoding.UTF8.GetBytes(value), Token);
        await ExecuteAsync(
            "insert into secrets (tenant_id, id, name, key_id, sealed, created_at, updated_at) values ($1, $2, $3, $4, $5, now(), now())",
            TenantId, Guid.CreateVersion7(), name, @sealed.KeyId, @sealed.Bytes);
    }

    public async Task AddConnectorAsync(string name, string type, params (string Name, string Value)[] config)
    {
        var id = Guid.CreateVersion7();
        var @sealed = await Connectors.SealAsync(TenantId, id, config.ToDictionary(entry => entry.Name, entry => entry.Value), Token);
        await ExecuteAsync(
            "insert into connectors (tenant_id, id, name, type, key_id, sealed, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, now(), now())",
            TenantId, id, name, type, @sealed.KeyId, @sealed.Bytes);
    }

    /// <summary>Stores a definition as published, with its event triggers.</summary>
    /// <param name="nodes">JSON objects, separated by commas.</param>
    /// <param name="edges"><c>a&gt;b, a.true&gt;c</c>: from, port (main if left out), to.</param>
    /// <param name="rest">Further members, each with a comma before it.</param>
    /// <param name="tenant">Whose; null = <see cref="TenantId"/>.</param>
    public async Task<Guid> PublishAsync(string nodes, string edges = "", string rest = "", Guid? tenant = null)
    {
        var definition = $$"""{"schema": 1, "nodes": [{{nodes}}], "edges": [{{Edges(edges)}}]{{rest}}}""";
        Assert.True(
            CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(definition), out var workflow, out var problems), string.Join('\n', problems));
        var id = Guid.CreateVersion7();
        await ExecuteAsync(
            """
            with w as (
              insert into workflows (tenant_id, id, job_id, name, published_version, created_at, updated_at) values ($1, $2, $1, $2::text, 1, now(), now())
            )
            insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at) values ($1, $2, 1, $3::jsonb, 'publish', now())
            """, tenant ?? TenantId, id, definition);
        foreach (var trigger in workflow.Definition.Triggers.Where(trigger => trigger.EventType is not null))
        {
            await ExecuteAsync(
                """
                insert into workflow_triggers (tenant_id, workflow_id, trigger_id, version, type, event_type, condition)
                values ($1, $2, $3, 1, 'event', $4, nullif($5, ''))
                """, tenant ?? TenantId, id, trigger.Id, trigger.EventType!, trigger.Condition ?? "");
        }

        return id;
    }

    public async Task<Guid> StartAsync(Guid workflow, string input = "{}", Guid? tenant = null)
    {
        var outcome = await Starter.StartAsync(New(workflow, input) with { TenantId = tenant ?? TenantId }, Token);
        return Assert.IsType<StartOutcome.Started>(outcome).Id;
    }

    /// <summary>Starts what the first message of a session starts.</summary>
    public async Task<Guid> StartSessionAsync(Guid workflow, string session)
    {
        var execution = New(workflow, $$"""{"sessionId": "{{session}}", "msisdn": "+254700000001", "text": "", "input": ""}""") with
        {
            TriggerType = "session",
            Trigger = Encoding.UTF8.GetBytes($$"""{"id": "ussd", "sessionId": "{{session}}"}"""),
        };
        return Assert.IsType<StartOutcome.Started>(await Starter.StartAsync(execution, Token)).Id;
    }

    public async Task<List<Guid>> StartManyAsync(Guid workflow, int count)
    {
        var started = new List<Guid>();
        foreach (var chunk in Enumerable.Range(0, count).Chunk(500))
        {
            var outcomes = await Starter.StartManyAsync([.. chunk.Select(index => New(workflow, $$"""{"n": {{index}}}"""))], Token);
            started.AddRange(outcomes.Select(outcome => Assert.IsType<StartOutcome.Started>(outcome).Id));
        }

        return started;
    }

    public Task<IReadOnlyList<IngestOutcome>> SendAsync(string type, string? correlation = null, string data = "{}") => Events.IngestAsync(
        TenantId,
        [
            new NewEvent
            {
                EventId = Guid.CreateVersion7().ToString(),
                Source = "/test",
                Type = type,
                CorrelationKey = correlation,
                Data = Encoding.UTF8.GetBytes(data),
                Extensions = "{}"u8.ToArray(),
            },
        ],
        Token);

    /// <summary>Waits until the database accepts connections; those that broke are thrown away one by one.</summary>
    public Task AnswersAgainAsync() => Eventually.TrueAsync(
        async () =>
        {
            try
            {
                return await ScalarAsync<bool>("select true");
            }
            catch (NpgsqlException)
            {
                NpgsqlConnection.ClearAllPools();
                return false;
            }
        }, cancellationToken: Token);

    public Task CancelAsync(Guid execution) => Control.CancelAsync(TenantId, execution, "because", new Actor("system", null, "test"), Token);

    public Task RetryAsync(Guid execution) => Control.RetryAsync(TenantId, execution, "because", new Actor("system", null, "test"), Token);

    public Task<string> StatusOfAsync(Guid execution) => ScalarAsync<string>("select status from executions where id = $1", execution);

    public Task UntilAsync(Guid execution, string status, TimeSpan? timeout = null) =>
        Eventually.TrueAsync(async () => await StatusOfAsync(execution) == status, timeout, Token, $"{execution} is {status}");

    /// <summary>The end of an execution: its status, and its output or the code of its error.</summary>
    public async Task<(string Status, string Result)> EndOfAsync(Guid execution, TimeSpan? timeout = null)
    {
        await Eventually.TrueAsync(
            () => ScalarAsync<bool>("select finished_at is not null from executions where id = $1", execution), timeout, Token, $"{execution} ends");
        return (await StatusOfAsync(execution),
            await ScalarAsync<string>("select coalesce(output::text, error ->> 'code') from executions where id = $1", execution));
    }

    /// <summary>Recorded steps in order: <c>node/attempt status port</c>.</summary>
    public Task<List<string>> StepsOfAsync(Guid execution) => ListAsync(
        "select concat_ws(' ', node_id || '/' || attempt, status, port) from step_executions where execution_id = $1 order by sequence", execution);

    /// <summary>Nothing is left of executions that ended.</summary>
    public async Task AssertNothingWaitsAsync()
    {
        Assert.Equal(0, await ScalarAsync<long>("select count(*) from waits"));
        Assert.Equal(0, await ScalarAsync<long>("select count(*) from timers"));
    }

    /// <summary>A session of an application of the same database.</summary>
    public async Task<NpgsqlConnection> OpenAsync(string role)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Username = role, Password = Password }.ConnectionString);
        await connection.OpenAsync(Token);
        return connection;
    }

    public async Task<int> ExecuteAsync(string sql, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(Token);
    }

    public async Task<T> ScalarAsync<T>(string sql, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }

    public async Task<List<string>> ListAsync(string sql, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = new List<string>();
        while (await reader.ReadAsync(Token))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private NewExecution New(Guid workflow, string input) => new()
    {
        TenantId = TenantId,
        Id = Guid.CreateVersion7(_clock.GetUtcNow()),
        WorkflowId = workflow,
        Version = 1,
        TriggerType = "manual",
        Input = Encoding.UTF8.GetBytes(input),
    };

    private NpgsqlCommand Command(string sql, object[] parameters)
    {
        var command = _owner.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
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

    private static string Edges(string edges) => string.Join(", ", edges
        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Select(edge =>
        {
            var ends = edge.Split('>', StringSplitOptions.TrimEntries);
            var from = ends[0].Split('.');
            return $$"""{"from": "{{from[0]}}", "port": "{{(from.Length == 1 ? "main" : from[1])}}", "to": "{{ends[1]}}"}""";
        }));
}

using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Events;
using Workflows.Data.Executions;
using Workflows.Data.Jobs;
using Workflows.Data.Schedules;
using Workflows.Data.Workers;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>
/// A migrated database of its own with the stores of both roles on it. Redis is unreachable on purpose: what is tested here is
/// decided in PostgreSQL.
/// </summary>
internal sealed class DataStack : IAsyncDisposable
{
    private const string TemplateName = "platform";

    // Roles belong to the server, so all databases of a run share their passwords.
    private static readonly string Password = Guid.CreateVersion7().ToString("N");

    private readonly TestDatabase _database;
    private readonly IConnectionMultiplexer _redis;

    private DataStack(TestDatabase database, IConnectionMultiplexer redis)
    {
        _database = database;
        _redis = redis;
        Options = OptionsFor(database.ConnectionString);
        Owner = NpgsqlDataSource.Create(database.ConnectionString);
        Api = new WorkflowsDatabase(Options, DatabaseRole.Api);
        Worker = new WorkflowsDatabase(Options, DatabaseRole.Worker);
        Dispatch = new DispatchStreams(redis);
        Signals = new WorkerSignals(redis);
        Starter = new ExecutionStarter(Api, Dispatch, TimeProvider.System);
        Control = new ExecutionControl(Api, Dispatch, Signals, TimeProvider.System);
        Router = new EventRouter(Api, Dispatch, Signals, TimeProvider.System);
        Events = new EventStore(Api, Router, TimeProvider.System, NullLogger<EventStore>.Instance);
        Claims = new ExecutionClaims(Worker);
        Sweeps = new QueueSweeps(Worker);
        Checkpoints = new CheckpointWriter(Worker);
        History = new ExecutionHistory(Worker);
        Timers = new TimerStore(Worker);
        Slots = new SlotStore(Worker);
        Performance = new PerformanceStore(Worker);
        Backlog = new EventBacklog(Worker);
        Registry = new WorkerRegistry(Worker);
        Firing = new ScheduleFiring(Worker);
        JobRuns = new JobRunStore(Worker, TimeProvider.System);
        Maintenance = new Maintenance(Worker);
    }

    public DatabaseOptions Options { get; }

    public IConnectionMultiplexer Redis => _redis;

    /// <summary>The superuser: sets the stage and looks behind it.</summary>
    public NpgsqlDataSource Owner { get; }

    public WorkflowsDatabase Api { get; }

    public WorkflowsDatabase Worker { get; }

    public DispatchStreams Dispatch { get; }

    public WorkerSignals Signals { get; }

    public ExecutionStarter Starter { get; }

    public ExecutionControl Control { get; }

    public EventRouter Router { get; }

    public EventStore Events { get; }

    public ExecutionClaims Claims { get; }

    public QueueSweeps Sweeps { get; }

    public CheckpointWriter Checkpoints { get; }

    public ExecutionHistory History { get; }

    public TimerStore Timers { get; }

    public SlotStore Slots { get; }

    public PerformanceStore Performance { get; }

    public EventBacklog Backlog { get; }

    public WorkerRegistry Registry { get; }

    public ScheduleFiring Firing { get; }

    public JobRunStore JobRuns { get; }

    public Maintenance Maintenance { get; }

    public static DatabaseOptions OptionsFor(string connectionString) => new()
    {
        ConnectionString = connectionString,
        ApiPassword = Password,
        WorkerPassword = Password,
        SearchPassword = Password,
    };

    public static async Task<DataStack> CreateAsync(PostgresServer server)
    {
        await server.EnsureTemplateAsync(
            TemplateName, connectionString => new MigrationRunner(OptionsFor(connectionString)).MigrateAsync(CancellationToken.None));
        return await CreateOnAsync(await server.CreateDatabaseAsync(TemplateName));
    }

    /// <summary>The stores on a database that is migrated already; it is dropped with them.</summary>
    public static async Task<DataStack> CreateOnAsync(TestDatabase database)
    {
        var redis = await ConnectionMultiplexer.ConnectAsync(
            new ConfigurationOptions { EndPoints = { { "127.0.0.1", FreePort.Next() } }, AbortOnConnectFail = false, ConnectTimeout = 100 });
        return new DataStack(database, redis);
    }

    public async ValueTask DisposeAsync()
    {
        await Starter.DisposeAsync();
        await Api.DisposeAsync();
        await Worker.DisposeAsync();
        await Owner.DisposeAsync();
        await _redis.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <summary>Runs a statement as superuser.</summary>
    public async Task<int> ExecuteAsync(string sql, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public async Task<T> ScalarAsync<T>(string sql, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        return (T)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    public async Task<List<string>> ListAsync(string sql, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var rows = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private NpgsqlCommand Command(string sql, object[] parameters)
    {
        var command = Owner.CreateCommand(sql);

        // A hundred thousand rows with their triggers take longer than the driver's 30 s on a busy machine.
        command.CommandTimeout = 300;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        return command;
    }

    /// <summary>A tenant with a workspace, a folder, a job and one published workflow.</summary>
    public async Task<TestTenant> AddTenantAsync()
    {
        var tenant = new TestTenant(Guid.CreateVersion7(), Guid.CreateVersion7());
        await ExecuteAsync(
            """
            with t as (
              insert into tenants (tenant_id, name, slug, created_at, updated_at) values ($1, 'Tenant', 't' || replace($1::text, '-', ''), now(), now())
            ),
            w as (insert into workspaces (tenant_id, id, name, created_at, updated_at) values ($1, $3, 'Workspace', now(), now())),
            f as (insert into folders (tenant_id, id, workspace_id, name, created_at, updated_at) values ($1, $3, $3, 'Folder', now(), now())),
            j as (insert into jobs (tenant_id, id, folder_id, name, created_at, updated_at) values ($1, $3, $3, 'Job', now(), now())),
            k as (
              insert into workflows (tenant_id, id, job_id, name, published_version, created_at, updated_at)
              values ($1, $2, $3, 'Workflow', 1, now(), now())
            )
            insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at)
            values ($1, $2, 1, '{}', 'publish', now())
            """,
            tenant.Id, tenant.WorkflowId, Guid.CreateVersion7());
        return tenant;
    }

    public async Task AddEventTriggerAsync(TestTenant tenant, string id, string eventType, string? condition = null) =>
        await ExecuteAsync(
            """
            insert into workflow_triggers (tenant_id, workflow_id, trigger_id, version, type, event_type, condition)
            values ($1, $2, $3, 1, 'event', $4, nullif($5, ''))
            """,
            tenant.Id, tenant.WorkflowId, id, eventType, condition ?? "");

    public async Task<Guid> AddWorkerAsync()
    {
        var id = Guid.CreateVersion7();
        await Registry.RegisterAsync(id, "test", TestContext.Current.CancellationToken);
        return id;
    }

    /// <summary>Starts an execution and gives its key.</summary>
    public async Task<ExecutionKey> StartAsync(TestTenant tenant)
    {
        var outcome = await Starter.StartAsync(tenant.NewExecution(), TestContext.Current.CancellationToken);
        return new ExecutionKey(tenant.Id, Assert.IsType<StartOutcome.Started>(outcome).Id);
    }

    /// <summary>Starts an execution that the worker owns.</summary>
    public async Task<ClaimedExecution> ClaimNewAsync(TestTenant tenant, Guid worker) => await ClaimAsync(await StartAsync(tenant), worker);

    public async Task<ClaimedExecution> ClaimAsync(ExecutionKey key, Guid worker) =>
        Assert.Single(await Claims.ClaimAsync(worker, [key], TestContext.Current.CancellationToken));

    public Task<CheckpointResult> WriteAsync(Guid worker, Action<Checkpoint> fill)
    {
        var checkpoint = new Checkpoint();
        fill(checkpoint);
        return Checkpoints.WriteAsync(worker, checkpoint, TestContext.Current.CancellationToken);
    }

    public Task<string> StatusOfAsync(ExecutionKey key) =>
        ScalarAsync<string>("select status from executions where tenant_id = $1 and id = $2", key.TenantId, key.Id);

    public async Task<Guid> IngestAsync(TestTenant tenant, NewEvent @event) =>
        (await Events.IngestAsync(tenant.Id, [@event], TestContext.Current.CancellationToken))[0].Id;
}

/// <summary>A tenant and its one workflow.</summary>
internal sealed record TestTenant(Guid Id, Guid WorkflowId)
{
    public NewExecution NewExecution(string input = "{}", IdempotencyClaim? idempotency = null) => new()
    {
        TenantId = Id,
        Id = Guid.CreateVersion7(),
        WorkflowId = WorkflowId,
        Version = 1,
        TriggerType = "manual",
        Input = Encoding.UTF8.GetBytes(input),
        Idempotency = idempotency,
    };

    public static NewEvent NewEvent(string type, string? correlation = null, string data = "{}", string? id = null) => new()
    {
        EventId = id ?? Guid.CreateVersion7().ToString(),
        Source = "/test",
        Type = type,
        CorrelationKey = correlation,
        Data = Encoding.UTF8.GetBytes(data),
        Extensions = "{}"u8.ToArray(),
    };
}

/// <summary>Rows of a checkpoint in few words.</summary>
internal static class Rows
{
    public static StepRow Step(this ClaimedExecution owned, string node, string output = "{}", int sequence = 1, int attempt = 1) => new()
    {
        Key = owned.Key,
        NodeId = node,
        Attempt = attempt,
        Sequence = sequence,
        NodeType = "noop",
        Status = "completed",
        Port = "main",
        Output = Encoding.UTF8.GetBytes(output),
        StartedAt = TimeProvider.System.GetUtcNow(),
        FinishedAt = TimeProvider.System.GetUtcNow(),
    };

    public static FinishedExecution Finished(this ClaimedExecution owned, string status = "completed") => new()
    {
        Key = owned.Key,
        Fence = owned.Fence,
        Status = status,
        Output = "{}"u8.ToArray(),
        FinishedAt = TimeProvider.System.GetUtcNow(),
        IsLimited = owned.IsLimited,
    };

    public static ParkedExecution Parked(this ClaimedExecution owned) => new(owned.Key, owned.Fence, owned.Wakes);

    public static WaitRow EventWait(this ClaimedExecution owned, string node, string type, string? correlation) => new()
    {
        Key = owned.Key,
        NodeId = node,
        Attempt = 1,
        Kind = "event",
        EventType = type,
        CorrelationKey = correlation,
        CreatedAt = TimeProvider.System.GetUtcNow(),
    };

    public static WaitRow TimerWait(this ClaimedExecution owned, string node, DateTimeOffset due) => new()
    {
        Key = owned.Key,
        NodeId = node,
        Attempt = 1,
        Kind = "timer",
        DueAt = due,
        CreatedAt = TimeProvider.System.GetUtcNow(),
    };

    public static TimerRow Timer(this ClaimedExecution owned, string node, DateTimeOffset due) => new(owned.Key, node, "", 1, "wait", due);

    public static WaitKey WaitKey(this ClaimedExecution owned, string node) => new(owned.Key, node, "", 1);
}

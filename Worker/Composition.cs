using Microsoft.Extensions.Diagnostics.HealthChecks;
using Workflows.Connectors;
using Workflows.Connectors.Network;
using Workflows.Data.Approvals;
using Workflows.Data.Budgets;
using Workflows.Data.Connectors;
using Workflows.Data.Context;
using Workflows.Data.Conversations;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Events;
using Workflows.Data.Executions;
using Workflows.Data.Identity;
using Workflows.Data.Jobs;
using Workflows.Data.Live;
using Workflows.Data.Notifications;
using Workflows.Data.Prompts;
using Workflows.Data.Rounds;
using Workflows.Data.Schedules;
using Workflows.Data.Secrets;
using Workflows.Data.Sessions;
using Workflows.Data.Workers;
using Workflows.Engine.Schedules;
using Workflows.Models;
using Workflows.Worker.Calls;
using Workflows.Worker.Checkpoints;
using Workflows.Worker.Intake;
using Workflows.Worker.Maintenance;
using Workflows.Worker.Nodes;
using Workflows.Worker.Ownership;
using Workflows.Worker.Prompts;
using Workflows.Worker.Rounds;

namespace Workflows.Worker;

/// <summary>What a worker consists of.</summary>
internal static class Composition
{
    /// <param name="builder">The host.</param>
    /// <param name="machine">The clock of the machine. It is asked for durations only: the time of day is the database's.</param>
    public static void AddWorker(this WebApplicationBuilder builder, TimeProvider machine)
    {
        var services = builder.Services;
        builder.AddRedisClient("redis");
        services.DegradeOnly("StackExchange.Redis"); // hints only: without them the worker sweeps
        services.AddWorkflowsDatabase(builder.Configuration, DatabaseRole.Worker);
        services.AddSingleton(builder.Configuration.GetSection("Worker").Get<WorkerOptions>() ?? new WorkerOptions());
        services.AddSingleton(new DatabaseClock(machine));
        services.AddSingleton<TimeProvider>(provider => provider.GetRequiredService<DatabaseClock>());
        services.AddDispatch(builder.Configuration);
        AddStores(services);
        services.AddSingleton<WorkerMetrics>();
        services.AddSingleton<LoopHealth>();
        services.AddSingleton<Patience>();
        services.AddSecrets(builder.Configuration);
        services.AddSingleton<Invalidation>();
        services.AddSingleton<ContextStore>();
        AddConnectors(services);
        services.AddSingleton<ConnectorAccess>();
        services.AddSingleton<FolderStorage>();
        AddRunners(builder);
        services.AddSingleton<NotificationStore>();
        services.AddSingleton<TellingRounds>();
        services.AddSingleton<ApprovalTasks>();
        services.AddSingleton<BudgetRounds>();
        services.AddSingleton<UsageStore>();
        services.AddSingleton<Loop>();
        services.AddSingleton<PublicAddress>();
        AddCore(services);
        AddRounds(services);
        services.AddHostedService<ChangeListener>();
        services.AddHostedService<MaintenanceService>();
        services.AddHostedService<BookkeepingService>();
        services.AddHostedService<ApprovalService>();
        services.AddHostedService<TellingService>();
        services.AddHostedService<UsageService>();
        services.AddSingleton<PromptWorkStore>();
        services.AddSingleton<PromptExaminer>();
        services.AddHostedService<PromptTestService>();
        services.AddHostedService<WorkerService>();
        services.AddHealthChecks().AddCheck<DatabaseHealth>("postgres")
            .AddCheck<WorkHealth>("work")
            .AddCheck("time-zones", () => HealthCheckResult.Healthy($"IANA database {TimeZones.Version}"));
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
    }

    // What is to run, its executions in memory, their checkpoints and their calls.
    private static void AddCore(IServiceCollection services)
    {
        services.AddSingleton<DecisionTurns>();
        services.AddSingleton<Fleet>();
        services.AddSingleton<DispatchAnnouncer>();
        services.AddSingleton<LivePublisher>();
        services.AddSingleton<LiveWatches>();
        services.AddSingleton<LiveHints>();
        services.AddSingleton<IndexHint>();
        services.AddSingleton<ICheckpointHints, CheckpointHints>();
        services.AddSingleton<Checkpointer>();
        services.AddSingleton<LookBack>();
        services.AddSingleton<NodeCalls>();
        services.AddSingleton<IExecutionEffects, ExecutionEffects>();
        services.AddSingleton<WorkflowCache>();
        services.AddSingleton<TestRuns>();
        services.AddSingleton<ScopeLoader>();
        services.AddSingleton<RunningLimits>();
        services.AddSingleton<Refusals>();
        services.AddSingleton<Beginnings>();
        services.AddSingleton<Claimer>();
    }

    private static void AddRounds(IServiceCollection services)
    {
        services.AddSingleton<CurrentSession>();
        services.AddSingleton<ScheduleService>();
        services.AddSingleton<SetAsideLog>();
        services.AddSingleton<EventRouting>();
        services.AddSingleton<OwnedLook>();
        services.AddSingleton<Heartbeat>();
        services.AddSingleton<IRounds, IntakeRounds>();
        services.AddSingleton<IRounds, DueRounds>();
        services.AddSingleton<IRounds, LookBackRounds>();
        services.AddSingleton<IRounds, WatchRounds>();
        services.AddSingleton<IRounds>(provider => provider.GetRequiredService<OwnedLook>());
        services.AddSingleton<IRounds>(provider => provider.GetRequiredService<Heartbeat>());
    }

    private static void AddStores(IServiceCollection services)
    {
        services.AddSingleton<ExecutionClaims>();
        services.AddSingleton<QueueSweeps>();
        services.AddSingleton<ExecutionHistory>();
        services.AddSingleton<ICheckpointSink, CheckpointWriter>();
        services.AddSingleton<DefinitionStore>();
        services.AddSingleton<TestStore>();
        services.AddSingleton<TimerStore>();
        services.AddSingleton<ScheduleFiring>();
        services.AddSingleton<JobRunStore>();
        services.AddSingleton<EventRouter>();
        services.AddSingleton<EventBacklog>();
        services.AddSingleton<WorkerRegistry>();
        services.AddSingleton<SlotStore>();
        services.AddSingleton<EnqueuedAdmission>();
        services.AddSingleton<PerformanceStore>();
        services.AddSingleton<TenantSettingsStore>();
        services.AddSingleton<Workflows.Data.Workers.Maintenance>();
    }

    public static void UseWorker(this WebApplication app)
    {
        // What is configured wrongly fails now rather than at the first use.
        app.Services.GetRequiredService<MasterKeys>();
        app.Services.GetRequiredService<ScriptCatalogue>();
        app.MapDefaultEndpoints();
    }

    private static void AddConnectors(IServiceCollection services)
    {
        services.AddSingleton<ConnectorStore>();
        services.AddSingleton<TenantAllowLists>();
        services.AddSingleton(provider =>
        {
            var known = provider.GetRequiredService<TenantAllowLists>();
            return new AllowLists(known.GetAsync, known.Forget);
        });
        services.AddSingleton(provider => new NetworkOptions(provider.GetRequiredService<WorkerOptions>().HttpAllow));
        services.AddConnectors(provider => new SqlConnectorOptions(
            provider.GetRequiredService<WorkerOptions>().AllowPlatformDatabase,
            token => PlatformServer.IdentifierAsync(provider.GetRequiredService<WorkflowsDatabase>(), token)));
    }

    private static void AddRunners(WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<HttpNodeRunner>();
        services.AddSingleton<INodeRunner>(provider => provider.GetRequiredService<HttpNodeRunner>());
        services.AddSingleton<NodeDefinitionStore>();
        services.AddSingleton<INodeRunner, CustomNodeRunner>();
        services.AddSingleton<SqlNodeRunner>();
        services.AddSingleton<INodeRunner>(provider => provider.GetRequiredService<SqlNodeRunner>());
        services.AddSingleton<INodeRunner, RolledBackSqlRunner>();
        services.AddSingleton<INodeRunner, LogNodeRunner>();
        services.AddSingleton<INodeRunner, EmailNodeRunner>();
        services.AddSingleton<INodeRunner, StoreNodeRunner>();
        services.AddSingleton<INodeRunner, FileNodeRunner>();
        services.AddSingleton<ScriptCatalogue>();
        services.AddSingleton<INodeRunner, ScriptNodeRunner>();
        services.AddSingleton<SessionStore>();
        foreach (var type in (string[])["sessionRead", "sessionWrite", "sessionEnd"])
        {
            services.AddSingleton<INodeRunner>(provider => new SessionNodeRunner(type, provider.GetRequiredService<SessionStore>()));
        }

        services.AddHttpClient("search", client => client.BaseAddress = new Uri("http://aisearch"));
        services.AddSingleton<INodeRunner>(provider => new SearchNodeRunner(
            provider.GetRequiredService<IHttpClientFactory>().CreateClient("search"), builder.Configuration, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<INodeRunner, NotifyNodeRunner>();
        services.AddModels();
        services.AddSingleton<ConversationStore>();
        services.AddSingleton<WorkflowMemory>();
        services.AddSingleton<INodeRunner, PromptNodeRunner>();
        services.AddSingleton<INodeRunner, ClassifyNodeRunner>();
        services.AddSingleton<INodeRunner, ExtractNodeRunner>();
        services.AddSingleton<INodeRunner, EmbedNodeRunner>();
    }
}

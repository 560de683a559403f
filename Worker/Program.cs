using Workflows.Data.Approvals;
using Workflows.Data.Connectors;
using Workflows.Data.Context;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Events;
using Workflows.Data.Executions;
using Workflows.Data.Identity;
using Workflows.Data.Network;
using Workflows.Data.Notifications;
using Workflows.Data.Secrets;
using Workflows.Data.Sessions;
using Workflows.Data.Workers;
using Workflows.Worker;
using Workflows.Worker.Dispatch;
using Workflows.Worker.Execution;
using Workflows.Worker.Maintenance;
using Workflows.Worker.Nodes;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.Services.AddWorkflowsDatabase(builder.Configuration, DatabaseRole.Worker);
builder.Services.AddSingleton(builder.Configuration.GetSection("Worker").Get<WorkerOptions>() ?? new WorkerOptions());
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddDispatch(builder.Configuration);
builder.Services.AddSingleton<ExecutionClaims>();
builder.Services.AddSingleton<ExecutionHistory>();
builder.Services.AddSingleton<CheckpointWriter>();
builder.Services.AddSingleton<DefinitionStore>();
builder.Services.AddSingleton<TimerStore>();
builder.Services.AddSingleton<EventRouter>();
builder.Services.AddSingleton<EventBacklog>();
builder.Services.AddSingleton<EventRouting>();
builder.Services.AddSingleton<WorkerRegistry>();
builder.Services.AddSingleton<ExecutionLogs>();
builder.Services.AddSingleton<SlotStore>();
builder.Services.AddSingleton<PerformanceStore>();
builder.Services.AddSingleton<TenantSettingsStore>();
builder.Services.AddSingleton<Workflows.Data.Workers.Maintenance>();
builder.Services.AddSingleton<WorkerMetrics>();
builder.Services.AddSingleton<WorkflowCache>();
builder.Services.AddSingleton<CheckpointerFactory>();
builder.Services.AddSingleton<LookBack>();
builder.Services.AddSingleton<NodeCalls>();
builder.Services.AddSecrets(builder.Configuration);
builder.Services.AddSingleton<Invalidation>();
builder.Services.AddSingleton<ContextStore>();
builder.Services.AddSingleton<ScopeLoader>();
builder.Services.AddSingleton(services => new NetworkOptions(services.GetRequiredService<WorkerOptions>().HttpAllow));
builder.Services.AddConnectors(services => services.GetRequiredService<WorkerOptions>().AllowPlatformDatabase);
builder.Services.AddSingleton<ConnectorAccess>();
builder.Services.AddSingleton<FolderStorage>();
builder.Services.AddSingleton<INodeRunner, HttpNodeRunner>();
builder.Services.AddSingleton<INodeRunner, SqlNodeRunner>();
builder.Services.AddSingleton<INodeRunner, EmailNodeRunner>();
builder.Services.AddSingleton<INodeRunner, StoreNodeRunner>();
builder.Services.AddSingleton<INodeRunner, FileNodeRunner>();
builder.Services.AddSingleton<SessionStore>();
foreach (var type in new[] { "sessionRead", "sessionWrite", "sessionEnd" })
{
    builder.Services.AddSingleton<INodeRunner>(services => new SessionNodeRunner(type, services.GetRequiredService<SessionStore>()));
}

builder.Services.AddHttpClient("search", client => client.BaseAddress = new Uri("http://aisearch"));
builder.Services.AddSingleton<INodeRunner>(services => new SearchNodeRunner(
    services.GetRequiredService<IHttpClientFactory>().CreateClient("search"), builder.Configuration, services.GetRequiredService<TimeProvider>()));
builder.Services.AddSingleton<INodeRunner, NotifyNodeRunner>();
builder.Services.AddSingleton<NotificationStore>();
builder.Services.AddSingleton<ApprovalTasks>();
builder.Services.AddSingleton<PublicAddress>();
builder.Services.AddSingleton<ExecutionRunner>();
builder.Services.AddSingleton<RunningLimits>();
builder.Services.AddSingleton<Intake>();
builder.Services.AddSingleton<Loop>();
builder.Services.AddHostedService<ChangeListener>();
builder.Services.AddHostedService<MaintenanceService>();
builder.Services.AddHostedService<BookkeepingService>();
builder.Services.AddHostedService<ApprovalService>();
builder.Services.AddHostedService<WorkerService>();
builder.Services.AddHealthChecks().AddCheck<DatabaseHealth>("postgres");
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));

var app = builder.Build();
app.Services.GetRequiredService<MasterKeys>(); // fails now rather than at the first secret
app.MapDefaultEndpoints();
await app.RunAsync();

using Workflows.AppHost;
using Workflows.AppHost.Commands;
using Workflows.AppHost.Local;
using Workflows.AppHost.Publishing;
using Workflows.AppHost.Servers;
using Workflows.AppHost.Services;

const int WorkerReplicas = 2;
// Not each part of an address by itself: a password would be in the environment several times.
const ReferenceEnvironmentInjectionFlags Injected =
    ReferenceEnvironmentInjectionFlags.ConnectionString | ReferenceEnvironmentInjectionFlags.ServiceDiscovery;

var options = PlatformOptions.Read(args);
var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
{
    Args = args,
    DisableDashboard = !options.HasDashboard,
});

// PostgreSQL is the ledger, Redis the hint.
var postgresPassword = builder.AddGeneratedSecret("postgres-password");
var redisPassword = builder.AddGeneratedSecret("redis-password");
IResourceBuilder<IResourceWithConnectionString> database, redis;
if (builder.RunsServersAsProcesses())
{
    database = builder.AddPostgresProcess("postgres", postgresPassword).AddDatabase("workflows");
    redis = builder.AddRedisProcess("redis", redisPassword);
}
else
{
    // The image before the volume: its tag decides where the data lie.
    database = builder.AddPostgres("postgres", password: postgresPassword)
        .WithImage("pgvector/pgvector", "0.8.2-pg17")
        .WithDataVolume("workflows-postgres")
        .WithPlatformSettings("workflows")
        .WithRepl()
        .AddDatabase("workflows");
    redis = builder.AddRedis("redis", port: null, redisPassword)
        .WithDataVolume("workflows-redis")
        .WithPersistence()
        .WithAppendOnlyFile()
        .WithRepl()
        .WithFlushCommand();
}

// Each service works under a role of its own and is told of no other. Only the migration, which creates those roles,
// gets what opens the whole database, and it ends before anybody is served (docs/process-rights.md).
var apiPassword = builder.AddGeneratedSecret("api-db-password");
var workerPassword = builder.AddGeneratedSecret("worker-db-password");
var searchPassword = builder.AddGeneratedSecret("search-db-password");
var migration = builder.AddMigration(
    database,
    ("Database__ApiPassword", apiPassword),
    ("Database__WorkerPassword", workerPassword),
    ("Database__SearchPassword", searchPassword));

// One secret for each purpose, held only by those who sign or check with it: the first by the API alone.
var encryptionKey = builder.AddGeneratedSecret("encryption-key", GeneratedSecrets.KeyLength);
var callbackKey = builder.AddGeneratedSecret("callback-key", GeneratedSecrets.KeyLength);
var searchKey = builder.AddGeneratedSecret("search-key", GeneratedSecrets.KeyLength);
// Wraps the keys under which tenants' secrets lie. A new one beside it, made current, is how it is rotated.
var secretsKey = builder.AddGeneratedSecret("secrets-master-key", GeneratedSecrets.KeyLength);
var ownerEmail = builder.AddParameter("owner-email");

var api = builder.AddProject<Projects.Api>("api")
    .WithReferenceEnvironment(Injected)
    .WithDatabaseLogin(database, "workflows_api", apiPassword)
    .WithReference(redis)
    .WithEnvironment("Security__EncryptionKey", encryptionKey)
    .WithEnvironment("Security__CallbackKey", callbackKey)
    .WithEnvironment("Security__SearchKey", searchKey)
    .WithEnvironment("Secrets__MasterKeys__k1", secretsKey)
    .WithEnvironment("Bootstrap__OwnerEmail", ownerEmail)
    .WithReplicas(options.ApiReplicas(builder.ExecutionContext))
    .WithExternalHttpEndpoints()
    .WithHttpHealthCheck("/health")
    .WithPageUrls()
    .WithSampleCommand()
    .WaitFor(database)
    .WaitFor(redis)
    .WaitForCompletion(migration);

var aiSearch = builder.AddProject<Projects.AiSearch>("aisearch")
    .WithReferenceEnvironment(Injected)
    .WithDatabaseLogin(database, "workflows_search", searchPassword)
    .WithReference(redis)
    .WithEnvironment("Security__SearchKey", searchKey)
    .WithHttpHealthCheck("/health")
    .WaitFor(database)
    .WaitFor(redis)
    .WaitFor(api);
api.WithReference(aiSearch);

var worker = builder.AddProject<Projects.Worker>("worker")
    .WithReferenceEnvironment(Injected)
    .WithDatabaseLogin(database, "workflows_worker", workerPassword)
    .WithReference(redis)
    .WithReference(aiSearch)
    .WithEnvironment("Security__CallbackKey", callbackKey)
    .WithEnvironment("Security__SearchKey", searchKey)
    .WithEnvironment("Secrets__MasterKeys__k1", secretsKey)
    .WithReplicas(WorkerReplicas)
    .WithHttpHealthCheck("/health")
    .WithDrainCommand()
    .WaitFor(database)
    .WaitFor(redis)
    .WaitFor(api);

// One-time addresses lead to the API. Behind a proxy or under a domain of one's own, callers use another address.
if (options.PublicUrl is { } publicUrl)
{
    worker.WithEnvironment("Api__PublicUrl", publicUrl);
}
else
{
    worker.WithEnvironment("Api__PublicUrl", api.GetEndpoint("http"));
}

if (options.ApiDrainSeconds(builder.ExecutionContext) is { } drainSeconds)
{
    api.WithEnvironment("Api__DrainSeconds", drainSeconds);
}

// Without this parameter the API makes up a password at its first start and shows it once.
if (builder.Configuration["Parameters:owner-password"] is not null)
{
    api.WithEnvironment("Bootstrap__OwnerPassword", builder.AddParameter("owner-password", secret: true));
}

// Without a mail server nothing is mailed (docs/accounts.md).
if (builder.Configuration["Parameters:mail-host"] is not null)
{
    api.WithMail(builder, options.PublicUrl);
}

if (builder.ExecutionContext.IsRunMode)
{
    builder.RunBuiltPrograms(options);
    builder.AddLocalRun(new(api, aiSearch, worker, database, redis, ownerEmail));
}
else
{
    builder.AddDeploymentPublishers();
}

builder.Build().Run();

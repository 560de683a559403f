using System.Globalization;
using Workflows.AppHost;
using Workflows.AppHost.Publishing;
using Workflows.AppHost.Servers;

const int WorkerReplicas = 2;
const int MaxApiReplicas = 16;
const int PasswordLength = 32;
const int EncryptionKeyLength = 48; // of 56 characters: 278 bits

// Tests and benchmarks run without the dashboard, several at a time: services then export no telemetry and have any ports.
var hasDashboard = Environment.GetEnvironmentVariable("WORKFLOWS_DASHBOARD") != "off";
var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, DisableDashboard = !hasDashboard });
var wishedReplicas = builder.Configuration["Api:Replicas"] ?? (builder.ExecutionContext.IsPublishMode ? "2" : "1");
if (!int.TryParse(wishedReplicas, NumberStyles.None, CultureInfo.InvariantCulture, out var apiReplicas) || apiReplicas is < 1 or > MaxApiReplicas)
{
    throw new DistributedApplicationException($"Api:Replicas is '{wishedReplicas}'; it can be 1 to {MaxApiReplicas}.");
}

// PostgreSQL is the ledger, Redis the hint: containers, or processes where there is no container engine. What is published are the containers.
var postgresPassword = AddGeneratedSecret("postgres-password", PasswordLength);
var redisPassword = AddGeneratedSecret("redis-password", PasswordLength);
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
        .AddDatabase("workflows");
    redis = builder.AddRedis("redis", port: null, redisPassword)
        .WithDataVolume("workflows-redis")
        .WithPersistence()
        .WithAppendOnlyFile();
}

// Each service gets the password of the role it works under. Migrations, which create those roles, run in the API.
var apiPassword = AddGeneratedSecret("api-db-password", PasswordLength);
var workerPassword = AddGeneratedSecret("worker-db-password", PasswordLength);
var searchPassword = AddGeneratedSecret("search-db-password", PasswordLength);
var encryptionKey = AddGeneratedSecret("encryption-key", EncryptionKeyLength);
// Wraps the keys under which tenants' secrets lie. A new one beside it, made current, is how it is rotated.
var secretsKey = AddGeneratedSecret("secrets-master-key", EncryptionKeyLength);
var ownerEmail = builder.AddParameter("owner-email");

var aiSearch = builder.AddProject<Projects.AiSearch>("aisearch")
    .WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString | ReferenceEnvironmentInjectionFlags.ServiceDiscovery)
    .WithReference(database)
    .WithReference(redis)
    .WithEnvironment("Database__SearchPassword", searchPassword)
    .WithEnvironment("Security__EncryptionKey", encryptionKey)
    .WithRunPort(replicas: 1, isKnown: hasDashboard)
    .RunBuilt(hasDashboard)
    .WithHttpHealthCheck("/health")
    .WaitFor(database)
    .WaitFor(redis);

var api = builder.AddProject<Projects.Api>("api")
    .WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString | ReferenceEnvironmentInjectionFlags.ServiceDiscovery)
    .WithReference(database)
    .WithReference(redis)
    .WithReference(aiSearch)
    .WithEnvironment("Database__ApiPassword", apiPassword)
    .WithEnvironment("Database__WorkerPassword", workerPassword)
    .WithEnvironment("Database__SearchPassword", searchPassword)
    .WithEnvironment("Security__EncryptionKey", encryptionKey)
    .WithEnvironment("Secrets__MasterKeys__k1", secretsKey)
    .WithEnvironment("Bootstrap__OwnerEmail", ownerEmail)
    .WithReplicas(apiReplicas)
    .WithRunPort(apiReplicas, isKnown: hasDashboard)
    .RunBuilt(hasDashboard)
    .WithHttpHealthCheck("/health")
    .WaitFor(database)
    .WaitFor(redis);
if (builder.Configuration["Api:DrainSeconds"] is { Length: > 0 } drainSeconds)
{
    api.WithEnvironment("Api__DrainSeconds", drainSeconds);
}
else if (builder.ExecutionContext.IsRunMode)
{
    // Nobody looks at the health here to spread the load, so that a stop need not wait for whoever does.
    api.WithEnvironment("Api__DrainSeconds", "0");
}

api.WithExternalHttpEndpoints();

var worker = builder.AddProject<Projects.Worker>("worker")
    .WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString | ReferenceEnvironmentInjectionFlags.ServiceDiscovery)
    .WithReference(database)
    .WithReference(redis)
    .WithReference(aiSearch)
    .WithEnvironment("Database__WorkerPassword", workerPassword)
    .WithEnvironment("Security__EncryptionKey", encryptionKey)
    .WithEnvironment("Secrets__MasterKeys__k1", secretsKey)
    .WithReplicas(WorkerReplicas)
    .WithRunPort(WorkerReplicas, isKnown: hasDashboard)
    .RunBuilt(hasDashboard)
    .WithHttpHealthCheck("/health")
    .WaitFor(database)
    .WaitFor(redis)
    .WaitFor(api);

// One-time addresses lead here. Behind a proxy or a domain of one's own, Api:PublicUrl says what callers from outside use.
if (builder.Configuration["Api:PublicUrl"] is { Length: > 0 } publicUrl)
{
    worker.WithEnvironment("Api__PublicUrl", publicUrl);
}
else
{
    worker.WithEnvironment("Api__PublicUrl", api.GetEndpoint("http"));
}

// The schema is there once the API is healthy.
aiSearch.WaitFor(api);

// Without this parameter the API makes up a password at its first start and shows it once.
if (builder.Configuration["Parameters:owner-password"] is not null)
{
    api.WithEnvironment("Bootstrap__OwnerPassword", builder.AddParameter("owner-password", secret: true));
}

if (builder.ExecutionContext.IsRunMode)
{
    builder.WriteRunFile(api, aiSearch, worker, database, redis, ownerEmail);
    builder.AddLocalRun(ServerProcesses.LocalFolder(builder));
}

builder.AddDeploymentPublishers();
builder.Build().Run();

IResourceBuilder<ParameterResource> AddGeneratedSecret(string name, int length)
{
    var generated = new GenerateParameterDefault { MinLength = length, Special = false };
    return builder.AddParameter(
        name,
        builder.ExecutionContext.IsPublishMode ? generated : new LocalParameterDefault(ServerProcesses.LocalFolder(builder), name, generated),
        secret: true);
}

using Microsoft.Extensions.DependencyInjection;
using Workflows.AppHost.Commands;
using Workflows.AppHost.Local;

namespace Workflows.AppHost.Servers;

/// <summary>
/// PostgreSQL and Redis without a container engine: programs that <c>eng/provision</c> puts into a folder at the
/// first start, run by Aspire like any executable. Only for run mode: what is published are the containers.
/// </summary>
internal static class ServerProcesses
{
    public const string EndpointName = "tcp";

    /// <summary>
    /// <c>Servers</c> says <c>processes</c> or <c>containers</c>; where it says nothing, containers are taken if an
    /// engine answers.
    /// </summary>
    public static bool RunsServersAsProcesses(this IDistributedApplicationBuilder builder) =>
        builder.ExecutionContext.IsRunMode && builder.Configuration["Servers"] switch
        {
            "processes" => true,
            "containers" => false,
            null or "" => !ContainerEngine.Answers(builder.Configuration),
            var other => throw new DistributedApplicationException(
                $"Servers is '{other}'; it can be processes or containers."),
        };

    public static IResourceBuilder<PostgresProcessResource> AddPostgresProcess(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource> password)
    {
        var server = new PostgresProcessResource(
            name, Script(builder, "postgres.sh"), builder.AppHostDirectory, password.Resource);
        var address = new KnownAddress();
        builder.Services.AddHealthChecks()
            .AddNpgSql(_ => $"{address};Database=postgres;Pooling=false", name: $"{name}_check");
        return builder.AddResource(server)
            .WithEndpoint(name: EndpointName, scheme: "tcp", isProxied: false)
            .WithEnvironment("POSTGRES_PASSWORD", password)
            .WithArgs(Programs(builder), DataFolder(builder, $"{name}-17"), server.TargetPort)
            .WithIconName("DatabaseMultiple")
            .WithHealthCheck($"{name}_check")
            .WithPsqlCommand(Programs(builder))
            .OnConnectionStringAvailable((_, _, cancellationToken) => address.LearnAsync(server, cancellationToken));
    }

    public static IResourceBuilder<PostgresProcessDatabaseResource> AddDatabase(
        this IResourceBuilder<PostgresProcessResource> server, string name, string? databaseName = null)
    {
        var database = new PostgresProcessDatabaseResource(name, databaseName ?? name, server.Resource);
        var address = new KnownAddress();
        server.ApplicationBuilder.Services.AddHealthChecks()
            .AddNpgSql(_ => $"{address};Pooling=false", name: $"{name}_check");

        // The orchestrator tells children of containers what becomes of their parent, but not those of executables.
        server.Resource.Databases.Add(database);
        server.WithEnvironment("POSTGRES_DB", database.DatabaseName);
        server.OnResourceReady(
            (_, ready, _) => PublishAsync(ready.Services, database, KnownResourceStates.Running));
        server.OnResourceStopped(
            (_, stopped, _) => PublishAsync(stopped.Services, database, KnownResourceStates.Exited));
        return server.ApplicationBuilder.AddResource(database)
            .WithIconName("Database")
            .WithHealthCheck($"{name}_check")
            .OnConnectionStringAvailable((_, _, cancellationToken) => address.LearnAsync(database, cancellationToken));
    }

    public static IResourceBuilder<RedisProcessResource> AddRedisProcess(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource> password)
    {
        var server = new RedisProcessResource(
            name, Script(builder, "redis.sh"), builder.AppHostDirectory, password.Resource);
        var address = new KnownAddress();
        builder.Services.AddHealthChecks().AddRedis(_ => address.ToString(), name: $"{name}_check");
        return builder.AddResource(server)
            .WithEndpoint(name: EndpointName, scheme: "tcp", isProxied: false)
            .WithEnvironment("REDIS_PASSWORD", password)
            .WithArgs(Programs(builder), DataFolder(builder, name), server.TargetPort)
            .WithIconName("Database")
            .WithHealthCheck($"{name}_check")
            .WithRedisCliCommand(Programs(builder))
            .WithFlushCommand()
            .OnConnectionStringAvailable((_, _, cancellationToken) => address.LearnAsync(server, cancellationToken));
    }

    // Named by whoever keeps the programs for several clones, else provisioned into this one's folder.
    private static string Programs(IDistributedApplicationBuilder builder) =>
        builder.Configuration["WORKFLOWS_SERVERS_BIN"] is { Length: > 0 } named
            ? named
            : DataFolder(builder, "servers/bin");

    private static string DataFolder(IDistributedApplicationBuilder builder, string name) =>
        Path.Combine(LocalFolder.Of(builder), name);

    private static string Script(IDistributedApplicationBuilder builder, string name) =>
        Path.GetFullPath(Path.Combine(builder.AppHostDirectory, "..", "eng", "provision", name));

    private static Task PublishAsync(IServiceProvider services, IResource resource, string state) =>
        services.GetRequiredService<ResourceNotificationService>()
            .PublishUpdateAsync(resource, snapshot => snapshot with { State = state });

    /// <summary>A connection string that health checks read later than they are registered.</summary>
    private sealed class KnownAddress
    {
        private string? _connectionString;

        public async Task LearnAsync(IResourceWithConnectionString resource, CancellationToken cancellationToken) =>
            _connectionString = await resource.ConnectionStringExpression.GetValueAsync(cancellationToken);

        public override string ToString() =>
            _connectionString ?? throw new InvalidOperationException("The address is not known yet.");
    }
}

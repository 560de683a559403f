using Microsoft.Extensions.DependencyInjection;

namespace Workflows.AppHost.Servers;

/// <summary>
/// PostgreSQL and Redis without a container engine: programs that eng/provision has put into a folder, run by Aspire like
/// any executable. Only for run mode: what is published are the containers.
/// </summary>
internal static class ServerProcesses
{
    public const string EndpointName = "tcp";

    /// <summary>
    /// <c>Servers</c> says <c>processes</c> or <c>containers</c>; where it says nothing, processes are taken if their programs are there.
    /// </summary>
    public static bool RunsServersAsProcesses(this IDistributedApplicationBuilder builder) =>
        builder.ExecutionContext.IsRunMode && builder.Configuration["Servers"] switch
        {
            "processes" => true,
            "containers" => false,
            null => File.Exists(Path.Combine(Programs(builder), "postgres")),
            var other => throw new DistributedApplicationException($"Servers is '{other}'; it can be processes or containers."),
        };

    public static IResourceBuilder<PostgresProcessResource> AddPostgresProcess(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource> password)
    {
        var programs = Programs(builder);
        var server = new PostgresProcessResource(name, Script(builder, "postgres.sh"), builder.AppHostDirectory, password.Resource);
        var data = Path.Combine(LocalFolder(builder), $"{name}-17");
        var healthCheck = $"{name}_check";
        string? connectionString = null;
        builder.Services.AddHealthChecks().AddNpgSql(
            _ => connectionString ?? throw new InvalidOperationException("The address is not known yet."), name: healthCheck);
        return builder.AddResource(server)
            .WithEndpoint(name: EndpointName, scheme: "tcp", isProxied: false)
            .WithEnvironment("POSTGRES_PASSWORD", password)
            .WithArgs(programs, data, server.PrimaryEndpoint.Property(EndpointProperty.TargetPort))
            .WithIconName("DatabaseMultiple")
            .WithHealthCheck(healthCheck)
            .OnConnectionStringAvailable(async (_, _, cancellationToken) =>
                connectionString = $"{await server.ConnectionStringExpression.GetValueAsync(cancellationToken)};Database=postgres;Pooling=false");
    }

    public static IResourceBuilder<PostgresProcessDatabaseResource> AddDatabase(
        this IResourceBuilder<PostgresProcessResource> server, string name, string? databaseName = null)
    {
        var database = new PostgresProcessDatabaseResource(name, databaseName ?? name, server.Resource);
        var healthCheck = $"{name}_check";
        string? connectionString = null;
        server.ApplicationBuilder.Services.AddHealthChecks().AddNpgSql(
            _ => connectionString ?? throw new InvalidOperationException("The address is not known yet."), name: healthCheck);

        // The orchestrator tells children of containers what becomes of their parent, but not those of executables.
        server.WithEnvironment("POSTGRES_DB", database.DatabaseName);
        server.OnResourceReady((_, ready, _) => PublishAsync(ready.Services, database, KnownResourceStates.Running));
        server.OnResourceStopped((_, stopped, _) => PublishAsync(stopped.Services, database, KnownResourceStates.Exited));
        return server.ApplicationBuilder.AddResource(database)
            .WithIconName("Database")
            .WithHealthCheck(healthCheck)
            .OnConnectionStringAvailable(async (_, _, cancellationToken) =>
                connectionString = $"{await database.ConnectionStringExpression.GetValueAsync(cancellationToken)};Pooling=false");
    }

    public static IResourceBuilder<RedisProcessResource> AddRedisProcess(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource> password)
    {
        var server = new RedisProcessResource(name, Script(builder, "redis.sh"), builder.AppHostDirectory, password.Resource);
        var healthCheck = $"{name}_check";
        string? connectionString = null;
        builder.Services.AddHealthChecks().AddRedis(
            _ => connectionString ?? throw new InvalidOperationException("The address is not known yet."), name: healthCheck);
        return builder.AddResource(server)
            .WithEndpoint(name: EndpointName, scheme: "tcp", isProxied: false)
            .WithEnvironment("REDIS_PASSWORD", password)
            .WithArgs(Programs(builder), Path.Combine(LocalFolder(builder), name), server.PrimaryEndpoint.Property(EndpointProperty.TargetPort))
            .WithIconName("Database")
            .WithHealthCheck(healthCheck)
            .OnConnectionStringAvailable(async (_, _, cancellationToken) =>
                connectionString = await server.ConnectionStringExpression.GetValueAsync(cancellationToken));
    }

    /// <summary>The git-ignored folder with data, logs and addresses.</summary>
    public static string LocalFolder(IDistributedApplicationBuilder builder) =>
        Path.GetFullPath(builder.Configuration["Embedded:LocalFolder"] ?? Path.Combine(builder.AppHostDirectory, "..", ".local"));

    private static string Programs(IDistributedApplicationBuilder builder) =>
        builder.Configuration["WORKFLOWS_SERVERS_BIN"] is { Length: > 0 } named ? named : Path.Combine(LocalFolder(builder), "servers", "bin");

    private static string Script(IDistributedApplicationBuilder builder, string name) =>
        Path.GetFullPath(Path.Combine(builder.AppHostDirectory, "..", "eng", "provision", name));

    private static Task PublishAsync(IServiceProvider services, IResource resource, string state) =>
        services.GetRequiredService<ResourceNotificationService>().PublishUpdateAsync(resource, snapshot => snapshot with { State = state });
}

using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Aspire.Hosting;

public static class PostgresBuilderExtensions
{
    private const int ContainerPort = 5432;
    private const int FirstMajorWithParentVolume = 18;

    public static IResourceBuilder<PostgresServerResource> AddPostgres(
        this IDistributedApplicationBuilder builder,
        string name,
        IResourceBuilder<ParameterResource>? userName = null,
        IResourceBuilder<ParameterResource>? password = null,
        int? port = null)
    {
        var passwordParameter = password?.Resource
            ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password");
        var server = new PostgresServerResource(name, userName?.Resource, passwordParameter);
        var healthCheck = $"{name}_check";
        AddHealthCheck(builder, healthCheck, server, "Database=postgres");
        return builder.AddResource(server)
            .WithEndpoint(port: port, targetPort: ContainerPort, name: PostgresServerResource.PrimaryEndpointName)
            .WithAnnotation(new ContainerImageAnnotation { Registry = "docker.io", Image = "library/postgres", Tag = "18.3" })
            .WithAnnotation(new EmbeddedServerAnnotation((context, cancellationToken) =>
                EmbeddedPostgres.PrepareAsync(server, context, cancellationToken)))
            .WithHealthCheck(healthCheck)
            .OnResourceReady((_, _, cancellationToken) => CreateDatabasesAsync(server, cancellationToken));
    }

    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(
        this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null)
    {
        var database = new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource);
        builder.Resource.AddDatabase(name, database.DatabaseName);
        var healthCheck = $"{name}_check";
        AddHealthCheck(builder.ApplicationBuilder, healthCheck, database, string.Empty);
        return builder.ApplicationBuilder.AddResource(database).WithHealthCheck(healthCheck);
    }

    public static IResourceBuilder<PostgresServerResource> WithDataVolume(
        this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false)
    {
        // Images from 18 on keep their data one folder higher; the tag of this moment decides, as in the original.
        var tag = builder.Resource.TryGetLastAnnotation<ContainerImageAnnotation>(out var image) ? image.Tag : null;
        var target = int.TryParse(tag?.Split('-')[0].Split('.')[0], CultureInfo.InvariantCulture, out var major)
            && major >= FirstMajorWithParentVolume ? "/var/lib/postgresql" : "/var/lib/postgresql/data";
        return builder.WithVolume(name ?? $"{builder.Resource.Name}-data", target, isReadOnly);
    }

    public static IResourceBuilder<PostgresServerResource> WithPassword(
        this IResourceBuilder<PostgresServerResource> builder, IResourceBuilder<ParameterResource> password)
    {
        builder.Resource.PasswordParameter = password.Resource;
        return builder;
    }

    public static IResourceBuilder<PostgresServerResource> WithUserName(
        this IResourceBuilder<PostgresServerResource> builder, IResourceBuilder<ParameterResource> userName)
    {
        builder.Resource.UserNameParameter = userName.Resource;
        return builder;
    }

    public static IResourceBuilder<PostgresServerResource> WithHostPort(
        this IResourceBuilder<PostgresServerResource> builder, int? port) =>
        builder.WithEndpoint(PostgresServerResource.PrimaryEndpointName, endpoint => endpoint.Port = port);

    private static void AddHealthCheck(
        IDistributedApplicationBuilder builder, string key, IResourceWithConnectionString resource, string suffix) =>
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            key, _ => new PostgresHealthCheck(resource, suffix), failureStatus: null, tags: null));

    /// <summary>As in the original, a database that exists stays as it is.</summary>
    private static async Task CreateDatabasesAsync(PostgresServerResource server, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(
            await PostgresHealthCheck.ConnectionStringAsync(server, "Database=postgres", cancellationToken));
        await connection.OpenAsync(cancellationToken);
        foreach (var databaseName in server.Databases.Values)
        {
            await using var exists = new NpgsqlCommand("select 1 from pg_database where datname = $1", connection);
            exists.Parameters.Add(new() { Value = databaseName });
            if (await exists.ExecuteScalarAsync(cancellationToken) is not null)
            {
                continue; // kept from an earlier run
            }

            await using var create = connection.CreateCommand();
#pragma warning disable CA2100 // a name cannot be a parameter; it is quoted
            create.CommandText = $"create database \"{databaseName.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
#pragma warning restore CA2100
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}

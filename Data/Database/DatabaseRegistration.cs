using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Workflows.Data.Database;

public static class DatabaseRegistration
{
    /// <summary>Name of the connection string that the AppHost hands to every service.</summary>
    public const string ConnectionName = "workflows";

    /// <summary>
    /// Registers <see cref="DatabaseOptions"/>, <see cref="WorkflowsDatabase"/> with the rights of a role and the
    /// <see cref="SchemaGate"/> of that database.
    /// </summary>
    /// <param name="services">Where to.</param>
    /// <param name="configuration">Holds the connection string: the role's own, or the
    /// owner's and beside it the password of the role.</param>
    /// <param name="role">Whose rights the process works with.</param>
    /// <param name="types">Adds types that the database has beyond PostgreSQL's own; null when the process uses
    /// none.</param>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static IServiceCollection AddWorkflowsDatabase(
        this IServiceCollection services, IConfiguration configuration, DatabaseRole role,
        Action<NpgsqlDataSourceBuilder>? types = null)
    {
        var options = ReadOptions(configuration);
        services.AddSingleton(options);
        services.AddSingleton(_ => new WorkflowsDatabase(options, role, types));
        services.AddSingleton<SchemaGate>();
        return services;
    }

    /// <summary>Where the database is, and the passwords of its roles.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static DatabaseOptions ReadOptions(IConfiguration configuration) => new()
    {
        ConnectionString = configuration.GetConnectionString(ConnectionName)
            ?? throw new InvalidOperationException($"ConnectionStrings:{ConnectionName} is not configured."),
        ApiPassword = configuration["Database:ApiPassword"],
        WorkerPassword = configuration["Database:WorkerPassword"],
        SearchPassword = configuration["Database:SearchPassword"],
    };
}

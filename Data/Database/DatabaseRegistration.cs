using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Workflows.Data.Database;

public static class DatabaseRegistration
{
    /// <summary>Name of the connection string that the AppHost hands to every service.</summary>
    public const string ConnectionName = "workflows";

    /// <summary>Registers <see cref="DatabaseOptions"/>, <see cref="WorkflowsDatabase"/> with the rights of <paramref name="role"/>, and the clock.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static IServiceCollection AddWorkflowsDatabase(this IServiceCollection services, IConfiguration configuration, DatabaseRole role)
    {
        var options = new DatabaseOptions
        {
            ConnectionString = configuration.GetConnectionString(ConnectionName)
                ?? throw new InvalidOperationException($"ConnectionStrings:{ConnectionName} is not configured."),
            ApiPassword = configuration["Database:ApiPassword"],
            WorkerPassword = configuration["Database:WorkerPassword"],
            SearchPassword = configuration["Database:SearchPassword"],
        };
        services.AddSingleton(options);
        services.AddSingleton(_ => new WorkflowsDatabase(options, role));
        return services;
    }
}

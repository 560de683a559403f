using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Workflows.Data.Dispatch;

public static class DispatchRegistration
{
    /// <summary>Name of the Redis connection string that the AppHost hands to every service.</summary>
    public const string ConnectionName = "redis";

    /// <summary>Registers streams, replies and signals over the connection multiplexer of the host.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static IServiceCollection AddDispatch(this IServiceCollection services, IConfiguration configuration)
    {
        var connectionString = configuration.GetConnectionString(ConnectionName)
            ?? throw new InvalidOperationException($"ConnectionStrings:{ConnectionName} is not configured.");
        services.AddSingleton<DispatchStreams>();
        services.AddSingleton<ReplyListener>();
        services.AddSingleton<ReplyPublisher>();
        services.AddSingleton<WorkerSignals>();
        services.AddSingleton(provider => new DispatchReader(connectionString, provider.GetRequiredService<DispatchStreams>()));
        return services;
    }
}

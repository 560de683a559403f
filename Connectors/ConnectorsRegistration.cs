using Microsoft.Extensions.DependencyInjection;
using Workflows.Connectors.Network;

namespace Workflows.Connectors;

public static class ConnectorsRegistration
{
    /// <summary>
    /// Registers connectors and what they call through. Needs <see cref="NetworkOptions"/> and
    /// <see cref="AllowLists"/>.
    /// </summary>
    /// <param name="allowPlatformDatabase">Whether connectors of databases may reach the platform's own.</param>
    public static IServiceCollection AddConnectors(
        this IServiceCollection services, Func<IServiceProvider, bool> allowPlatformDatabase)
    {
        services.AddSingleton<GuardedNetwork>();
        services.AddSingleton<HttpClients>();
        services.AddSingleton<HttpConnector>();
        services.AddSingleton(provider => new SqlConnectorOptions(allowPlatformDatabase(provider)));
        services.AddSingleton<SqlConnector>();
        services.AddSingleton<SmtpConnector>();
        services.AddSingleton<S3Connector>();
        services.AddSingleton<ConnectorTester>();
        return services;
    }
}

using Microsoft.Extensions.DependencyInjection;
using Workflows.Connectors.Network;

namespace Workflows.Connectors;

public static class ConnectorsRegistration
{
    /// <summary>
    /// Registers connectors and what they call through. Needs <see cref="NetworkOptions"/> and
    /// <see cref="AllowLists"/>.
    /// </summary>
    /// <param name="sql">What the operator allows to connectors of databases.</param>
    public static IServiceCollection AddConnectors(
        this IServiceCollection services, Func<IServiceProvider, SqlConnectorOptions> sql)
    {
        services.AddSingleton<GuardedNetwork>();
        services.AddSingleton<HttpClients>();
        services.AddSingleton<HttpConnector>();
        services.AddSingleton(sql);
        services.AddSingleton<SqlConnector>();
        services.AddSingleton<SmtpConnector>();
        services.AddSingleton<S3Connector>();
        services.AddSingleton<ConnectorTester>();
        return services;
    }
}

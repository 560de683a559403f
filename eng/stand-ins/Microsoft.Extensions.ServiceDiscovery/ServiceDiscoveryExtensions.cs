using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.ServiceDiscovery;

namespace Microsoft.Extensions.DependencyInjection;

public static class ServiceDiscoveryServiceCollectionExtensions
{
    /// <summary>Finds services in the configuration, and leaves names that are not there to DNS.</summary>
    public static IServiceCollection AddServiceDiscovery(this IServiceCollection services) =>
        services.AddServiceDiscoveryCore().AddConfigurationServiceEndpointProvider().AddPassThroughServiceEndpointProvider();

    public static IServiceCollection AddServiceDiscovery(this IServiceCollection services, Action<ServiceDiscoveryOptions> configureOptions) =>
        services.Configure(configureOptions).AddServiceDiscovery();

    /// <summary>Adds what HTTP clients need, without any provider.</summary>
    public static IServiceCollection AddServiceDiscoveryCore(this IServiceCollection services)
    {
        services.AddOptions();
        services.TryAddTransient<ResolvingHttpDelegatingHandler>();
        return services;
    }

    public static IServiceCollection AddServiceDiscoveryCore(
        this IServiceCollection services, Action<ServiceDiscoveryOptions> configureOptions) =>
        services.Configure(configureOptions).AddServiceDiscoveryCore();

    public static IServiceCollection AddConfigurationServiceEndpointProvider(this IServiceCollection services)
    {
        services.AddServiceDiscoveryCore();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IEndpointProvider, ConfigurationEndpointProvider>());
        return services;
    }

    public static IServiceCollection AddConfigurationServiceEndpointProvider(
        this IServiceCollection services, Action<ConfigurationServiceEndpointProviderOptions> configureOptions) =>
        services.Configure(configureOptions).AddConfigurationServiceEndpointProvider();

    public static IServiceCollection AddPassThroughServiceEndpointProvider(this IServiceCollection services)
    {
        services.AddServiceDiscoveryCore();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IEndpointProvider, PassThroughEndpointProvider>());
        return services;
    }
}

public static class ServiceDiscoveryHttpClientBuilderExtensions
{
    /// <summary>Lets the client name a service where a host would stand: <c>https+http://service/path</c>.</summary>
    public static IHttpClientBuilder AddServiceDiscovery(this IHttpClientBuilder httpClientBuilder)
    {
        ArgumentNullException.ThrowIfNull(httpClientBuilder);
        httpClientBuilder.Services.AddServiceDiscoveryCore();
        return httpClientBuilder.AddHttpMessageHandler<ResolvingHttpDelegatingHandler>();
    }
}

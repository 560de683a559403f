using Aspire.StackExchange.Redis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Microsoft.Extensions.Hosting;

/// <summary>
/// Registers <see cref="IConnectionMultiplexer"/> as a singleton that connects when first asked for and, unless the
/// connection string says otherwise, goes on trying while Redis is not there. Settings come from
/// <c>Aspire:StackExchange:Redis</c>, then from the section of the connection's name below it, then from
/// <c>ConnectionStrings</c>, then from the caller.
/// </summary>
public static class AspireRedisExtensions
{
    private const string SectionName = "Aspire:StackExchange:Redis";
    private const string HealthCheckName = "StackExchange.Redis";
    private const string LoggerCategory = "StackExchange.Redis";

    public static void AddRedisClient(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        AddRedisClientBuilder(builder, connectionName, configureSettings, configureOptions);

    public static void AddKeyedRedisClient(
        this IHostApplicationBuilder builder,
        string name,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        AddKeyedRedisClientBuilder(builder, name, configureSettings, configureOptions);

    public static AspireRedisClientBuilder AddRedisClientBuilder(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        Add(builder, connectionName, null, configureSettings, configureOptions);

    public static AspireRedisClientBuilder AddKeyedRedisClientBuilder(
        this IHostApplicationBuilder builder,
        string name,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        Add(builder, name, name, configureSettings, configureOptions);

    private static AspireRedisClientBuilder Add(
        IHostApplicationBuilder builder,
        string connectionName,
        string? serviceKey,
        Action<StackExchangeRedisSettings>? configureSettings,
        Action<ConfigurationOptions>? configureOptions)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        var general = builder.Configuration.GetSection(SectionName);
        var named = general.GetSection(connectionName);
        var settings = new StackExchangeRedisSettings();
        general.Bind(settings);
        named.Bind(settings);
        if (builder.Configuration.GetConnectionString(connectionName) is { } connectionString)
        {
            settings.ConnectionString = connectionString;
        }

        configureSettings?.Invoke(settings);
        var services = builder.Services;
        if (serviceKey is null)
        {
            services.AddSingleton(Connect);
        }
        else
        {
            services.AddKeyedSingleton(serviceKey, (provider, _) => Connect(provider));
        }

        if (!settings.DisableHealthChecks)
        {
            services.AddHealthChecks().Add(new HealthCheckRegistration(
                serviceKey is null ? HealthCheckName : $"{HealthCheckName}_{connectionName}",
                provider => new RedisHealthCheck(() => Resolve(provider, serviceKey)),
                failureStatus: null,
                tags: null));
        }

        if (!settings.DisableAutoActivation)
        {
            services.AddSingleton<IHostedService>(provider => new RedisActivation(() => Resolve(provider, serviceKey)));
        }

        return new AspireRedisClientBuilder(builder, settings, serviceKey);

        IConnectionMultiplexer Connect(IServiceProvider provider)
        {
            var options = CreateOptions(settings, connectionName, [general, named], configureOptions);
            var multiplexer = ConnectionMultiplexer.Connect(options);
            if (provider.GetService<ILoggerFactory>() is { } loggers)
            {
                ConnectionLog.Attach(multiplexer, loggers.CreateLogger(LoggerCategory));
            }

            return multiplexer;
        }
    }

    private static ConfigurationOptions CreateOptions(
        StackExchangeRedisSettings settings, string connectionName, IConfigurationSection[] sections, Action<ConfigurationOptions>? configure)
    {
        var text = settings.ConnectionString ?? string.Empty;
        var options = ConfigurationOptions.Parse(text);
        if (!text.Contains("abortConnect", StringComparison.OrdinalIgnoreCase))
        {
            options.AbortOnConnectFail = false;
        }

        foreach (var section in sections)
        {
            section.GetSection(nameof(ConfigurationOptions)).Bind(options);
        }

        configure?.Invoke(options);
        return options.EndPoints.Count > 0 ? options : throw new InvalidOperationException(
            $"No endpoints specified. Ensure a valid connection string was provided in 'ConnectionStrings:{connectionName}' "
            + $"or for the '{SectionName}:ConfigurationOptions:EndPoints' configuration section.");
    }

    private static IConnectionMultiplexer Resolve(IServiceProvider provider, string? serviceKey) => serviceKey is null
        ? provider.GetRequiredService<IConnectionMultiplexer>()
        : provider.GetRequiredKeyedService<IConnectionMultiplexer>(serviceKey);
}

using Aspire.Npgsql.EntityFrameworkCore.PostgreSQL;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql.EntityFrameworkCore.PostgreSQL;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure.Internal;

namespace Microsoft.Extensions.Hosting;

public static class AspireEFPostgreSqlExtensions
{
    /// <summary>
    /// Registers a pooled context on the named connection string, with retries, a health check of the context's name, traces and
    /// metrics. A missing connection string is an error only when the context is first used.
    /// </summary>
    public static void AddNpgsqlDbContext<TContext>(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<NpgsqlEntityFrameworkCorePostgreSQLSettings>? configureSettings = null,
        Action<DbContextOptionsBuilder>? configureDbContextOptions = null)
        where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        if (builder.Environment.IsDevelopment() && IsRegistered<TContext>(builder.Services))
        {
            throw new InvalidOperationException(
                $"DbContext<{typeof(TContext).Name}> is already registered. Use {nameof(EnrichNpgsqlDbContext)} to configure one that is.");
        }

        var settings = SettingsReader.Read<TContext>(builder, connectionName, configureSettings);
        builder.Services.AddDbContextPool<TContext>(options =>
        {
            if (string.IsNullOrEmpty(settings.ConnectionString) && !EF.IsDesignTime)
            {
                throw new InvalidOperationException(
                    $"ConnectionString is missing. It should be provided in 'ConnectionStrings:{connectionName}' or under the 'ConnectionString' key in "
                    + $"'{SettingsReader.SectionName}' or '{SettingsReader.SectionName}:{typeof(TContext).Name}' configuration section.");
            }

            options.UseNpgsql(settings.ConnectionString, npgsql =>
            {
                if (!settings.DisableRetry)
                {
                    npgsql.EnableRetryOnFailure();
                }

                if (settings.CommandTimeout is { } seconds)
                {
                    npgsql.CommandTimeout(seconds);
                }
            });
            configureDbContextOptions?.Invoke(options);
        });
        Instrumentation.Add<TContext>(builder.Services, settings);
    }

    /// <summary>Adds retries, time-out, health check, traces and metrics to a context that the application registered itself.</summary>
    public static void EnrichNpgsqlDbContext<TContext>(
        this IHostApplicationBuilder builder, Action<NpgsqlEntityFrameworkCorePostgreSQLSettings>? configureSettings = null)
        where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (!IsRegistered<TContext>(builder.Services))
        {
            throw new InvalidOperationException($"DbContext<{typeof(TContext).Name}> was not registered.");
        }

        var settings = SettingsReader.Read<TContext>(builder, connectionName: null, configureSettings);
        builder.Services.ConfigureDbContext<TContext>(options => Enrich<TContext>(options, settings));
        Instrumentation.Add<TContext>(builder.Services, settings);
    }

    private static void Enrich<TContext>(DbContextOptionsBuilder options, NpgsqlEntityFrameworkCorePostgreSQLSettings settings)
        where TContext : DbContext
    {
        var context = typeof(TContext).Name;
        var extension = options.Options.FindExtension<NpgsqlOptionsExtension>()
            ?? throw new InvalidOperationException($"DbContext<{context}> was not configured with UseNpgsql.");
        if (settings.CommandTimeout is { } seconds)
        {
            if (extension.CommandTimeout is { } set && set != seconds)
            {
                throw new InvalidOperationException(
                    $"Conflicting values for 'CommandTimeout' were found in the settings ({seconds}) and in DbContextOptions<{context}> ({set}).");
            }

            options.UseNpgsql(npgsql => npgsql.CommandTimeout(seconds));
        }

        if (settings.DisableRetry)
        {
            return;
        }

        if (extension.ExecutionStrategyFactory is null)
        {
            options.UseNpgsql(npgsql => npgsql.EnableRetryOnFailure());
        }
        else if (extension.ExecutionStrategyFactory(new ExecutionStrategyDependencies(null!, options.Options, null!)) is not NpgsqlRetryingExecutionStrategy)
        {
            throw new InvalidOperationException(
                $"DbContext<{context}> has a custom execution strategy. Derive it from {nameof(NpgsqlRetryingExecutionStrategy)}, or set {nameof(settings.DisableRetry)}.");
        }
    }

    private static bool IsRegistered<TContext>(IServiceCollection services)
        where TContext : DbContext =>
        services.Any(service => service.ServiceType == typeof(TContext));
}

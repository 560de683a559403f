using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Npgsql.EntityFrameworkCore.PostgreSQL;

/// <summary>
/// Later ones win: the component's section, its subsection of the connection's name, that of the context's name, the
/// connection string of that name, the callback.
/// </summary>
internal static class SettingsReader
{
    public const string SectionName = "Aspire:Npgsql:EntityFrameworkCore:PostgreSQL";

    public static NpgsqlEntityFrameworkCorePostgreSQLSettings Read<TContext>(
        IHostApplicationBuilder builder, string? connectionName, Action<NpgsqlEntityFrameworkCorePostgreSQLSettings>? configure)
        where TContext : DbContext
    {
        var settings = new NpgsqlEntityFrameworkCorePostgreSQLSettings();
        var section = builder.Configuration.GetSection(SectionName);
        section.Bind(settings);
        if (connectionName is not null)
        {
            section.GetSection(connectionName).Bind(settings);
        }

        section.GetSection(typeof(TContext).Name).Bind(settings);
        if (connectionName is not null && builder.Configuration.GetConnectionString(connectionName) is { } connectionString)
        {
            settings.ConnectionString = connectionString;
        }

        configure?.Invoke(settings);
        return settings;
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Workflows.Testing;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Aspire.Npgsql.EntityFrameworkCore.PostgreSQL.Tests;

public sealed class OrderContext(DbContextOptions<OrderContext> options) : DbContext(options);

internal static class Builders
{
    public const string Section = "Aspire:Npgsql:EntityFrameworkCore:PostgreSQL";

    public static HostApplicationBuilder Create(params (string Key, string? Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = Environments.Production });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value)));
        return builder;
    }
}

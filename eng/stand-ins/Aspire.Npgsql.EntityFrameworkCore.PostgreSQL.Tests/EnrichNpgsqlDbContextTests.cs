using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql.EntityFrameworkCore.PostgreSQL;

namespace Aspire.Npgsql.EntityFrameworkCore.PostgreSQL.Tests;

public sealed class EnrichNpgsqlDbContextTests
{
    [Fact]
    public void A_context_that_is_not_registered_cannot_be_enriched() =>
        Assert.Throws<InvalidOperationException>(() => Builders.Create().EnrichNpgsqlDbContext<OrderContext>());

    [Fact]
    public void Retries_and_time_out_are_added_to_what_the_application_set()
    {
        var database = Enriched(options => options.UseNpgsql("Host=own"), settings => settings.CommandTimeout = 5);

        Assert.Equal("Host=own", database.GetConnectionString());
        Assert.IsType<NpgsqlRetryingExecutionStrategy>(database.CreateExecutionStrategy());
        Assert.Equal(5, database.GetCommandTimeout());
    }

    [Fact]
    public void A_retrying_strategy_of_ones_own_is_kept() =>
        Assert.IsType<PatientStrategy>(Enriched(Patient).CreateExecutionStrategy());

    [Fact]
    public void Another_strategy_is_refused_unless_retries_are_disabled()
    {
        Assert.Throws<InvalidOperationException>(() => Enriched(Once));
        Assert.False(Enriched(Once, settings => settings.DisableRetry = true).CreateExecutionStrategy().RetriesOnFailure);
    }

    [Fact]
    public void Two_different_time_outs_are_refused()
    {
        static void Five(DbContextOptionsBuilder options) => options.UseNpgsql("Host=own", npgsql => npgsql.CommandTimeout(5));

        Assert.Throws<InvalidOperationException>(() => Enriched(Five, settings => settings.CommandTimeout = 6));
        Assert.Equal(5, Enriched(Five, settings => settings.CommandTimeout = 5).GetCommandTimeout());
    }

    private static Microsoft.EntityFrameworkCore.Infrastructure.DatabaseFacade Enriched(
        Action<DbContextOptionsBuilder> register, Action<NpgsqlEntityFrameworkCorePostgreSQLSettings>? configure = null)
    {
        var builder = Builders.Create();
        builder.Services.AddDbContextPool<OrderContext>(register);
        builder.EnrichNpgsqlDbContext<OrderContext>(configure);
        return builder.Build().Services.CreateScope().ServiceProvider.GetRequiredService<OrderContext>().Database;
    }

    private static void Patient(DbContextOptionsBuilder options) =>
        options.UseNpgsql("Host=own", npgsql => npgsql.ExecutionStrategy(dependencies => new PatientStrategy(dependencies)));

    private static void Once(DbContextOptionsBuilder options) =>
        options.UseNpgsql("Host=own", npgsql => npgsql.ExecutionStrategy(dependencies => new NonRetryingExecutionStrategy(dependencies)));

    private sealed class PatientStrategy(ExecutionStrategyDependencies dependencies) : NpgsqlRetryingExecutionStrategy(dependencies, 20);
}

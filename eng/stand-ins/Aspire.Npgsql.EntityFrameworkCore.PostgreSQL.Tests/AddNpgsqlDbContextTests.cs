using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL;
using Workflows.Testing;

namespace Aspire.Npgsql.EntityFrameworkCore.PostgreSQL.Tests;

public sealed class AddNpgsqlDbContextTests(PostgresServer server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_named_connection_string_leads_to_the_database()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var host = Build(("ConnectionStrings:orders", database.ConnectionString));
        await using var scope = host.Services.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<OrderContext>();

        Assert.Equal(database.Name, await context.Database.SqlQuery<string>($"select current_database()::text as \"Value\"").SingleAsync(Cancel));
    }

    [Fact]
    public void Later_settings_win_over_earlier_ones()
    {
        (string, string?)[] settings =
        [
            ($"{Builders.Section}:ConnectionString", "Host=section"),
            ($"{Builders.Section}:CommandTimeout", "1"),
            ($"{Builders.Section}:DisableRetry", "true"),
        ];
        Assert.Equal(("section", 1, false), Observed(settings));

        settings = [.. settings, ($"{Builders.Section}:orders:ConnectionString", "Host=connection"), ($"{Builders.Section}:orders:CommandTimeout", "2")];
        Assert.Equal(("connection", 2, false), Observed(settings));

        settings = [.. settings, ($"{Builders.Section}:OrderContext:ConnectionString", "Host=context"), ($"{Builders.Section}:OrderContext:DisableRetry", "false")];
        Assert.Equal(("context", 2, true), Observed(settings));

        settings = [.. settings, ("ConnectionStrings:orders", "Host=named")];
        Assert.Equal(("named", 2, true), Observed(settings));

        Assert.Equal(("callback", 9, true), Observed(settings, own =>
        {
            own.ConnectionString = "Host=callback";
            own.CommandTimeout = 9;
        }));
    }

    [Fact]
    public void Retries_are_those_of_EF_by_default_and_can_be_switched_off()
    {
        using var host = Build(("ConnectionStrings:orders", "Host=any"));
        using var scope = host.Services.CreateScope();

        var strategy = scope.ServiceProvider.GetRequiredService<OrderContext>().Database.CreateExecutionStrategy();

        Assert.IsType<NpgsqlRetryingExecutionStrategy>(strategy);
        Assert.Equal(("any", (int?)null, false), Observed([("ConnectionStrings:orders", "Host=any")], own => own.DisableRetry = true));
    }

    [Fact]
    public async Task A_manual_transaction_needs_the_execution_strategy()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var host = Build(("ConnectionStrings:orders", database.ConnectionString));
        await using var scope = host.Services.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<OrderContext>();

        await context.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            await using var transaction = await context.Database.BeginTransactionAsync(Cancel);
            await context.Database.ExecuteSqlAsync($"create table inside (id int)", Cancel);
            await transaction.CommitAsync(Cancel);
        });

        await using (await context.Database.BeginTransactionAsync(Cancel))
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => context.Database.SqlQuery<int>($"select 1 as \"Value\"").ToListAsync(Cancel));
        }
    }

    [Fact]
    public void Contexts_are_pooled()
    {
        using var host = Build(("ConnectionStrings:orders", "Host=any"));

        OrderContext Take()
        {
            using var scope = host.Services.CreateScope();
            return scope.ServiceProvider.GetRequiredService<OrderContext>();
        }

        Assert.Same(Take(), Take());
    }

    [Fact]
    public void Options_of_ones_own_keep_connection_string_retry_and_time_out()
    {
        var builder = Builders.Create(("ConnectionStrings:orders", "Host=any"), ($"{Builders.Section}:CommandTimeout", "3"));
        builder.AddNpgsqlDbContext<OrderContext>("orders", configureDbContextOptions: options =>
            options.UseNpgsql(npgsql => npgsql.MaxBatchSize(7)));
        using var host = builder.Build();

        Assert.Equal(("any", 3, true), Observed(host));
    }

    [Fact]
    public void A_missing_connection_string_is_an_error_when_the_context_is_first_used()
    {
        using var host = Build();
        using var scope = host.Services.CreateScope();

        var error = Assert.Throws<InvalidOperationException>(scope.ServiceProvider.GetRequiredService<OrderContext>);

        Assert.Contains("ConnectionStrings:orders", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Development_refuses_a_second_registration()
    {
        var builder = Builders.Create();
        builder.AddNpgsqlDbContext<OrderContext>("orders");
        builder.AddNpgsqlDbContext<OrderContext>("orders", own => own.DisableHealthChecks = true); // production lets the last one win

        builder.Environment.EnvironmentName = Environments.Development;
        Assert.Throws<InvalidOperationException>(() => builder.AddNpgsqlDbContext<OrderContext>("orders"));
    }

    private static IHost Build(params (string Key, string? Value)[] settings)
    {
        var builder = Builders.Create(settings);
        builder.AddNpgsqlDbContext<OrderContext>("orders");
        return builder.Build();
    }

    private static (string? Host, int? CommandTimeout, bool Retries) Observed(
        (string Key, string? Value)[] settings, Action<NpgsqlEntityFrameworkCorePostgreSQLSettings>? configure = null)
    {
        var builder = Builders.Create(settings);
        builder.AddNpgsqlDbContext<OrderContext>("orders", configure);
        using var host = builder.Build();
        return Observed(host);
    }

    private static (string? Host, int? CommandTimeout, bool Retries) Observed(IHost host)
    {
        using var scope = host.Services.CreateScope();
        var database = scope.ServiceProvider.GetRequiredService<OrderContext>().Database;
        return (
            new NpgsqlConnectionStringBuilder(database.GetConnectionString()).Host,
            database.GetCommandTimeout(),
            database.CreateExecutionStrategy().RetriesOnFailure);
    }
}

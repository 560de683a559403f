using Npgsql;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class MigrationTests(PostgresServer server)
{
    [Fact]
    public async Task The_schema_goes_up_from_empty_down_to_nothing_and_up_again()
    {
        await using var database = await server.CreateDatabaseAsync();
        var runner = new MigrationRunner(DataStack.OptionsFor(database.ConnectionString));

        var first = await runner.MigrateAsync(TestContext.Current.CancellationToken);
        var before = await ObjectsAsync(database);
        Assert.Empty(await runner.MigrateAsync(TestContext.Current.CancellationToken));
        await runner.RevertAsync(null, TestContext.Current.CancellationToken);
        Assert.Equal(["schema_migrations", "schema_migrations_pkey"], await ObjectsAsync(database));
        var second = await runner.MigrateAsync(TestContext.Current.CancellationToken);

        Assert.True(first.Count >= 6);
        Assert.Equal(first, second);
        Assert.Equal(before, await ObjectsAsync(database));
    }

    [Fact]
    public async Task Each_migration_alone_can_be_taken_back_and_applied_again()
    {
        await using var database = await server.CreateDatabaseAsync();
        var runner = new MigrationRunner(DataStack.OptionsFor(database.ConnectionString));
        var names = await runner.MigrateAsync(TestContext.Current.CancellationToken);
        var whole = await ObjectsAsync(database);

        foreach (var downTo in names.Reverse().Skip(1))
        {
            await runner.RevertAsync(downTo, TestContext.Current.CancellationToken);
            Assert.Equal(names.SkipWhile(name => name != downTo).Skip(1), await runner.MigrateAsync(TestContext.Current.CancellationToken));
            Assert.Equal(whole, await ObjectsAsync(database));
        }
    }

    [Fact]
    public async Task A_database_that_is_in_use_goes_down_and_up_again()
    {
        await using var stack = await DataStack.CreateAsync(server);
        var tenant = await stack.AddTenantAsync();
        await stack.StartAsync(tenant);
        await stack.ExecuteAsync("update executions set trigger_type = 'sql'");
        await stack.ExecuteAsync(
            """
            insert into workflow_triggers (tenant_id, workflow_id, trigger_id, version, type, webhook_path)
            values ($1, $2, 'hook', 1, 'webhook', 'a/b')
            """,
            tenant.Id, tenant.WorkflowId);
        var runner = new MigrationRunner(stack.Options);

        await runner.RevertAsync("0009_bounded_maintenance", TestContext.Current.CancellationToken);
        Assert.Equal(
            "0009_bounded_maintenance", (await runner.AppliedAsync(TestContext.Current.CancellationToken))[^1]);
        await runner.MigrateAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["sql"], await stack.ListAsync("select trigger_type from executions"));
    }

    [Fact]
    public async Task A_database_without_any_migration_has_none_applied()
    {
        await using var database = await server.CreateDatabaseAsync();

        Assert.Empty(
            await new MigrationRunner(DataStack.OptionsFor(database.ConnectionString))
            .AppliedAsync(TestContext.Current.CancellationToken));
        Assert.Empty(await ObjectsAsync(database));
    }

    [Fact]
    public async Task A_migration_that_changed_after_it_was_applied_stops_the_start()
    {
        await using var database = await server.CreateDatabaseAsync();
        var runner = new MigrationRunner(DataStack.OptionsFor(database.ConnectionString));
        await runner.MigrateAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(database, "update schema_migrations set checksum = 'x' where name like '0002%'");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => runner.MigrateAsync(TestContext.Current.CancellationToken));

        Assert.Contains("0002_identity was changed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_of_a_newer_release_stops_the_start_only_when_that_release_says_so()
    {
        await using var database = await server.CreateDatabaseAsync();
        var runner = new MigrationRunner(DataStack.OptionsFor(database.ConnectionString));
        await runner.MigrateAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(database, "insert into schema_migrations (name, checksum) values ('9998_compatible', 'x')");
        Assert.Empty(await runner.MigrateAsync(TestContext.Current.CancellationToken));
        await ExecuteAsync(database,
            "insert into schema_migrations (name, checksum, breaks_older) values ('9999_future', 'x', true)");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => runner.MigrateAsync(TestContext.Current.CancellationToken));

        Assert.Contains("9999_future", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_runners_at_once_apply_each_migration_once()
    {
        await using var database = await server.CreateDatabaseAsync();
        var applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ =>
            new MigrationRunner(DataStack.OptionsFor(database.ConnectionString)).MigrateAsync(TestContext.Current.CancellationToken)));

        Assert.Single(applied, names => names.Count > 0);
    }

    // Roles belong to the server: two of its databases that start at once change the same rows of its catalog.
    [Fact]
    public async Task Runners_of_several_databases_of_one_server_do_not_disturb_each_other()
    {
        var databases = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => server.CreateDatabaseAsync()));

        var applied = await Task.WhenAll(databases.Select(database =>
            new MigrationRunner(DataStack.OptionsFor(database.ConnectionString)).MigrateAsync(TestContext.Current.CancellationToken)));

        Assert.All(applied, names => Assert.True(names.Count >= 6));
        foreach (var database in databases)
        {
            await database.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_runner_that_is_killed_leaves_a_whole_number_of_migrations()
    {
        await using var database = await server.CreateDatabaseAsync();
        var options = DataStack.OptionsFor(database.ConnectionString);
        for (var kills = 0; kills < 6; kills++)
        {
            var migrating = new MigrationRunner(options).MigrateAsync(TestContext.Current.CancellationToken);
            await Eventually.TrueAsync(
                async () => migrating.IsCompleted || await KillAsync(database), cancellationToken: TestContext.Current.CancellationToken);
            await Record.ExceptionAsync(() => migrating);

            var names = await AppliedAsync(database);
            Assert.Equal(names.Count, names.Distinct().Count());
            Assert.Equal(names.Count > 3, await ExistsAsync(database, "executions"));
            Assert.Equal(names.Count > 1, await ExistsAsync(database, "api_keys"));
        }

        await new MigrationRunner(options).MigrateAsync(TestContext.Current.CancellationToken);
        Assert.True(await ExistsAsync(database, "executions_default"));
    }

    /// <summary>Ends the runner's session once it holds locks on the schema, so in the midst of a migration.</summary>
    private static async Task<bool> KillAsync(TestDatabase database) => (bool)await ScalarAsync(
        database,
        """
        select exists (
          select pg_terminate_backend(a.pid) from pg_stat_activity a
          where a.datname = current_database() and a.pid <> pg_backend_pid() and a.state = 'active' and a.query ~ 'create table'
            and a.query !~ 'schema_migrations')
        """);

    private static async Task<List<string>> AppliedAsync(TestDatabase database) =>
        await ExistsAsync(database, "schema_migrations") ? await ListAsync(database, "select name from schema_migrations order by name") : [];

    private static async Task<bool> ExistsAsync(TestDatabase database, string table) =>
        (bool)await ScalarAsync(database, $"select to_regclass('{table}') is not null");

    private static Task<List<string>> ObjectsAsync(TestDatabase database) => ListAsync(
        database,
        """
        select c.relname::text from pg_class c where c.relnamespace in (select oid from pg_namespace where nspname in ('public', 'search')) and c.relkind <> 't'
        union all select p.oid::regprocedure::text from pg_proc p
        where p.pronamespace = 'public'::regnamespace and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
        union all select tablename || '/' || policyname from pg_policies
        order by 1
        """);

    private static async Task ExecuteAsync(TestDatabase database, string sql) => await ScalarAsync(database, sql + " returning true");

    private static async Task<object> ScalarAsync(TestDatabase database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(sql);
        return (await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    private static async Task<List<string>> ListAsync(TestDatabase database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var rows = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}

using System.Text;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Executions;
using Workflows.Data.Identity;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>
/// Upgrades on a database with data of the first release (<see cref="FirstRelease"/>): every migration since keeps every row as it was, up and down, and what the
/// first release left half done is carried on by this one.
/// </summary>
public sealed class UpgradeTests(PostgresServer server)
{
    // Tables of the schemas, partitions left out.
    private const string TablesSql = """
        select c.oid::regclass::text from pg_class c
        where c.relnamespace in ('public'::regnamespace, 'search'::regnamespace) and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'schema_migrations'
        order by 1
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_migration_goes_up_and_down_and_up_again_on_data_of_the_first_release()
    {
        await using var database = await FirstRelease.CreateAsync(server, Token);
        var runner = new MigrationRunner(DataStack.OptionsFor(database.ConnectionString));
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        var before = await ReadAsync(source);
        Assert.True(before.Count >= 31, $"Only {before.Count} tables.");
        Assert.All(before, table => Assert.NotEmpty(table.Value.Rows));

        var newer = await runner.MigrateAsync(Token);
        Assert.True(newer.Count >= 6);
        await AssertUnchangedAsync(source, before, "newest");
        foreach (var name in newer.Reverse())
        {
            var downTo = newer.TakeWhile(other => other != name).LastOrDefault() ?? FirstRelease.LastMigration;
            await runner.RevertAsync(downTo, Token);
            await AssertUnchangedAsync(source, before, $"down to {downTo}");
            await runner.MigrateAsync(Token);
            await AssertUnchangedAsync(source, before, $"down to {downTo} and up");
        }
    }

    [Fact]
    public async Task What_the_first_release_left_half_done_is_carried_on()
    {
        await using var stack = await UpgradedAsync();
        var tenant = await stack.ScalarAsync<Guid>("select tenant_id from tenants where slug = 'first'");
        var worker = await stack.AddWorkerAsync();

        // A key, an idempotency key, a result and what the definition says of starts.
        Assert.Equal(tenant, (await new GrantStore(stack.Api).FindApiKeyAsync([0xbb], Token))!.TenantId);
        Assert.Equal("completed", (await new ExecutionQueries(stack.Api).FindResultAsync(tenant, (await KeyAsync(stack, "completed")).Id, Token))!.Status);
        Assert.Equal("high", await stack.ScalarAsync<string>("select start_settings ->> 'priority' from workflows where name = 'Published'"));
        var workflow = await stack.ScalarAsync<Guid>("select id from workflows where name = 'Published'");
        var repeated = new TestTenant(tenant, workflow).NewExecution(idempotency: new IdempotencyClaim("scope", "key", [0xcc]));
        Assert.Equal(await KeyAsync(stack, "completed"), new ExecutionKey(tenant, Assert.IsType<StartOutcome.AlreadyStarted>(await stack.Starter.StartAsync(repeated, Token)).Id));

        // Queued: by its id, and by the sweep.
        await EndAsync(stack, worker, "queued", await stack.ClaimAsync(await KeyAsync(stack, "queued"), worker));
        var swept = Assert.Single(await stack.Sweeps.SweepAsync(worker, TimeProvider.System.GetUtcNow().AddMinutes(1), 10, Token));
        Assert.Equal(ExecutionPriority.High, swept.Priority);
        await EndAsync(stack, worker, "swept", swept);

        // Running on a worker of then.
        await stack.Registry.RescueAsync(TimeSpan.FromSeconds(30), Token);
        var rescued = await stack.ClaimAsync(await KeyAsync(stack, "running"), worker);
        Assert.True(rescued.Fence > 3);
        await EndAsync(stack, worker, "running", rescued);

        // Waiting: for a time, for another attempt, for an event.
        Assert.Equal(2, (await stack.Timers.FireDueAsync(10, Token)).Count);
        await EndAsync(stack, worker, "awaits-timer", await stack.ClaimAsync(await KeyAsync(stack, "awaits-timer"), worker), "due");
        await EndAsync(stack, worker, "awaits-retry", await stack.ClaimAsync(await KeyAsync(stack, "awaits-retry"), worker), "due");
        Assert.Equal("waiting", await stack.StatusOfAsync(await KeyAsync(stack, "awaits-event")));
        await stack.Events.IngestAsync(tenant, [TestTenant.NewEvent("order.paid", "o-1")], Token);
        await EndAsync(stack, worker, "awaits-event", await stack.ClaimAsync(await KeyAsync(stack, "awaits-event"), worker), "event");
        Assert.Equal(0, await stack.ScalarAsync<long>("select count(*) from timers"));

        // An event that nobody had routed, and one that comes now, start what the old trigger says.
        var pending = Assert.Single(await stack.Backlog.PendingAsync(10, default, [], 10, Token));
        Assert.Single(await stack.Router.RouteAsync(tenant, [.. pending], Token));
        await stack.Events.IngestAsync(tenant, [TestTenant.NewEvent("order.placed", "o-3")], Token);
        Assert.Equal(2, await stack.ScalarAsync<long>("select count(*) from executions where status = 'queued' and trigger_type = 'event' and priority = 1"));

        // Failed: retried by a person.
        var actor = new Actor("system", null, "test");
        Assert.Equal(new ControlOutcome.Accepted("queued"), await stack.Control.RetryAsync(tenant, (await KeyAsync(stack, "failed")).Id, "because", actor, Token));
        await EndAsync(stack, worker, "failed", await stack.ClaimAsync(await KeyAsync(stack, "failed"), worker));
    }

    // The release before does not know what a paused execution is. It must not lose one either: the way down refuses, and leads up again.
    [Fact]
    public async Task The_way_down_refuses_what_the_first_release_cannot_express()
    {
        await using var stack = await UpgradedAsync();
        var queued = await KeyAsync(stack, "queued");
        Assert.Equal(
            new ControlOutcome.Accepted("paused"),
            await stack.Control.ApplyAsync(ControlAction.Pause, queued.TenantId, queued.Id, "because", new Actor("system", null, "test"), Token));
        var runner = new MigrationRunner(stack.Options);

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => runner.RevertAsync(FirstRelease.LastMigration, Token));

        Assert.Equal(PostgresErrorCodes.CheckViolation, refusal.SqlState);
        Assert.Equal("0010_waits_of_every_kind", await stack.ScalarAsync<string>("select max(name) from schema_migrations"));
        await runner.MigrateAsync(Token);
        Assert.Equal("paused", await stack.StatusOfAsync(queued));
        Assert.Equal(10, await stack.ScalarAsync<long>("select count(*) from executions"));
    }

    private async Task<DataStack> UpgradedAsync()
    {
        var database = await FirstRelease.CreateAsync(server, Token);
        await new MigrationRunner(DataStack.OptionsFor(database.ConnectionString)).MigrateAsync(Token);
        return await DataStack.CreateOnAsync(database);
    }

    private static async Task<ExecutionKey> KeyAsync(DataStack stack, string name) => new(
        await stack.ScalarAsync<Guid>("select tenant_id from executions where correlation_id = $1", name),
        await stack.ScalarAsync<Guid>("select id from executions where correlation_id = $1", name));

    /// <summary>Reads what is recorded of an execution, as a worker does that takes it over, and ends it.</summary>
    private static async Task EndAsync(DataStack stack, Guid worker, string name, ClaimedExecution owned, string? outcome = null)
    {
        Assert.Equal("{\"n\": 1}", Encoding.UTF8.GetString(owned.Input));
        var (steps, waits) = await stack.History.LoadAsync([owned.Key], Token);
        Assert.Equal(await stack.ScalarAsync<long>("select count(*) from step_executions where execution_id = $1", owned.Key.Id), steps[owned.Key].Count());
        if (outcome is not null)
        {
            Assert.Equal(outcome, Assert.Single(waits[owned.Key]).Outcome);
        }

        await stack.WriteAsync(worker, checkpoint =>
        {
            checkpoint.Steps.Add(owned.Step("end", sequence: 2));
            checkpoint.Finished.Add(owned.Finished());
            checkpoint.Cleared.Add(owned.Key);
        });
        Assert.Equal("completed", await stack.StatusOfAsync(await KeyAsync(stack, name)));
    }

    private static async Task<Dictionary<string, (string Columns, List<string> Rows)>> ReadAsync(NpgsqlDataSource source)
    {
        var tables = new Dictionary<string, (string, List<string>)>();
        foreach (var table in await ListAsync(source, TablesSql))
        {
            var columns = Assert.Single(await ListAsync(
                source, $"select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped"));
            tables.Add(table, (columns, await ListAsync(source, $"select row({columns})::text from {table} order by 1")));
        }

        return tables;
    }

    private static async Task AssertUnchangedAsync(NpgsqlDataSource source, Dictionary<string, (string Columns, List<string> Rows)> before, string at)
    {
        foreach (var (table, (columns, rows)) in before)
        {
            var now = await ListAsync(source, $"select row({columns})::text from {table} order by 1");
            // The one row that a migration adds to a table of before: the built-in role of 0027.
            now.RemoveAll(row => table == "roles" && row.Contains(",member,{},t,", StringComparison.Ordinal));
            Assert.True(rows.SequenceEqual(now), $"{table} at {at}:\n{string.Join('\n', rows.Except(now))}\nis now\n{string.Join('\n', now.Except(rows))}");
        }
    }

    private static async Task<List<string>> ListAsync(NpgsqlDataSource source, string sql)
    {
#pragma warning disable CA2100 // names of the catalog
        await using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = new List<string>();
        while (await reader.ReadAsync(Token))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}

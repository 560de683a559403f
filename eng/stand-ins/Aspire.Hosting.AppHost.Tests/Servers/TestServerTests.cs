using Npgsql;
using Workflows.Testing;

namespace Aspire.Hosting.AppHost.Tests.Servers;

/// <summary>The fixtures other test projects rest on: provisioned programs, launch.sh, server.sh.</summary>
public sealed class TestServerTests(PostgresServer shared)
{
    [Fact]
    public async Task Postgres_is_17_or_newer_with_pgvector_and_refuses_a_wrong_password()
    {
        await using var database = await shared.CreateDatabaseAsync();

        await ExecuteAsync(database.ConnectionString, "create extension vector");
        var version = (int)await ScalarAsync(database.ConnectionString, "select current_setting('server_version_num')::int");
        var distance = (double)await ScalarAsync(database.ConnectionString, "select '[1,2,2]'::vector <-> '[0,0,0]'");

        Assert.True(version >= 170_000);
        Assert.Equal(3, distance);
        var wrong = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Password = "wrong" };
        var refused = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(wrong.ConnectionString, "select 1"));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    [Fact]
    public async Task A_template_is_built_once_and_every_copy_is_its_own()
    {
        var built = 0;
        Task BuildAsync(string connectionString)
        {
            Interlocked.Increment(ref built);
            return ExecuteAsync(connectionString, "create table items (id int); insert into items values (1)");
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => shared.EnsureTemplateAsync("items_template", BuildAsync)));
        await using var first = await shared.CreateDatabaseAsync("items_template");
        await using var second = await shared.CreateDatabaseAsync("items_template");
        await ExecuteAsync(first.ConnectionString, "insert into items values (2)");

        Assert.Equal(1, built);
        Assert.Equal(2L, await ScalarAsync(first.ConnectionString, "select count(*) from items"));
        Assert.Equal(1L, await ScalarAsync(second.ConnectionString, "select count(*) from items"));
    }

    [Fact]
    public async Task A_durable_server_recovers_a_commit_after_a_crash_and_after_a_kill()
    {
        await using var server = await PostgresServer.StartAsync(durable: true);
        await ExecuteAsync(server.ConnectionString, "create table kept (id int)");
        await ExecuteAsync(server.ConnectionString, "insert into kept values (1)");

        await server.StopImmediateAsync();
        await server.RestartAsync();
        await ExecuteAsync(server.ConnectionString, "insert into kept values (2)");
        await server.KillAsync();
        await server.RestartAsync();

        Assert.Equal(2L, await ScalarAsync(server.ConnectionString, "select count(*) from kept"));
        Assert.Equal("on", await ScalarAsync(server.ConnectionString, "select current_setting('fsync')"));
    }

    [Fact]
    public async Task Redis_is_frozen_by_pause_and_loses_or_keeps_its_data_as_asked()
    {
        await using var lost = await RedisServer.StartAsync();
        await using var kept = await RedisServer.StartAsync(persistent: true);
        foreach (var server in (RedisServer[])[lost, kept])
        {
            Assert.Equal("+OK", await RedisClient.AskAsync(server, "SET key value"));
            await server.KillAsync();
            await server.RestartAsync();
        }

        Assert.Equal("$-1", await RedisClient.AskAsync(lost, "GET key"));
        Assert.Equal("$5", await RedisClient.AskAsync(kept, "GET key"));

        kept.Pause();
        var answer = RedisClient.AskAsync(kept, "PING");
        await Assert.ThrowsAsync<TimeoutException>(() => answer.WaitAsync(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken));
        kept.Resume();
        Assert.Equal("+PONG", await answer);
    }

    private static async Task ExecuteAsync(string connectionString, string sql) =>
        await ScalarAsync(connectionString, sql);

#pragma warning disable CA2100 // the test's own text
    private static async Task<object> ScalarAsync(string connectionString, string sql)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(unpooled.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken) ?? DBNull.Value;
    }
#pragma warning restore CA2100
}

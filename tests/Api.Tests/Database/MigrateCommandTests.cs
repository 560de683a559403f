using Npgsql;
using Workflows.Api.Operator;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Api.Tests.Database;

public sealed class MigrateCommandTests(PostgresServer server)
{
    [Fact]
    public async Task The_schema_goes_up_down_when_confirmed_and_up_again()
    {
        await using var database = await server.CreateDatabaseAsync();
        Assert.Equal(0, (await RunAsync(database)).Code);
        var all = await AppliedAsync(database);

        var asked = await RunAsync(database, "--down-to", "19");
        Assert.Equal(2, asked.Code);
        Assert.Contains("0020_kept_and_removed", asked.Errors, StringComparison.Ordinal);
        Assert.Contains("--yes", asked.Errors, StringComparison.Ordinal);
        Assert.Equal(all, await AppliedAsync(database));

        var down = await RunAsync(database, "--down-to", "19", "--yes");
        Assert.Equal((0, ""), (down.Code, down.Errors));
        Assert.Equal(all.TakeWhile(name => string.CompareOrdinal(name, "0020") < 0), await AppliedAsync(database));
        Assert.Contains("0020_kept_and_removed: to be applied", (await RunAsync(database, "--status")).Output,
            StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync(database)).Code);
        Assert.Equal(all, await AppliedAsync(database));
    }

    [Theory]
    [InlineData("9999")]
    [InlineData("0011")]
    [InlineData("nothing")]
    public async Task A_target_that_is_not_there_changes_nothing(string target)
    {
        await using var database = await server.CreateDatabaseAsync();
        await RunAsync(database);

        var answer = await RunAsync(database, "--down-to", target, "--yes");

        Assert.Equal(2, answer.Code);
        Assert.Contains($"'{target}'", answer.Errors, StringComparison.Ordinal);
        Assert.Equal(MigrationRunner.Known, await AppliedAsync(database));
    }

    [Fact]
    public async Task What_a_newer_release_applied_is_not_jumped_over()
    {
        await using var database = await server.CreateDatabaseAsync();
        await RunAsync(database);
        await ExecuteAsync(database, "insert into schema_migrations (name, checksum) values ('9999_future', 'x')");

        Assert.Contains("9999_future: applied by a newer release", (await RunAsync(database, "--status")).Output,
            StringComparison.Ordinal);
        var answer = await RunAsync(database, "--down-to", "19", "--yes");

        Assert.Equal(1, answer.Code);
        Assert.Contains("9999_future", answer.Errors, StringComparison.Ordinal);
        Assert.Equal([.. MigrationRunner.Known, "9999_future"], await AppliedAsync(database));
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(TestDatabase database,
        params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        string[] settings =
        [
            $"--ConnectionStrings:workflows={database.ConnectionString}", "--Database:ApiPassword=api-of-tests",
            "--Database:WorkerPassword=worker-of-tests", "--Database:SearchPassword=search-of-tests",
        ];
        var code = await MigrateCommand.RunAsync([.. settings, .. arguments], output, errors);
        return (code, output.ToString(), errors.ToString());
    }

    private static async Task<List<string>> AppliedAsync(TestDatabase database)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(
            "select array(select name from schema_migrations order by name)");
        return [.. (string[])(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!];
    }

    private static async Task ExecuteAsync(TestDatabase database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
#pragma warning disable CA2100 // the test's own text
        await using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}

using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Workflows.Api.Tests.Host;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Api.Tests.Tenants;

public sealed class FirstStartTests(PostgresServer postgres, RedisServer redis) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("first-start-").FullName;

    [Fact]
    public async Task Two_instances_that_start_at_once_make_one_tenant_whose_credentials_are_in_the_file()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var file = Path.Combine(_folder, "credentials.json");

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => PrepareAsync(database, file)));

        Assert.Equal(2, await CountAsync(database, "tenants")); // and the platform's own
        Assert.Equal(2, await CountAsync(database, "users"));
        var credentials = JsonSerializer.Deserialize<FirstCredentials>(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), JsonSerializerOptions.Web)!;
        Assert.True(credentials.OwnerPassword.Length >= 20);
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        await using var app = ApiHost.Build(database.ConnectionString, redis.ConnectionString);
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = new ApiClient(new Uri(app.Urls.Single()), credentials.ApiKey);
        (await client.GetAsync("workflows")).Ok();
        (await client.PostAsync("auth/login", new { email = credentials.OwnerEmail, password = credentials.OwnerPassword })).Ok();
        (await client.PostAsync(
            "auth/login", new { email = credentials.OperatorEmail, password = credentials.OperatorPassword })).Ok();
    }

    [Fact]
    public async Task A_second_start_makes_nothing_and_shows_nothing()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await PrepareAsync(database, Path.Combine(_folder, "one.json"));

        await PrepareAsync(database, Path.Combine(_folder, "two.json"));

        Assert.Equal(2, await CountAsync(database, "tenants")); // and the platform's own
        Assert.False(File.Exists(Path.Combine(_folder, "two.json")));
    }

    [Fact]
    public async Task A_start_that_cannot_hand_the_credentials_over_makes_nothing_and_the_next_one_does_it()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => PrepareAsync(database, Path.Combine(_folder, "missing", "credentials.json")));
        Assert.Equal(0, await CountAsync(database, "tenants"));

        await PrepareAsync(database, Path.Combine(_folder, "credentials.json"));

        Assert.Equal(2, await CountAsync(database, "tenants")); // and the platform's own
        Assert.True(File.Exists(Path.Combine(_folder, "credentials.json")));
    }

    [Fact]
    public async Task The_file_is_written_before_the_commit()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await using var app = ApiHost.Build(database.ConnectionString, redis.ConnectionString);
        await app.Services.GetRequiredService<MigrationRunner>().MigrateAsync(TestContext.Current.CancellationToken);
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        // A deferred trigger refuses at the commit, as a crash in that moment would.
        await using var refuse = new NpgsqlCommand(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
            create constraint trigger refuse after insert on tenants deferrable initially deferred for each row execute function refuse();
            """,
            connection);
        await refuse.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var file = Path.Combine(_folder, "credentials.json");

        await Assert.ThrowsAnyAsync<Exception>(() => PrepareAsync(database, file));
        var lost = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        await using var allow = new NpgsqlCommand("drop trigger refuse on tenants", connection);
        await allow.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await PrepareAsync(database, file);

        Assert.NotEqual(lost, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.Equal(2, await CountAsync(database, "tenants")); // and the platform's own
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task PrepareAsync(TestDatabase database, string file)
    {
        await using var app = ApiHost.Build(database.ConnectionString, redis.ConnectionString, new() { ["Bootstrap:CredentialsFile"] = file });
        await app.PrepareAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<long> CountAsync(TestDatabase database, string table)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
#pragma warning disable CA2100 // a name of this class
        await using var command = new NpgsqlCommand($"select count(*) from {table}", connection);
#pragma warning restore CA2100
        return (long)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }
}

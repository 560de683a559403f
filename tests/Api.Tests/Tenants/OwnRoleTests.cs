using Npgsql;
using Workflows.Api.Operator;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Tenants;

/// <summary>
/// The API knows its own role in the database and no other; the migration, which knows the owner, is another process.
/// </summary>
public sealed class OwnRoleTests(PostgresServer postgres, RedisServer redis) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("own-role-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_API_waits_for_the_migration_and_never_needs_the_owner()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var own = new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            Username = "workflows_api",
            Password = "api-of-tests",
        };
        await using var app = ApiHost.Build(own.ConnectionString, redis.ConnectionString, new()
        {
            ["Bootstrap:CredentialsFile"] = Path.Combine(_folder, "credentials.json"),
            ["Database:ApiPassword"] = null,
            ["Database:WorkerPassword"] = null,
            ["Database:SearchPassword"] = null,
        });
        var preparing = app.PrepareAsync(Token);
        await Task.WhenAny(preparing, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, Token));
        Assert.False(preparing.IsCompleted, "It did not wait for its schema.");

        var (code, said, _) = await MigrateAsync(database.ConnectionString);
        Assert.Equal(0, code);
        Assert.StartsWith("Applied: 0001_foundation, ", said, StringComparison.Ordinal);
        await preparing;
        await app.StartAsync(Token);
        using var anonymous = new ApiClient(new Uri(app.Urls.Single()), null);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await anonymous.GetAsync("workflows")).Status);

        (code, said, _) = await MigrateAsync(database.ConnectionString);
        Assert.Equal((0, "The database has this build's schema already."), (code, said.Trim()));
    }

    [Fact]
    public async Task A_migration_that_cannot_log_in_says_so_and_ends_with_an_error()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var wrong = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Password = "not-the-password" };

        var (code, said, error) = await MigrateAsync(wrong.ConnectionString);

        Assert.Equal((1, ""), (code, said));
        Assert.StartsWith("The database was not migrated: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("not-the-password", error, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<(int Code, string Output, string Error)> MigrateAsync(string connection)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await MigrateCommand.RunAsync(
            [
                $"--ConnectionStrings:workflows={connection}", "--Database:ApiPassword=api-of-tests",
                "--Database:WorkerPassword=worker-of-tests", "--Database:SearchPassword=search-of-tests",
            ],
            output,
            error);
        return (code, output.ToString(), error.ToString());
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Secrets;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>Who a process is in the database, which keys it has, and what it waits for.</summary>
public sealed class OwnRoleTests(PostgresServer server)
{
    private const string Long = "a secret of more than thirty-two characters";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DatabaseRole.Api, "workflows_api")]
    [InlineData(DatabaseRole.Worker, "workflows_worker")]
    [InlineData(DatabaseRole.Search, "workflows_search")]
    public void A_service_works_with_the_connection_of_its_own_role(DatabaseRole role, string name)
    {
        var own = new DatabaseOptions { ConnectionString = $"Host=h;Database=d;Username={name};Password=mine" };
        var owners = new DatabaseOptions { ConnectionString = "Host=h;Database=d;Username=postgres;Password=root" };

        Assert.False(own.AreOwners);
        Assert.True(owners.AreOwners);
        var connection = new NpgsqlConnectionStringBuilder(own.For(role));
        Assert.Equal((name, "mine", "h"), (connection.Username, connection.Password, connection.Host));
        foreach (var other in Enum.GetValues<DatabaseRole>().Except([role]))
        {
            Assert.Throws<InvalidOperationException>(() => own.For(other));
        }

        Assert.Throws<InvalidOperationException>(() => owners.For(role)); // never the owner's password for a role
    }

    [Fact]
    public async Task The_gate_opens_with_the_last_migration_and_minds_no_newer_one()
    {
        await using var stack = await DataStack.CreateAsync(server);
        await using var api = new WorkflowsDatabase(stack.Options, DatabaseRole.Api);
        var gate = new SchemaGate(api, NullLogger<SchemaGate>.Instance);
        await gate.WaitAsync(Token).WaitAsync(TimeSpan.FromSeconds(30), Token);

        await stack.ExecuteAsync("insert into schema_migrations (name, checksum) values ('9999_future', 'x')");
        await gate.WaitAsync(Token).WaitAsync(TimeSpan.FromSeconds(30), Token);

        await stack.ExecuteAsync("update schema_migrations set name = '9998 ' || name where name like '0002%'");
        var waiting = gate.WaitAsync(Token);
        await Task.WhenAny(waiting, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, Token));
        Assert.False(waiting.IsCompleted);
        await stack.ExecuteAsync("update schema_migrations set name = replace(name, '9998 ', '')");
        await waiting.WaitAsync(TimeSpan.FromSeconds(30), Token);

        await stack.ExecuteAsync("update schema_migrations set breaks_older = true where name = '9999_future'");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => gate.WaitAsync(Token));
        Assert.Contains("9999_future", refused.Message, StringComparison.Ordinal);
    }

    // As when a service of this release comes up before the migration: it waits under its own role, and says for what.
    [Fact]
    public async Task Each_service_waits_for_the_last_migration_of_its_build()
    {
        await using var stack = await DataStack.CreateAsync(server);
        var runner = new MigrationRunner(stack.Options);
        var last = Migration.All()[^1].Name;
        Assert.Equal([last], await runner.RevertAsync(Migration.All()[^2].Name, Token));
        foreach (var role in Enum.GetValues<DatabaseRole>())
        {
            await using var database = new WorkflowsDatabase(stack.Options, role);
            var log = new Lines();
            var waiting = new SchemaGate(database, log).WaitAsync(Token, isPatient: true);

            await Eventually.TrueAsync(() => Task.FromResult(!log.All.IsEmpty), cancellationToken: Token);
            Assert.Contains($"it lacks {last}", Assert.Single(log.All), StringComparison.Ordinal);
            Assert.False(waiting.IsCompleted);

            await runner.MigrateAsync(Token);
            await waiting.WaitAsync(TimeSpan.FromSeconds(30), Token);
            await runner.RevertAsync(Migration.All()[^2].Name, Token);
        }
    }

    [Fact]
    public async Task Only_a_patient_service_waits_for_a_database_that_cannot_be_reached()
    {
        var nowhere = new DatabaseOptions
        {
            ConnectionString = $"Host=127.0.0.1;Port={FreePort.Next()};Database=d;Username=workflows_worker;Password=p",
        };
        await using var database = new WorkflowsDatabase(nowhere, DatabaseRole.Worker);
        var log = new Lines();
        var gate = new SchemaGate(database, log);
        await Assert.ThrowsAsync<NpgsqlException>(() => gate.WaitAsync(Token));
        using var end = new CancellationTokenSource();

        var waiting = gate.WaitAsync(end.Token, isPatient: true);

        await Eventually.TrueAsync(() => Task.FromResult(!log.All.IsEmpty), cancellationToken: Token);
        Assert.Contains("cannot be reached", Assert.Single(log.All), StringComparison.Ordinal);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public void Each_service_has_the_keys_of_its_purposes()
    {
        var both = Read(("Security:CallbackKey", $"callbacks {Long}"), ("Security:SearchKey", $"search {Long}"));
        Assert.Equal($"callbacks {Long}", ServiceKeys.Callbacks(both));
        Assert.Equal($"search {Long}", ServiceKeys.Search(both));
        Assert.Empty(ServiceKeys.FormerCallbacks(both));

        Assert.Null(ServiceKeys.Callbacks(Read(("Security:SearchKey", Long))));
        Assert.Null(ServiceKeys.Search(Read(("Security:CallbackKey", Long))));
        Assert.Throws<InvalidOperationException>(() => ServiceKeys.Search(Read(("Security:SearchKey", "short"))));
    }

    // Configurations from before there were several keys, and the addresses that were made then.
    [Fact]
    public void The_former_key_stands_in_and_is_known_where_there_is_a_new_one()
    {
        var before = Read(("Security:EncryptionKey", Long));
        Assert.Equal(Long, ServiceKeys.Callbacks(before));
        Assert.Equal(Long, ServiceKeys.Search(before));
        Assert.Empty(ServiceKeys.FormerCallbacks(before));

        var now = Read(
            ("Security:EncryptionKey", Long),
            ("Security:CallbackKey", $"new {Long}"),
            ("Security:FormerCallbackKey", $"old {Long}"));
        Assert.Equal($"new {Long}", ServiceKeys.Callbacks(now));
        Assert.Equal([$"old {Long}", Long], ServiceKeys.FormerCallbacks(now));
    }

    private sealed class Lines : ILogger<SchemaGate>
    {
        public ConcurrentQueue<string> All { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => All.Enqueue(formatter(state, exception));
    }

    private static IConfiguration Read(params (string Name, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value)))
        .Build();
}

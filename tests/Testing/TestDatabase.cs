namespace Workflows.Testing;

/// <summary>A database of a <see cref="PostgresServer"/>, dropped when disposed, sessions included.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly PostgresServer _server;

    internal TestDatabase(PostgresServer server, string name) => (_server, Name) = (server, name);

    public string Name { get; }

    /// <summary>Connection string of the superuser.</summary>
    public string ConnectionString => _server.ConnectionStringOf(Name);

    public async ValueTask DisposeAsync() => await _server.ExecuteAsync($"drop database if exists {Name} with (force)");
}

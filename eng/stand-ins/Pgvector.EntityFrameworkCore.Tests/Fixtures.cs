using Npgsql;
using Workflows.Testing;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Pgvector.EntityFrameworkCore.Tests;

/// <summary>A database with the extension, for one test class.</summary>
public sealed class VectorDatabase(PostgresServer server) : IAsyncLifetime
{
    private TestDatabase? _database;

    public string ConnectionString => _database!.ConnectionString;

    public NpgsqlDataSource DataSource { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await server.CreateDatabaseAsync();
        await using (var plain = NpgsqlDataSource.Create(ConnectionString))
        await using (var command = plain.CreateCommand("create extension vector"))
        {
            await command.ExecuteNonQueryAsync();
        }

        var builder = new NpgsqlDataSourceBuilder(ConnectionString);
        builder.UseVector();
        DataSource = builder.Build();
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await _database!.DisposeAsync();
    }
}

internal static class Make
{
    public static Vector Vector(params float[] elements) => new(elements);

    public static HalfVector HalfVector(params float[] elements) => new(Array.ConvertAll(elements, element => (Half)element));
}

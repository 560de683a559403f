using Npgsql;

namespace Workflows.Data.Database;

/// <summary>Which database server the platform runs on, to tell it from those of tenants.</summary>
public static class PlatformServer
{
    private const string IdentifierSql = "select system_identifier::text from pg_catalog.pg_control_system()";

    /// <summary>The identifier that the server was given when it was made; its replicas have the same.</summary>
    /// <exception cref="NpgsqlException">It cannot be asked.</exception>
    public static async Task<string> IdentifierAsync(WorkflowsDatabase database, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(IdentifierSql, connection);
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}

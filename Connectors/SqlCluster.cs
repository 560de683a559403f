using Npgsql;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>
/// Refuses connections to the platform's own server, whichever of its databases and by whichever name: who is superuser
/// there needs no table of the platform to read its files. A server is known by the identifier that it was given when
/// it was made.
/// </summary>
/// <param name="ownIdentifier">Answers the identifier of the platform's own server.</param>
internal sealed class SqlCluster(Func<CancellationToken, Task<string>> ownIdentifier)
{
    private const string IdentifierSql = "select system_identifier::text from pg_catalog.pg_control_system()";

    private string? _own;

    /// <summary>Returns when this is another server.</summary>
    /// <exception cref="ConnectorException">It is the platform's, or does not say which it is.</exception>
    public async Task RefuseOwnAsync(NpgsqlConnection connection)
    {
        // Fixed for the life of a server, and read once; while it cannot be read nobody gets through.
        _own ??= await ownIdentifier(CancellationToken.None);
        if (await IdentifierAsync(connection) == _own)
        {
            throw new ConnectorException("SQL_TARGET_REFUSED", "This is the database server of the platform itself.");
        }
    }

    private static async Task<string?> IdentifierAsync(NpgsqlConnection connection)
    {
        try
        {
            await using var command = new NpgsqlCommand(IdentifierSql, connection);
            return (string?)await command.ExecuteScalarAsync();
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new ConnectorException(
                "SQL_TARGET_REFUSED",
                "The server does not say that it is another one than the platform's own: "
                + "grant execute on function pg_control_system() to the user of the connector.");
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UndefinedFunction)
        {
            // no PostgreSQL, but a database that speaks its protocol; the platform's server has the function
            return null;
        }
    }
}

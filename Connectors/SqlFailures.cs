using System.Net.Sockets;
using System.Text.Json;
using Npgsql;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>What goes wrong beside the server's own errors, in the words of who wrote the statement, not of the
/// driver.</summary>
internal static class SqlFailures
{
    /// <summary>Why there is no connection, or none any more.</summary>
    public static string OfConnection(Exception exception) => Root(exception) switch
    {
        ConnectorException refused => refused.Message,
        TimeoutException => "The database did not answer in time.",
        SocketException socket => $"The database cannot be reached: {socket.SocketErrorCode}.",
        System.Security.Authentication.AuthenticationException =>
            "The TLS connection to the database was refused: its certificate is not valid for this host.",
        EndOfStreamException or IOException => "The connection to the database broke.",
        NpgsqlException { InnerException: null } =>
            "The database gave no connection: all of this connector are in use, or its login is incomplete.",
        _ => "The connection to the database failed.",
    };

    /// <summary>The driver refuses to send or to read something, whatever the server would say.</summary>
    public static bool IsOfDriver(Exception exception) =>
        exception is InvalidCastException or NotSupportedException or InvalidOperationException or FormatException
            or ArgumentException or ArithmeticException or JsonException;

    /// <summary>What that is.</summary>
    public const string OfDriver = "The statement, its values or its answer have a form that cannot be passed on.";

    private static Exception Root(Exception exception)
    {
        while (exception is NpgsqlException { InnerException: { } inner })
        {
            exception = inner;
        }

        return exception;
    }
}

using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Workflows.Data;

/// <summary>What a failed statement means to the platform. The only place that knows SQLSTATEs.</summary>
public static class PostgresErrors
{
    /// <summary>Raised by <c>hold_worker_lease</c>: this worker was fenced and none of the checkpoint was written.</summary>
    public const string WorkerFenced = "WF001";

    /// <summary>The statement may succeed when sent again: the server restarts, the connection broke, a deadlock or lock time-out.</summary>
    public static bool IsTransient(Exception exception) => exception switch
    {
        PostgresException { SqlState: "57P01" or "57P02" or "57P03" or "53300" or "40001" or "40P01" or "55P03" or "25P04" } => true,
        PostgresException postgres => postgres.IsTransient,
        NpgsqlException npgsql => npgsql.IsTransient || npgsql.InnerException is IOException or SocketException or TimeoutException or EndOfStreamException,
        IOException or SocketException or TimeoutException => true,
        InvalidOperationException { InnerException: NpgsqlException inner } => IsTransient(inner),
        _ when HasLostItsPlace(exception) => true,
        _ => false,
    };

    /// <summary>
    /// The driver met a message that it did not expect, as it does when a statement is cancelled at the wrong moment
    /// (npgsql issue 5803). It has broken the connection, and says so by a bare exception.
    /// </summary>
    private static bool HasLostItsPlace(Exception exception) =>
        exception.GetType() == typeof(Exception) && exception.Source == "Npgsql";

    /// <summary>A policy of row-level security, or a missing grant, refuses it.</summary>
    public static bool IsForbidden(Exception exception) => exception is PostgresException { SqlState: "42501" };

    /// <summary>The database cannot be reached or refuses new work at the moment.</summary>
    public static bool IsUnavailable(Exception exception) => exception switch
    {
        PostgresException
        {
            SqlState: "57P01" or "57P02" or "57P03" or "57014" or "25006" or "53100" or "53300"
            or "53400"
        } => true,
        PostgresException => false,
        NpgsqlException { InnerException: IOException or SocketException or TimeoutException or EndOfStreamException } => true,
        _ => false,
    };

    /// <summary>
    /// Why the database, or the driver before it, refuses this data for good; null when it may take the same data
    /// later. For good is only what follows from the data: a value (class 22), a constraint (23, but for a partition
    /// that is still to come), the size of a program or row (54), or what a function raises about it (P0). Everything else is trouble of the server, of a
    /// rollout or of an operator's hand, and no fault of whoever's data it was.
    /// </summary>
    public static string? Rejection(Exception exception) => exception switch
    {
        EncoderFallbackException => "text that is no Unicode",
        // no partition for the row
        PostgresException { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: null } => null,
        PostgresException
        {
            SqlState: ['2', '2', ..] or ['2', '3', ..] or ['5', '4', ..] or ['P', '0', ..],
        } postgres =>
            $"{postgres.SqlState} {postgres.MessageText}",
        _ => null,
    };

    /// <summary>
    /// The platform's database or the way to it failed, and the same statement may succeed when sent again: whatever is
    /// neither a fault of the data (<see cref="Rejection"/>) nor a fence.
    /// </summary>
    public static bool MayPass(Exception exception) => exception switch
    {
        NpgsqlException => Rejection(exception) is null && !IsWorkerFenced(exception),
        _ => IsTransient(exception),
    };

    /// <summary>The platform's database, and nothing else, failed in a way that <see cref="MayPass"/>.</summary>
    public static bool IsDatabaseTrouble(Exception exception) => exception is NpgsqlException && MayPass(exception);

    /// <summary>
    /// What the server refuses whatever was asked of it: read-only, out of disk, memory or connections, shutting down,
    /// damaged. None of it is the caller's doing.
    /// </summary>
    public static bool IsServerTrouble(Exception exception) =>
        exception is PostgresException { SqlState: { Length: 5 } state }
        && (state == PostgresErrorCodes.ReadOnlySqlTransaction || state[..2] is "08" or "53" or "57" or "58" or "XX");

    /// <summary>
    /// The statement took longer than the server, or an operator, would have it: less of it at once may do.
    /// </summary>
    public static bool IsTimeOut(Exception exception) =>
        exception is PostgresException { SqlState: "57014" or "25P04" or "55P03" };

    public static bool IsWorkerFenced(Exception exception) => exception is PostgresException { SqlState: WorkerFenced };

    /// <summary>The constraint or index that a unique violation names, or null.</summary>
    public static string? UniqueViolation(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } postgres ? postgres.ConstraintName : null;

    public static bool IsForeignKeyViolation(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation };

    /// <summary>Text that PostgreSQL cannot hold, such as U+0000 inside JSON or invalid UTF-8.</summary>
    public static bool IsUnstorableText(Exception exception) =>
        exception is PostgresException { SqlState: "22P05" or "22021" or "22P02" };
}

using Npgsql;

namespace Workflows.Connectors;

/// <summary>What a failed statement means to a node. The only place of this project that knows SQLSTATEs.</summary>
internal static class SqlErrors
{
    /// <summary>
    /// The statement may succeed when sent again: the server restarts, has no connection left, a deadlock or a lock
    /// time-out.
    /// </summary>
    public static bool IsTransient(PostgresException exception) =>
        exception.SqlState is "57P01" or "57P02" or "57P03" or "53300" or "40001" or "40P01" or "55P03" or "25P04"
        || exception.IsTransient;
}

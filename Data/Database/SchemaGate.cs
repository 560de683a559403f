using Microsoft.Extensions.Logging;
using Npgsql;

namespace Workflows.Data.Database;

/// <summary>
/// Has a service wait until the migration, another process with other rights, has brought the database to the schema of
/// this build. Newer migrations than this build knows do not matter to it.
/// </summary>
public sealed partial class SchemaGate(WorkflowsDatabase database, ILogger<SchemaGate> log)
{
    private const string MissingSql = """
        select wanted.name from unnest($1) as wanted (name)
        where not exists (select from schema_migrations applied where applied.name = wanted.name)
        order by wanted.name
        """;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Reminder = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Returns once the schema is there. Waits without an end of its own: whoever watches the process gives up on it.
    /// </summary>
    /// <exception cref="NpgsqlException">The database cannot be reached or fails for another reason than a migration
    /// that is still to come.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        var said = TimeSpan.Zero;
        for (var waited = TimeSpan.Zero; ; waited += Poll)
        {
            var missing = await MissingAsync(cancellationToken);
            if (missing is null)
            {
                return;
            }

            if (waited == TimeSpan.Zero || waited - said >= Reminder)
            {
                said = waited;
                LogWaiting(log, missing);
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    /// <returns>What is missing, in words; null when nothing is.</returns>
    private async Task<string?> MissingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = database.Source.CreateCommand(MissingSql);
            command.Parameters.Add(Sql.Texts(Migration.All(), migration => migration.Name));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken) ? $"it lacks {reader.GetString(0)}" : null;
        }
        catch (PostgresException exception) when (IsBeforeTheFirstMigration(exception.SqlState))
        {
            return exception.MessageText; // without the role, its password or its tables: the first migration makes them
        }
    }

    private static bool IsBeforeTheFirstMigration(string state) => state is PostgresErrorCodes.UndefinedTable
        or PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidPassword
        or PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InvalidCatalogName;

    [LoggerMessage(LogLevel.Warning,
        "Waiting for the database to be migrated ({Missing}). Its owner does that: dotnet Workflows.Api.dll migrate")]
    private static partial void LogWaiting(ILogger logger, string missing);
}

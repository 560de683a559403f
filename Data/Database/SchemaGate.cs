using Microsoft.Extensions.Logging;
using Npgsql;

namespace Workflows.Data.Database;

/// <summary>
/// Has a service wait until the migration, another process with other rights, has brought the database to the schema of
/// this build. Newer migrations than this build knows do not matter to it, but for those that break older releases.
/// </summary>
public sealed partial class SchemaGate(WorkflowsDatabase database, ILogger<SchemaGate> log)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Reminder = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Returns once the schema is there. Waits without an end of its own: whoever watches the process gives up on it.
    /// </summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="isPatient">Waits also while the database cannot be reached.</param>
    /// <exception cref="InvalidOperationException">This build cannot work with a migration that was applied.
    /// </exception>
    /// <exception cref="NpgsqlException">The database cannot be reached (unless <paramref name="isPatient"/>) or fails
    /// for another reason than a migration that is still to come.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken, bool isPatient = false)
    {
        var said = TimeSpan.Zero;
        for (var waited = TimeSpan.Zero; ; waited += Poll)
        {
            var missing = await MissingAsync(isPatient, cancellationToken);
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
    private async Task<string?> MissingAsync(bool isPatient, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            var applied = await MigrationRunner.ReadAppliedAsync(connection, cancellationToken);
            var migrations = Migration.All();
            MigrationRunner.Verify(migrations, applied);
            return migrations.FirstOrDefault(migration => !applied.ContainsKey(migration.Name)) is { } missing
                ? $"it lacks {missing.Name}"
                : null;
        }
        catch (PostgresException exception) when (IsBeforeTheFirstMigration(exception.SqlState))
        {
            return exception.MessageText; // without role, password or tables: the first migration makes them
        }
        catch (NpgsqlException exception) when (isPatient
            && (PostgresErrors.IsUnavailable(exception) || PostgresErrors.IsTransient(exception)))
        {
            return $"it cannot be reached: {exception.Message}";
        }
    }

    private static bool IsBeforeTheFirstMigration(string state) => state is PostgresErrorCodes.UndefinedTable
        or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.InsufficientPrivilege
        or PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification
        or PostgresErrorCodes.InvalidCatalogName;

    [LoggerMessage(LogLevel.Warning,
        "Waiting for the schema of this build ({Missing}). Its owner migrates it: dotnet Workflows.Api.dll migrate")]
    private static partial void LogWaiting(ILogger logger, string missing);
}

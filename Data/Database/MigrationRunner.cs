using Npgsql;

namespace Workflows.Data.Database;

/// <summary>
/// Brings the database to the schema of this build, or back to an earlier one. Guarantees: one process at a time
/// (advisory lock), each
/// migration in a transaction of its own together with its row in <c>schema_migrations</c>, so that a process killed
/// at any point leaves a
/// whole number of them; a script marked <c>-- no transaction</c> may be cut off between its statements and is run
/// again from its first. A
/// migration waits for a lock at most <see cref="Limits.MigrationLockSeconds"/> and then tries again, so that it never
/// holds up running
/// work for long. A migration whose text changed after it was applied stops the start. One of a newer release does
/// not, unless that release
/// says that older ones cannot work with it: an instance that restarts in the midst of a rollout serves on.
/// Survives a restart of the server by failing; the caller tries again.
/// </summary>
public sealed partial class MigrationRunner(DatabaseOptions options)
{
    private const long LockKey = 0x776F726B666C6F77; // "workflow"
    private const int PartitionMonthsAhead = 2;
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(200);

    // Asked for again and again rather than waited for: who waits in a statement has a snapshot, and an index that is
    // built concurrently under the lock waits for all snapshots.
    private const string LockSql = "select pg_try_advisory_lock($1)";

    private const string LockTimeoutSql = "select set_config('lock_timeout', $1, false)";

    private const string LedgerSql = """
        create table if not exists schema_migrations (
          name        text primary key,
          checksum    text not null,
          applied_at  timestamptz not null default now()
        );
        alter table schema_migrations add column if not exists breaks_older boolean not null default false;
        -- Each waits at its start for what it needs.
        grant select on schema_migrations to workflows_api, workflows_worker, workflows_search
        """;

    private const string AppliedSql = "select name, checksum, breaks_older from schema_migrations order by name";
    private const string RecordSql = "insert into schema_migrations (name, checksum, breaks_older) values ($1, $2, $3)";

    private const string PartitionsOfSql = """
        select c.oid::regclass::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = to_regclass($1) order by c.relname
        """;

    // What an index build that was cut off leaves behind.
    private const string InvalidIndexesSql = """
        select c.oid::regclass::text from pg_index x join pg_class c on c.oid = x.indexrelid
        where not x.indisvalid and c.relkind = 'i' and c.relnamespace = 'public'::regnamespace
        """;

    private const string ForgetSql = "delete from schema_migrations where name = $1";
    private const string PartitionsSql = "select make_partitions_ahead(now(), $1)";

    // In the transaction of each migration: no process ever meets tables that the one role may use and the other not.
    private const string MirrorGrantsSql = """
        do $$ begin
          if to_regprocedure('mirror_member_grants()') is not null then call mirror_member_grants(); end if;
        end $$
        """;

    /// <summary>Creates roles, applies what is missing and makes the next partitions. Idempotent.</summary>
    /// <returns>The names of the migrations applied now.</returns>
    /// <exception cref="InvalidOperationException">
    /// An applied migration was changed, or one was applied that this build does not know and cannot work with.
    /// </exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken)
    {
        // The lock ends with the session, and the session with the data source: also when the migration fails.
        await using var database = NpgsqlDataSource.Create(options.ConnectionString);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await LockAsync(connection, cancellationToken);
        await EnsureRolesAsync(connection, cancellationToken);
        await ExecuteTextAsync(connection, LedgerSql, cancellationToken);
        var applied = await ReadAppliedAsync(connection, cancellationToken);
        var migrations = Migration.All();
        Verify(migrations, applied);

        var done = new List<string>();
        foreach (var migration in migrations.Where(migration => !applied.ContainsKey(migration.Name)))
        {
            await PatientlyAsync(connection, () => ApplyAsync(connection, migration, cancellationToken),
                cancellationToken);
            done.Add(migration.Name);
        }

        await ExecuteAsync(connection, PartitionsSql, cancellationToken, PartitionMonthsAhead);
        return done;
    }

    /// <summary>Takes back the newest migrations down to, not including, <paramref name="downTo"/>; null takes back all.</summary>
    /// <returns>The names of the migrations taken back, in that order.</returns>
    /// <exception cref="InvalidOperationException">One was applied that this build does not know: it has no way down
    /// for it.</exception>
    public async Task<IReadOnlyList<string>> RevertAsync(string? downTo, CancellationToken cancellationToken)
    {
        // The lock ends with the session, and the session with the data source: also when the migration fails.
        await using var database = NpgsqlDataSource.Create(options.ConnectionString);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await LockAsync(connection, cancellationToken);
        await ExecuteTextAsync(connection, LedgerSql, cancellationToken);
        var applied = await ReadAppliedAsync(connection, cancellationToken);
        var going = Going(applied.Keys, downTo);
        foreach (var migration in going)
        {
            await PatientlyAsync(connection, () => TakeBackAsync(connection, migration, cancellationToken),
                cancellationToken);
        }

        return going.ConvertAll(migration => migration.Name);
    }

    /// <summary>Which migrations are applied, in order; none where there never was one. Changes nothing.</summary>
    public async Task<IReadOnlyList<string>> AppliedAsync(CancellationToken cancellationToken)
    {
        await using var database = NpgsqlDataSource.Create(options.ConnectionString);
        await using var isThere = database.CreateCommand("select to_regclass('schema_migrations') is not null");
        if (await isThere.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return [];
        }

        var applied = new List<string>();
        await using var select = database.CreateCommand("select name from schema_migrations");
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            applied.Add(reader.GetString(0));
        }

        return [.. applied.Order(StringComparer.Ordinal)];
    }

    /// <summary>The migrations of this build, in order.</summary>
    public static IReadOnlyList<string> Known => [.. Migration.All().Select(migration => migration.Name)];

    /// <summary>What <see cref="RevertAsync"/> would take back of what is applied, the newest first.</summary>
    /// <exception cref="InvalidOperationException">As there.</exception>
    public static IReadOnlyList<string> WouldRevert(IEnumerable<string> applied, string downTo) =>
        Going(applied, downTo).ConvertAll(migration => migration.Name);

    private static List<Migration> Going(IEnumerable<string> applied, string? downTo)
    {
        var present = applied.ToHashSet();
        var known = Migration.All();
        var unknown = present.Except(known.Select(migration => migration.Name)).Order(StringComparer.Ordinal).ToList();
        return unknown.Count > 0
            ? throw new InvalidOperationException(
                $"The database has migrations that this build does not know: {string.Join(", ", unknown)}. "
                + "Take them back with the newer release.")
            : [.. known.Reverse().TakeWhile(migration => migration.Name != downTo).Where(migration =>
                present.Contains(migration.Name))];
    }

    private static async Task LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var command = new NpgsqlCommand(LockSql, connection);
            command.Parameters.Add(new() { Value = LockKey });
            if (await command.ExecuteScalarAsync(cancellationToken) is true)
            {
                return;
            }

            await Task.Delay(LockPoll, TimeProvider.System, cancellationToken);
        }
    }

    // Who waits for the lock of a busy table holds up everybody who comes after: better to give up soon and come again.
    private static async Task PatientlyAsync(NpgsqlConnection connection, Func<Task> step,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await SetLockTimeoutAsync(connection, Limits.MigrationLockSeconds, cancellationToken);
            try
            {
                await step();
                await SetLockTimeoutAsync(connection, 0, cancellationToken);
                return;
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable
                && attempt < Limits.MigrationLockAttempts)
            {
                await Task.Delay(LockPoll * Math.Min(attempt, 25), TimeProvider.System, cancellationToken);
            }
        }
    }

    private static Task SetLockTimeoutAsync(NpgsqlConnection connection, int seconds,
        CancellationToken cancellationToken) =>
        ExecuteAsync(connection, LockTimeoutSql, cancellationToken, $"{seconds}s");

    private static async Task ApplyAsync(NpgsqlConnection connection, Migration migration,
        CancellationToken cancellationToken)
    {
        if (migration.IsWithoutTransaction)
        {
            await ApplyStepsAsync(connection, migration, cancellationToken);
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!migration.IsWithoutTransaction)
        {
            await ExecuteTextAsync(connection, migration.UpScript, cancellationToken);
        }

        await ExecuteAsync(connection, MirrorGrantsSql, cancellationToken);
        await ExecuteAsync(connection, RecordSql, cancellationToken, migration.Name, migration.Checksum,
            migration.BreaksOlder);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task ApplyStepsAsync(NpgsqlConnection connection, Migration migration,
        CancellationToken cancellationToken)
    {
        foreach (var index in await ListAsync(connection, InvalidIndexesSql, cancellationToken))
        {
            // By its name in the script, or by that of a partition: others' indexes are none of our business.
            if (migration.Steps.Any(step => step.Names(index)))
            {
                await ExecuteTextAsync(connection, $"drop index concurrently {index}", cancellationToken);
            }
        }

        foreach (var step in migration.Steps)
        {
            // A concurrent build waits for old transactions to end and holds up nobody while it does.
            await SetLockTimeoutAsync(connection, step.IsConcurrent ? 0 : Limits.MigrationLockSeconds,
                cancellationToken);
            IReadOnlyList<string> partitions = step.PartitionsOf is { } parent
                ? await ListAsync(connection, PartitionsOfSql, cancellationToken, parent)
                : [""];
            foreach (var partition in partitions)
            {
                await ExecuteTextAsync(connection, step.For(partition), cancellationToken);
            }
        }
    }

    private static async Task TakeBackAsync(NpgsqlConnection connection, Migration migration,
        CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteTextAsync(connection, migration.DownScript, cancellationToken);
        await ExecuteAsync(connection, ForgetSql, cancellationToken, migration.Name);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Whether this build can work with what is applied, apart from what it lacks.</summary>
    /// <exception cref="InvalidOperationException">It cannot: the message names the migration.</exception>
    internal static void Verify(IReadOnlyList<Migration> migrations, Dictionary<string, AppliedMigration> applied)
    {
        var known = migrations.ToDictionary(migration => migration.Name, migration => migration.Checksum);
        foreach (var (name, found) in applied)
        {
            if (known.TryGetValue(name, out var expected))
            {
                if (expected != found.Checksum)
                {
                    throw new InvalidOperationException(
                        $"Migration {name} was changed after it had been applied. Add a new one instead.");
                }
            }
            else if (found.BreaksOlder || string.CompareOrdinal(name, migrations[^1].Name) < 0)
            {
                throw new InvalidOperationException(
                    $"The database has migration {name}, which this build does not know and cannot work with. Is it an older release?");
            }
        }
    }

    internal static async Task<Dictionary<string, AppliedMigration>> ReadAppliedAsync(NpgsqlConnection connection,
        CancellationToken cancellationToken)
    {
        var applied = new Dictionary<string, AppliedMigration>();
        await using var command = new NpgsqlCommand(AppliedSql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            applied.Add(reader.GetString(0), new AppliedMigration(reader.GetString(1), reader.GetBoolean(2)));
        }

        return applied;
    }

#pragma warning disable CA2100 // constants of this class and embedded migration files
    private static async Task<IReadOnlyList<string>> ListAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private static async Task ExecuteAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static Task ExecuteTextAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken) =>
        ExecuteAsync(connection, sql, cancellationToken);
#pragma warning restore CA2100

    internal sealed record AppliedMigration(string Checksum, bool BreaksOlder);
}

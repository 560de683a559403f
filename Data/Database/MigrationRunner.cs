using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Workflows.Data.Database;

/// <summary>
/// Brings the database to the schema of this build. Guarantees: one process at a time (advisory lock), each migration in a transaction
/// of its own together with its row in <c>schema_migrations</c>, so that a process killed at any point leaves a whole number of them; a
/// migration whose text changed after it was applied stops the start. Survives a restart of the server by failing; the caller tries again.
/// </summary>
public sealed class MigrationRunner(DatabaseOptions options)
{
    private const long LockKey = 0x776F726B666C6F77; // "workflow"
    private const int PartitionMonthsAhead = 2;

    private const string LockSql = "select pg_advisory_lock($1)";

    private const string LedgerSql = """
        create table if not exists schema_migrations (
          name        text primary key,
          checksum    text not null,
          applied_at  timestamptz not null default now()
        );
        grant select on schema_migrations to workflows_api -- which waits for what it needs
        """;

    private const string AppliedSql = "select name, checksum from schema_migrations order by name";
    private const string RecordSql = "insert into schema_migrations (name, checksum) values ($1, $2)";
    private const string ForgetSql = "delete from schema_migrations where name = $1";
    private const string PartitionsSql = "select make_partitions_ahead(now(), $1)";

    // DDL takes no parameters: the server itself quotes the two values into the statement. Roles belong to the server, not to the database: the runner
    // of another database may change the same row of the catalog at this moment ("tuple concurrently updated"), so it is tried again there.
    private const string RoleSql = """
        select format('do %L', format('
          begin
            for attempt in 1 .. 100 loop
              begin
                if exists (select from pg_roles where rolname = %1$L) then
                  alter role %1$I login password %2$L;
                else
                  create role %1$I login password %2$L;
                end if;
                return;
              exception when internal_error or duplicate_object or unique_violation then
                null;
              end;
            end loop;
            raise exception ''role %% is being changed by others all the time'', %1$L;
          end', $1, $2))
        """;

    private const string AuthRoleSql = """
        do $$ begin
          if not exists (select from pg_roles where rolname = 'workflows_auth') then create role workflows_auth nologin; end if;
        exception when duplicate_object or unique_violation then null; -- another database's runner was first
        end $$
        """;

    // Applications of the same database that may start workflows from SQL are members of it.
    private const string ClientRoleSql = """
        do $$ begin
          if not exists (select from pg_roles where rolname = 'workflows_client') then create role workflows_client nologin; end if;
        exception when duplicate_object or unique_violation then null; -- another database's runner was first
        end $$
        """;

    /// <summary>Creates roles, applies what is missing and makes the next partitions. Idempotent.</summary>
    /// <returns>The names of the migrations applied now.</returns>
    /// <exception cref="InvalidOperationException">An applied migration was changed, or one this build does not know was applied.</exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken)
    {
        // The lock ends with the session, and the session with the data source: also when the migration fails.
        await using var database = NpgsqlDataSource.Create(options.ConnectionString);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, LockSql, cancellationToken, LockKey);
        await EnsureRolesAsync(connection, cancellationToken);
        await ExecuteAsync(connection, LedgerSql, cancellationToken);
        var applied = await ReadAppliedAsync(connection, cancellationToken);
        var migrations = Migration.All();
        Verify(migrations, applied);

        var done = new List<string>();
        foreach (var migration in migrations.Where(migration => !applied.ContainsKey(migration.Name)))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await ExecuteTextAsync(connection, migration.UpScript, cancellationToken);
            await ExecuteAsync(connection, RecordSql, cancellationToken, migration.Name, migration.Checksum);
            await transaction.CommitAsync(cancellationToken);
            done.Add(migration.Name);
        }

        await ExecuteAsync(connection, PartitionsSql, cancellationToken, PartitionMonthsAhead);
        return done;
    }

    /// <summary>Takes back the newest migrations down to, not including, <paramref name="downTo"/>; null takes back all.</summary>
    public async Task RevertAsync(string? downTo, CancellationToken cancellationToken)
    {
        // The lock ends with the session, and the session with the data source: also when the migration fails.
        await using var database = NpgsqlDataSource.Create(options.ConnectionString);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, LockSql, cancellationToken, LockKey);
        var applied = await ReadAppliedAsync(connection, cancellationToken);
        foreach (var migration in Migration.All().Reverse()
            .TakeWhile(migration => migration.Name != downTo).Where(migration => applied.ContainsKey(migration.Name)))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await ExecuteTextAsync(connection, migration.DownScript, cancellationToken);
            await ExecuteAsync(connection, ForgetSql, cancellationToken, migration.Name);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    private async Task EnsureRolesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, AuthRoleSql, cancellationToken);
        await ExecuteAsync(connection, ClientRoleSql, cancellationToken);
        foreach (var role in Enum.GetValues<DatabaseRole>())
        {
            var login = new NpgsqlConnectionStringBuilder(options.For(role));
            await using var command = new NpgsqlCommand(RoleSql, connection);
            command.Parameters.Add(new() { Value = login.Username! });
            command.Parameters.Add(new() { Value = login.Password! });
            await ExecuteTextAsync(connection, (string)(await command.ExecuteScalarAsync(cancellationToken))!, cancellationToken);
        }
    }

    private static void Verify(IReadOnlyList<Migration> migrations, Dictionary<string, string> applied)
    {
        var known = migrations.ToDictionary(migration => migration.Name, migration => migration.Checksum);
        foreach (var (name, checksum) in applied)
        {
            if (!known.TryGetValue(name, out var expected))
            {
                throw new InvalidOperationException($"The database has migration {name}, which this build does not know. Is it an older release?");
            }

            if (expected != checksum)
            {
                throw new InvalidOperationException($"Migration {name} was changed after it had been applied. Add a new one instead.");
            }
        }
    }

    private static async Task<Dictionary<string, string>> ReadAppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var applied = new Dictionary<string, string>();
        await using var command = new NpgsqlCommand(AppliedSql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            applied.Add(reader.GetString(0), reader.GetString(1));
        }

        return applied;
    }

#pragma warning disable CA2100 // constants of this class and embedded migration files
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
}

/// <summary>One embedded pair <c>NNNN_what.sql</c> and <c>NNNN_what.down.sql</c>.</summary>
internal sealed record Migration(string Name, string Up, string Down)
{
    private const string Prefix = "Workflows.Data.Migrations.";

    // The driver would split a script at its semicolons, also those within the body of an SQL function (begin atomic ... end).
    public string UpScript => Whole(Up);

    public string DownScript => Whole(Down);

    private static string Whole(string script) => $"do $migration$ begin execute $script${script}$script$; end $migration$";

    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Up)));

    public static IReadOnlyList<Migration> All()
    {
        var assembly = typeof(Migration).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && !name.EndsWith(".down.sql", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => new Migration(
                name[Prefix.Length..^".sql".Length], Read(name), Read($"{name[..^".sql".Length]}.down.sql")))];

        string Read(string name)
        {
            using var stream = assembly.GetManifestResourceStream(name)
                ?? throw new InvalidOperationException($"Migration {name} is missing: every migration has a way down.");
            using var reader = new StreamReader(stream);
            return reader.ReadToEnd();
        }
    }
}

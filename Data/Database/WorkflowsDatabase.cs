using Npgsql;

namespace Workflows.Data.Database;

/// <summary>Whose rights a process works with. Each role owns nothing and cannot bypass row-level security.</summary>
public enum DatabaseRole
{
    Api,
    Worker,
    Search,
}

/// <summary>Where the database is and who works there; nothing has a default.</summary>
public sealed record DatabaseOptions
{
    /// <summary>
    /// Of a service: the connection string of its own role, and no more. Of the migration: the owner's, which creates
    /// the roles and their passwords. A service that is given the owner's, as configurations from before the migration
    /// was a process of its own do, works under its role all the same, with the password from the setting below.
    /// </summary>
    public required string ConnectionString { get; init; }

    public string? ApiPassword { get; init; }

    public string? WorkerPassword { get; init; }

    public string? SearchPassword { get; init; }

    /// <summary>
    /// Whether <see cref="ConnectionString"/> is that of somebody who is none of the services' roles: then this process
    /// could do everything with the database.
    /// </summary>
    public bool AreOwners =>
        !Enum.GetValues<DatabaseRole>().Select(NameOf).Contains(new NpgsqlConnectionStringBuilder(ConnectionString).Username);

    /// <summary>The connection string for <paramref name="role"/>, on the same server and database.</summary>
    /// <exception cref="InvalidOperationException">The role's password is not configured.</exception>
    public string For(DatabaseRole role)
    {
        var given = new NpgsqlConnectionStringBuilder(ConnectionString);
        var password = given.Username == NameOf(role) ? given.Password : role switch
        {
            DatabaseRole.Api => ApiPassword,
            DatabaseRole.Worker => WorkerPassword,
            DatabaseRole.Search => SearchPassword,
        };
        return new NpgsqlConnectionStringBuilder(ConnectionString)
        {
            Username = NameOf(role),
            Password = password is { Length: > 0 } ? password
                : throw new InvalidOperationException($"Database:{role}Password is not configured."),
            ApplicationName = NameOf(role),
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,
            // Nothing outlives a transaction in our sessions (settings and locks are transaction-local), so there is nothing to reset.
            NoResetOnClose = true,
            CommandTimeout = 30,
            Timeout = 5,
            KeepAlive = 15,
            IncludeErrorDetail = false,
        }.ConnectionString;
    }

    internal static string NameOf(DatabaseRole role) => role switch
    {
        DatabaseRole.Api => "workflows_api",
        DatabaseRole.Worker => "workflows_worker",
        DatabaseRole.Search => "workflows_search",
    };
}

/// <summary>The data sources of one process, all with the rights of one role.</summary>
public sealed class WorkflowsDatabase : IAsyncDisposable
{
    /// <param name="options">Where the database is.</param>
    /// <param name="role">Whose rights the connections have.</param>
    /// <param name="types">Adds types to <see cref="Source"/>; the statements of the hot path need none.</param>
    public WorkflowsDatabase(
        DatabaseOptions options, DatabaseRole role, Action<NpgsqlDataSourceBuilder>? types = null)
    {
        var builder = new NpgsqlConnectionStringBuilder(options.For(role));
        var source = new NpgsqlDataSourceBuilder(builder.ConnectionString);
        types?.Invoke(source);
        Source = source.Build();
        // Batched statements by id over partitioned tables: one generic plan of index look-ups, whatever the statistics say while
        // the tables are still small. A hash join or sequential scan chosen then would stay in the plan cache as they grow.
        builder.Options = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
            + " -c jit=off -c transaction_timeout=10s -c lock_timeout=5s";
        // A lane keeps its connection: what a pool would add is a reset and a rent per flush.
        builder.MaxPoolSize = 16;
        HotPath = NpgsqlDataSource.Create(builder);
        ConnectionString = builder.ConnectionString;
    }

    /// <summary>For statements of any shape.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>For the batched statements of dispatch, claim and checkpoint only.</summary>
    public NpgsqlDataSource HotPath { get; }

    internal string ConnectionString { get; }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await HotPath.DisposeAsync();
    }
}

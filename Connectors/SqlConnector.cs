using System.Data;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using BitFaster.Caching;
using BitFaster.Caching.Lru;
using Npgsql;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>One statement as its author wrote it, and the values bound to it.</summary>
/// <param name="Values">A list for <c>$1, $2</c>, an object for <c>@name</c>; undefined or null = none.</param>
public sealed record SqlCall(string Statement, JsonElement Values, int MaxRows, TimeSpan Timeout, bool IsReadOnly)
{
    /// <summary>The statement runs to its end, and its transaction is rolled back.</summary>
    public bool IsRolledBack { get; init; }
}

/// <summary>What a statement answered.</summary>
/// <param name="Rows">A JSON list of objects.</param>
/// <param name="RowsProcessed">Rows read, or changed.</param>
public sealed record SqlAnswer(byte[] Rows, long RowsProcessed, bool IsTruncated);

/// <summary>What the operator allows to connectors of databases.</summary>
/// <param name="AllowPlatformDatabase">Whether they may reach the database server of the platform itself.</param>
/// <param name="PlatformIdentifier">Answers that server's identifier, <c>pg_control_system().system_identifier</c>.</param>
public sealed record SqlConnectorOptions(
    bool AllowPlatformDatabase, Func<CancellationToken, Task<string>> PlatformIdentifier);

/// <summary>
/// Runs statements on databases of tenants. Guarantees: values are bound, never part of the text; one statement per call, in a transaction of its own, that is
/// rolled back unless it ends well; connections go to addresses the guard has judged, and never to the platform's own server unless the
/// operator allows it, by whichever name it is reached; a small pool per connector, so that no tenant drains its database; the answers of all
/// calls together take bounded memory. Does not guarantee that a statement takes effect once: a call whose answer was lost is made again.
/// </summary>
public sealed class SqlConnector(GuardedNetwork network, SqlConnectorOptions options) : IDisposable
{
    private const int PoolSize = 4;
    private const int ConnectSeconds = 10;

    private readonly SqlMemory _memory = new(Limits.SqlMemoryBytes, Limits.SqlTenantMemoryBytes);
    private readonly SqlCluster _cluster = new(options.PlatformIdentifier);

    private readonly IScopedCache<(Guid ConnectorId, int Version, string Address), NpgsqlDataSource> _pools =
        new ConcurrentLruBuilder<(Guid ConnectorId, int Version, string Address), NpgsqlDataSource>()
            .WithCapacity(Limits.SqlPools).AsScopedCache().WithAtomicGetOrAdd().Build();

    /// <summary>Runs one statement.</summary>
    /// <exception cref="ConnectorException">It failed, or the database may not or cannot be reached.</exception>
    public async Task<SqlAnswer> RunAsync(OpenConnector connector, SqlCall call, CancellationToken cancellationToken)
    {
        var binding = SqlBinding.Of(call.Statement, call.Values);
        try
        {
            using var pool = await PoolAsync(connector, cancellationToken);
            using var share = new SqlShare(_memory, connector.TenantId);
            await using var connection = await pool.Value.OpenConnectionAsync(cancellationToken);
            var forms = await SqlListTypes.AskAsync(connection, binding, call, cancellationToken);
            try
            {
                return await RunStatementAsync(connection, binding, forms, call, share, cancellationToken);
            }
            catch (SqlTypesChangedException)
            {
                // Rolled back: it runs as if for the first time. What is unknown then, too, is answered as text.
                await connection.ReloadTypesAsync(cancellationToken);
                return await RunStatementAsync(connection, binding, forms, call, share, cancellationToken, typesAreFresh: true);
            }
        }
        catch (TargetRefusedException exception)
        {
            throw new ConnectorException("SQL_TARGET_REFUSED", exception.Message);
        }
        catch (PostgresException exception)
        {
            throw new ConnectorException($"SQL_{exception.SqlState}", Describe(exception, binding), SqlErrors.IsTransient(exception));
        }
        catch (Exception exception) when (exception is NpgsqlException or SocketException or TimeoutException or IOException)
        {
            throw new ConnectorException("SQL_CONNECTION", SqlFailures.OfConnection(exception), isTransient: true);
        }
        catch (Exception exception) when (SqlFailures.IsOfDriver(exception))
        {
            throw new ConnectorException("SQL_INVALID", SqlFailures.OfDriver);
        }
    }

    // Text is read as PostgreSQL writes it: times, intervals and bytes in one form, floating point with all digits, text by the
    // rules that the places of values were found by. Notices are not read by anybody.
    private const string BoundSql = """
        select set_config('statement_timeout', $1, true), set_config('transaction_read_only', $2, true),
            set_config('datestyle', 'ISO', true), set_config('intervalstyle', 'postgres', true),
            set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '3', true),
            set_config('standard_conforming_strings', 'on', true), set_config('client_min_messages', 'error', true)
        """;

    /// <summary>How long the driver waits for an answer: the server ends the statement before.</summary>
    internal static int CommandSeconds(SqlCall call) => (int)Math.Ceiling(call.Timeout.TotalSeconds) + 1;

    /// <summary>What holds for the statements behind it, up to the end of the transaction.</summary>
    internal static NpgsqlBatchCommand Bounds(SqlCall call)
    {
        var bounds = new NpgsqlBatchCommand(BoundSql);
        bounds.Parameters.Add(new NpgsqlParameter<string> { TypedValue = ((long)call.Timeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) });
        bounds.Parameters.Add(new NpgsqlParameter<string> { TypedValue = call.IsReadOnly ? "on" : "off" });
        return bounds;
    }

    private static async Task<SqlAnswer> RunStatementAsync(
        NpgsqlConnection connection, SqlBinding binding, IReadOnlyDictionary<int, SqlListForm> forms, SqlCall call, SqlShare share,
        CancellationToken cancellationToken, bool typesAreFresh = false)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var bounds = new NpgsqlBatch(connection) { BatchCommands = { Bounds(call) } })
        {
            await bounds.ExecuteNonQueryAsync(cancellationToken);
        }

        // One statement, as the binding has checked: nothing can be appended to the author's text.
#pragma warning disable CA2100 // the author's own text, a constant of the definition; values are bound
        await using var command = new NpgsqlCommand(binding.Sql, connection)
        {
            CommandTimeout = CommandSeconds(call),
            AllResultTypesAreUnknown = true,
        };
#pragma warning restore CA2100
        foreach (var parameter in binding.Parameters(forms))
        {
            command.Parameters.Add(parameter);
        }

        SqlAnswer answer;
        var changed = 0L;
        await using (var reader = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken))
        {
            try
            {
                answer = await new SqlAnswerReader(reader, call, share, typesAreFresh).ReadAsync(cancellationToken);
            }
            catch (Exception exception) when (exception is ConnectorException or SqlTypesChangedException)
            {
                // What nobody wants to read is not sent to its end.
                await Task.Run(command.Cancel, CancellationToken.None);
                throw;
            }

            await reader.CloseAsync(); // to its end: only then it knows how many rows were changed
            changed = reader.RecordsAffected;
        }

        await (call.IsRolledBack
            ? transaction.RollbackAsync(cancellationToken) : transaction.CommitAsync(cancellationToken));
        return answer with { RowsProcessed = Math.Max(answer.RowsProcessed, changed) };
    }

    // The pool stays open until the caller lets go of it, also when the cache has done so before.
    private async Task<Lifetime<NpgsqlDataSource>> PoolAsync(
        OpenConnector connector, CancellationToken cancellationToken)
    {
        var host = connector["host"]!;
        var port = int.Parse(connector["port"] ?? "5432", CultureInfo.InvariantCulture);
        if (host.StartsWith('/') || host.Contains(',', StringComparison.Ordinal))
        {
            throw new ConnectorException("SQL_TARGET_REFUSED", "The host must be one name or address.");
        }

        // Judged at every call: a pool whose addresses are not allowed any more is not used again.
        var addresses = await network.ResolveAsync(connector.TenantId, host, port, cancellationToken);
        var key = (connector.Id, connector.Version, Address: addresses.OrderBy(address => address.AddressFamily).First().ToString());
        if (_pools.ScopedTryGet(key, out var pool))
        {
            return pool;
        }

        DropFormerVersions(connector);
        return _pools.ScopedGetOrAdd(
            key, key => new Scoped<NpgsqlDataSource>(CreatePool(connector, host, port, key.Address)));
    }

    private void DropFormerVersions(OpenConnector connector)
    {
        foreach (var key in _pools.Keys
            .Where(key => key.ConnectorId == connector.Id && key.Version < connector.Version))
        {
            _pools.TryRemove(key);
        }
    }

    private NpgsqlDataSource CreatePool(OpenConnector connector, string host, int port, string address)
    {
        var builder = new NpgsqlDataSourceBuilder();
        var login = builder.ConnectionStringBuilder;
        login.Host = address; // not the name: it might lead elsewhere when the driver asks for it
        login.Port = port;
        login.Database = connector["database"];
        login.Username = connector["username"];
        login.Password = connector["password"];
        login.ApplicationName = "workflows";
        login.MaxPoolSize = PoolSize;
        login.Timeout = ConnectSeconds;
        login.ConnectionIdleLifetime = 60;
        login.IncludeErrorDetail = false; // values of rows
        login.PersistSecurityInfo = false;
        login.SslMode = connector["tls"] switch
        {
            "disable" => SslMode.Disable,
            "require" => SslMode.Require,
            _ => SslMode.VerifyFull,
        };
        builder.ConfigureTypeLoading(types => types.EnableTableCompositesLoading()); // array_agg(a_table) is a list, too
        builder.UseSslClientAuthenticationOptionsCallback(tls => tls.TargetHost = host);
        if (!options.AllowPlatformDatabase)
        {
            builder.UsePhysicalConnectionInitializer(_ => throw new NotSupportedException("Connections are opened asynchronously."), _cluster.RefuseOwnAsync);
        }

        return builder.Build();
    }

    private static string Describe(PostgresException exception, SqlBinding binding)
    {
        var message = binding.Restore(exception.MessageText);
        return exception.Position > 0 ? $"{message} (at character {binding.RestorePosition(exception.Position)})" : message;
    }

    /// <inheritdoc/>
    public void Dispose() => _pools.Clear();
}

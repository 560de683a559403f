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
public sealed record SqlCall(string Statement, JsonElement Values, int MaxRows, TimeSpan Timeout, bool IsReadOnly);

/// <summary>What a statement answered.</summary>
/// <param name="Rows">A JSON list of objects.</param>
/// <param name="RowsProcessed">Rows read, or changed.</param>
public sealed record SqlAnswer(byte[] Rows, long RowsProcessed, bool IsTruncated);

/// <summary>What the operator allows to connectors of databases.</summary>
/// <param name="AllowPlatformDatabase">Whether they may reach the database of the platform itself.</param>
public sealed record SqlConnectorOptions(bool AllowPlatformDatabase);

/// <summary>
/// Runs statements on databases of tenants. Guarantees: values are bound, never part of the text; one statement per call, in a transaction of its own, that is
/// rolled back unless it ends well; connections go to addresses the guard has judged, and never to the platform's own database unless the
/// operator allows it, by whichever name it is reached; a small pool per connector, so that no tenant drains its database. Does not guarantee that
/// a statement takes effect once: a call whose answer was lost is made again.
/// </summary>
public sealed class SqlConnector(GuardedNetwork network, SqlConnectorOptions options) : IDisposable
{
    private const int PoolSize = 4;
    private const int ConnectSeconds = 10;

    private readonly IScopedCache<(Guid ConnectorId, int Version, string Address), NpgsqlDataSource> _pools =
        new ConcurrentLruBuilder<(Guid ConnectorId, int Version, string Address), NpgsqlDataSource>()
            .WithCapacity(Limits.SqlPools).AsScopedCache().WithAtomicGetOrAdd().Build();

    /// <summary>Runs one statement.</summary>
    /// <exception cref="ConnectorException">It failed, or the database may not or cannot be reached.</exception>
    public async Task<SqlAnswer> RunAsync(OpenConnector connector, SqlCall call, CancellationToken cancellationToken)
    {
        try
        {
            using var pool = await PoolAsync(connector, cancellationToken);
            await using var connection = await pool.Value.OpenConnectionAsync(cancellationToken);
            return await RunStatementAsync(connection, call.Statement, call, cancellationToken);
        }
        catch (TargetRefusedException exception)
        {
            throw new ConnectorException("SQL_TARGET_REFUSED", exception.Message);
        }
        catch (PostgresException exception)
        {
            throw new ConnectorException($"SQL_{exception.SqlState}", Describe(exception), SqlErrors.IsTransient(exception));
        }
        catch (Exception exception) when (exception is NpgsqlException or SocketException or TimeoutException or IOException)
        {
            throw new ConnectorException("SQL_CONNECTION", exception.InnerException is ConnectorException inner ? inner.Message : exception.Message, isTransient: true);
        }
        catch (Exception exception) when (exception is InvalidCastException or NotSupportedException or InvalidOperationException or FormatException)
        {
            throw new ConnectorException("SQL_INVALID", exception.Message); // what the driver refuses to send
        }
    }

    private const string BoundSql = "select set_config('statement_timeout', $1, true), set_config('transaction_read_only', $2, true)";

    internal static async Task<SqlAnswer> RunStatementAsync(NpgsqlConnection connection, string sql, SqlCall call, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection) { Timeout = (int)Math.Ceiling(call.Timeout.TotalSeconds) + 1 };
        var limit = new NpgsqlBatchCommand(BoundSql);
        limit.Parameters.Add(new NpgsqlParameter<string> { TypedValue = ((long)call.Timeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) });
        limit.Parameters.Add(new NpgsqlParameter<string> { TypedValue = call.IsReadOnly ? "on" : "off" });
        batch.BatchCommands.Add(limit);

        // A command of a batch holds one statement by the driver's and the protocol's rules: nothing can be appended to the author's text.
#pragma warning disable CA2100 // the author's own text, a constant of the definition; values are bound
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        SqlValues.Bind(command.Parameters, call.Values);
        batch.BatchCommands.Add(command);
        SqlAnswer answer;
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            answer = await ReadAsync(reader, call, cancellationToken);
        }

        var changed = (long)command.RecordsAffected;
        await transaction.CommitAsync(cancellationToken);
        return answer with { RowsProcessed = Math.Max(answer.RowsProcessed, changed) };
    }

    // The answer of the limit comes first; then the statement's rows, if it has any.
    private static async Task<SqlAnswer> ReadAsync(NpgsqlDataReader reader, SqlCall call, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);
        using var buffer = new MemoryStream();
        await using var writer = new Utf8JsonWriter(buffer);
        var (count, truncated) = (0L, false);
        writer.WriteStartArray();
        while (reader.FieldCount > 0 && await reader.ReadAsync(cancellationToken))
        {
            if (count == call.MaxRows)
            {
                truncated = true;
                break;
            }

            SqlValues.WriteRow(writer, reader);
            count++;
            if (writer.BytesPending + writer.BytesCommitted > Limits.SqlAnswerBytes)
            {
                throw new ConnectorException("SQL_ANSWER_TOO_LARGE", $"The rows take more than {Limits.SqlAnswerBytes} bytes: select less, or lower maxRows.");
            }
        }

        writer.WriteEndArray();
        await writer.FlushAsync(cancellationToken);
        return new SqlAnswer(buffer.ToArray(), count, truncated);
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
        builder.UseSslClientAuthenticationOptionsCallback(tls => tls.TargetHost = host);
        if (!options.AllowPlatformDatabase)
        {
            builder.UsePhysicalConnectionInitializer(_ => throw new NotSupportedException("Connections are opened asynchronously."), RefusePlatformAsync);
        }

        return builder.Build();
    }

    private const string IsPlatformSql = "select to_regprocedure('public.hold_worker_lease(uuid)') is not null";

    private static async Task RefusePlatformAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(IsPlatformSql, connection);
        if (await command.ExecuteScalarAsync() is true)
        {
            throw new ConnectorException("SQL_TARGET_REFUSED", "This is the database of the platform itself.");
        }
    }

    private static string Describe(PostgresException exception) =>
        exception.Position > 0 ? $"{exception.MessageText} (at character {exception.Position})" : exception.MessageText;

    /// <inheritdoc/>
    public void Dispose() => _pools.Clear();
}

using Npgsql;
using NpgsqlTypes;

namespace Workflows.AiSearch.Storage;

/// <summary>
/// The database with the rights of workflows_search. Everything about a tenant goes through a <see cref="TenantBatch"/>, whose first
/// statement sets the tenant for the transaction that the batch is; without it row-level security yields nothing.
/// </summary>
internal sealed class SearchDatabase(NpgsqlDataSource source)
{
    public NpgsqlDataSource Source => source;

    /// <summary>
    /// Learns the database's types anew. A data source knows those of its first connection, and that may have been
    /// made before the migration that brought pgvector, when this service starts beside the one that migrates.
    /// </summary>
    public async Task LearnTypesAsync(CancellationToken cancellationToken)
    {
        await source.ReloadTypesAsync(cancellationToken);
        source.Clear(); // what is pooled goes by the types it was opened with
    }

    /// <summary>Statements for one tenant in one round trip and one transaction.</summary>
    public TenantBatch BatchFor(Guid tenantId) => new(source.CreateBatch(), tenantId);

    /// <summary>The same on a connection whose transaction is already open.</summary>
    public static TenantBatch BatchFor(Guid tenantId, NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        new(new NpgsqlBatch(connection, transaction), tenantId);
}

/// <summary>A batch that acts for one tenant.</summary>
internal sealed class TenantBatch : IAsyncDisposable
{
    private const string SetTenantSql = "select set_config('app.tenant_id', $1, true)";

    private readonly NpgsqlBatch _batch;

    public TenantBatch(NpgsqlBatch batch, Guid tenantId)
    {
        _batch = batch;
        _batch.BatchCommands.Add(SetTenant(tenantId));
    }

    /// <summary>The first statement of what acts for a tenant; the setting ends with the transaction.</summary>
    public static NpgsqlBatchCommand SetTenant(Guid tenantId) => Command(SetTenantSql, tenantId.ToString());

    /// <summary>Adds a statement, one of the constants; parameters are positional.</summary>
    public void Add(string sql, params ReadOnlySpan<object?> parameters) =>
        _batch.BatchCommands.Add(Command(sql, parameters));

    /// <summary>A statement, one of the constants; parameters are positional.</summary>
    public static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<object?> parameters)
    {
#pragma warning disable CA2100 // the callers pass constants only, see their names
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(ToParameter(parameter));
        }

        return command;
    }

    /// <summary>Runs the batch; the reader stands before the rows of the first statement that was added.</summary>
    public async Task<NpgsqlDataReader> ReadAsync(CancellationToken cancellationToken)
    {
        var reader = await _batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken); // past the tenant
        return reader;
    }

    public Task<int> ExecuteAsync(CancellationToken cancellationToken) => _batch.ExecuteNonQueryAsync(cancellationToken);

    public ValueTask DisposeAsync() => _batch.DisposeAsync();

    /// <summary>A parameter that may be null, and so has to name its type.</summary>
    public static NpgsqlParameter UuidOrNull(Guid? value) =>
        new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid };

    private static NpgsqlParameter ToParameter(object? value) => value switch
    {
        DateTimeOffset instant => new NpgsqlParameter<DateTime> { TypedValue = instant.UtcDateTime },
        Json json => new NpgsqlParameter { Value = json.Text, NpgsqlDbType = NpgsqlDbType.Jsonb },
        NpgsqlParameter parameter => parameter,
        null => throw new ArgumentNullException(nameof(value), "A null needs a typed parameter."),
        _ => new NpgsqlParameter { Value = value },
    };
}

/// <summary>Marks a parameter as JSON.</summary>
internal sealed record Json(string Text);

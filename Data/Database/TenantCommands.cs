using Npgsql;

namespace Workflows.Data.Database;

/// <summary>Single statements under a tenant, with the rights of whichever role the process has.</summary>
internal static class TenantCommands
{
    /// <returns>The first column of the first row; null when there is none.</returns>
    public static async Task<byte[]?> ReadBytesAsync(
        this WorkflowsDatabase database, Guid tenantId, NpgsqlBatchCommand command, CancellationToken cancellationToken) =>
        (await database.ReadAsync(tenantId, command, reader => reader.IsDBNull(0) ? null : reader.GetFieldValue<byte[]>(0), cancellationToken)).FirstOrDefault();

    public static async Task<List<T>> ReadAsync<T>(
        this WorkflowsDatabase database, Guid tenantId, NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await using var batch = database.Source.CreateBatch();
        return await ReadAsync(batch, tenantId, command, row, cancellationToken);
    }

    /// <summary>Rows on the plans of the hot path: by index, whatever the statistics say.</summary>
    public static async Task<List<T>> ReadHotAsync<T>(
        this WorkflowsDatabase database, Guid tenantId, NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> row,
        CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        return await ReadAsync(batch, tenantId, command, row, cancellationToken);
    }

    /// <summary>A column that may be null.</summary>
    public static T? Maybe<T>(this NpgsqlDataReader reader, int column)
        where T : struct => reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);

    /// <inheritdoc cref="Maybe{T}"/>
    public static string? MaybeText(this NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetString(column);

    private static async Task<List<T>> ReadAsync<T>(
        NpgsqlBatch batch, Guid tenantId, NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> row,
        CancellationToken cancellationToken)
    {
        batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
        batch.BatchCommands.Add(command);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    /// <returns>Rows that the statement changed.</returns>
    public static async Task<int> ExecuteAsync(this WorkflowsDatabase database, Guid tenantId, NpgsqlBatchCommand command, CancellationToken cancellationToken)
    {
        await using var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
        batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return (int)command.RecordsAffected;
    }
}
